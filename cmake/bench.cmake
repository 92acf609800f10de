# SPDX-License-Identifier: Apache-2.0
# Every bench/bench_*.c is one program; `make bench` runs them.
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/bench_*.c)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE tc_sim tc_runtime tc_store ${rooms_pure})
endforeach()
