# SPDX-License-Identifier: Apache-2.0
# Capture against GStreamer's RTSP server (Debian: libgstrtspserver-1.0-dev, gstreamer1.0-plugins-{base,good,ugly}).
pkg_check_modules(GST_RTSP IMPORTED_TARGET gstreamer-rtsp-server-1.0)
if(GST_RTSP_FOUND AND NOT TC_FLAVOUR STREQUAL "analyzer")
  add_executable(gst_rtsp_server ${CMAKE_SOURCE_DIR}/tests/scenario/gst_rtsp_server.c)
  target_include_directories(gst_rtsp_server SYSTEM PRIVATE ${GST_RTSP_INCLUDE_DIRS})
  target_link_libraries(gst_rtsp_server PRIVATE PkgConfig::GST_RTSP)
  # Foreign code: the sanitizers look at ours.
  target_compile_options(gst_rtsp_server PRIVATE -fno-sanitize=all)
  target_link_options(gst_rtsp_server PRIVATE -fno-sanitize=all)
  add_executable(capture_gst ${CMAKE_SOURCE_DIR}/tests/scenario/capture_gst.c)
  target_include_directories(capture_gst PRIVATE ${CMAKE_SOURCE_DIR}/tests/lib)
  target_compile_definitions(capture_gst PRIVATE TC_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                 GST_RTSP_SERVER="$<TARGET_FILE:gst_rtsp_server>")
  target_link_libraries(capture_gst PRIVATE tc_capture tc_runtime ${rooms_pure} PkgConfig::CMOCKA)
  add_dependencies(capture_gst gst_rtsp_server)
  add_test(NAME scenario_capture_gst COMMAND capture_gst)
  set_tests_properties(scenario_capture_gst PROPERTIES TIMEOUT 120 LABELS scenario)
else()
  message(STATUS "no gstreamer-rtsp-server-1.0: capture is not tested against it")
endif()
