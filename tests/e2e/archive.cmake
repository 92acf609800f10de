# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_archive COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/e2e/archive.py $<TARGET_FILE:tocsin>)
  set_tests_properties(e2e_archive PROPERTIES TIMEOUT 120)
endif()
