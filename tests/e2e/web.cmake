# SPDX-License-Identifier: Apache-2.0
if(TARGET tocsin)
  add_test(NAME e2e_web COMMAND python3 ${CMAKE_SOURCE_DIR}/tests/e2e/web.py $<TARGET_FILE:tocsin>
                                $<$<STREQUAL:${TC_FLAVOUR},tsan>:unmeasured>)
  # It measures web's memory: the address sanitizer must not keep what was freed.
  set_tests_properties(e2e_web PROPERTIES TIMEOUT 150
    ENVIRONMENT "ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64")
endif()
