# SPDX-License-Identifier: Apache-2.0
# The console's tests: its types and pure parts, every screen against its development server, and the whole
# way against the real program. With TC_CONSOLE=OFF there is no console to test.
if(TC_CONSOLE AND TC_FLAVOUR STREQUAL "plain")
  add_test(NAME console_unit COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh unit)
  add_test(NAME console_mock COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh mock)
  set_tests_properties(console_unit PROPERTIES TIMEOUT 180)
  set_tests_properties(console_mock PROPERTIES TIMEOUT 400)
endif()
if(TC_CONSOLE AND TC_FLAVOUR STREQUAL "plain" AND TARGET tocsin)
  add_test(NAME console_e2e COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh demo $<TARGET_FILE:tocsin>)
  set_tests_properties(console_e2e PROPERTIES TIMEOUT 300)
endif()
