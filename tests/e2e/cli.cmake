# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_cli COMMAND bash ${CMAKE_SOURCE_DIR}/tests/e2e/cli.sh $<TARGET_FILE:tocsin>)
  set_tests_properties(e2e_cli PROPERTIES TIMEOUT 60)
endif()
if(TARGET tocsin)
  add_test(NAME e2e_verbs COMMAND bash ${CMAKE_SOURCE_DIR}/tests/e2e/verbs.sh $<TARGET_FILE:tocsin>)
  set_tests_properties(e2e_verbs PROPERTIES TIMEOUT 120)
endif()
