# SPDX-License-Identifier: Apache-2.0
# Rules of the tree; see tests/tidy/tidy.py. One test per rule, so that the summary names what is untidy.
if(TC_FLAVOUR STREQUAL "plain")
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  add_test(NAME test_tidy_itself COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/tidy/test_tidy.py)
  foreach(rule includes function-length file-length line-length banned-calls spdx todo header-comments links)
    add_test(NAME test_tidy_${rule} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/tidy/tidy.py ${rule})
  endforeach()
  add_test(NAME test_tidy_doc_examples
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/tidy/doc_examples.py $<TARGET_FILE:tocsin>)
  foreach(page messages api)
    add_test(NAME test_tidy_${page}_page
      COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tools/${page}_page.py --check)
  endforeach()
endif()
