# SPDX-License-Identifier: Apache-2.0
# Every bench/bench_*.c is one program; `make bench` runs them.
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.c)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE tc_sim tc_runtime tc_store ${rooms_pure} PkgConfig::SSL)
endforeach()
# The preload shim that makes syncs slow, beside the programs that use it.
if(TC_FLAVOUR STREQUAL "plain")
  add_library(slow_sync MODULE ${CMAKE_SOURCE_DIR}/bench/slow_sync.c)
  set_target_properties(slow_sync PROPERTIES PREFIX "" COMPILE_OPTIONS "-Wall;-Wextra;-fPIC" LINK_OPTIONS "")
  target_link_libraries(slow_sync PRIVATE ${CMAKE_DL_LIBS})
endif()
