# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_dc09 COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/e2e/dc09.py $<TARGET_FILE:tocsin>)
  set_tests_properties(e2e_dc09 PROPERTIES TIMEOUT 90)
endif()
