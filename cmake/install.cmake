# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, under the prefix.
include(GNUInstallDirs)
if(TARGET tocsin)
  set(TC_BIN_DIR ${CMAKE_INSTALL_FULL_BINDIR})
  configure_file(${CMAKE_SOURCE_DIR}/packaging/tocsin.service.in ${CMAKE_BINARY_DIR}/tocsin.service @ONLY)
  install(TARGETS tocsin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_BINARY_DIR}/tocsin.service DESTINATION lib/systemd/system)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY docs/reference DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()
