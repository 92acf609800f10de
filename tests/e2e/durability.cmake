# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_durability COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/e2e/durability.py
                                       $<TARGET_FILE:tocsin> ${CMAKE_SOURCE_DIR}/tools/verify_journal.py)
  set_tests_properties(e2e_durability PROPERTIES TIMEOUT 120)
endif()
