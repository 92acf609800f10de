# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_web COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/e2e/web.py $<TARGET_FILE:tocsin>)
  set_tests_properties(e2e_web PROPERTIES TIMEOUT 150)
endif()
