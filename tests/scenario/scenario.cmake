# SPDX-License-Identifier: Apache-2.0
# The real program on loopback, with real peers; each script says at its head what it proves.
if(TARGET tocsin AND TC_FLAVOUR STREQUAL "plain")
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  add_library(break_disk MODULE ${CMAKE_SOURCE_DIR}/tests/scenario/break_disk.c)
  set_target_properties(break_disk PROPERTIES PREFIX "" COMPILE_OPTIONS "-Wall;-Wextra;-fPIC" LINK_OPTIONS "")
  target_link_libraries(break_disk PRIVATE ${CMAKE_DL_LIBS})

  # scenario(NAME SECONDS ARGUMENTS...)
  function(scenario name seconds)
    add_test(NAME scenario_${name} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/scenario/${name}.py
                                           $<TARGET_FILE:tocsin> ${ARGN})
    set_tests_properties(scenario_${name} PROPERTIES TIMEOUT ${seconds} LABELS scenario)
  endfunction()

  set(verifier ${CMAKE_SOURCE_DIR}/tools/verify_journal.py)
  scenario(kills 200 ${verifier})
  scenario(no_commit 150 $<TARGET_FILE:break_disk> ${verifier})
  scenario(refusals 150)
  scenario(cameras 200)
  if(TARGET gst_rtsp_server)
    scenario(clip_gst 150 $<TARGET_FILE:gst_rtsp_server>)
  endif()
endif()
