# SPDX-License-Identifier: Apache-2.0
# Every fuzz target for a few seconds. They are built by clang in a tree of their own (make fuzz-build); a target
# that is not built there fails its test.
set(TC_FUZZ_BUILD ${CMAKE_SOURCE_DIR}/build-fuzz CACHE PATH "where the fuzz targets are built")
set(TC_FUZZ_SECONDS 4 CACHE STRING "seconds for each fuzz target in a test run")
if(TC_FLAVOUR STREQUAL "plain")
  file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fz_*.c)
  foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tools/fuzz.sh ${TC_FUZZ_BUILD} ${name} ${TC_FUZZ_SECONDS})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS fuzz)
  endforeach()
endif()
