# SPDX-License-Identifier: Apache-2.0
# Every tests/unit/test_*.c is one program and one CTest test.
package(CMOCKA cmocka)
file(GLOB unit_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/test_*.c)
foreach(source ${unit_tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/lib)
  target_compile_definitions(${name} PRIVATE TC_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE tc_cli ${rooms_process} tc_sim tc_runtime tc_store ${rooms_pure}
                                        tc_console_none PkgConfig::CMOCKA PkgConfig::JANSSON)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endforeach()
# Tests that need the whole program: each tests/<kind>/*.cmake adds its own with add_test.
file(GLOB more_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/*.cmake)
foreach(file ${more_tests})
  include(${file})
endforeach()
