# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where, under the prefix. The unit file names the paths, so it is written then.
include(GNUInstallDirs)
if(TARGET tocsin)
  install(CODE "
    set(TC_BIN_DIR \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
    set(TC_DOC_DIR \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR})
    configure_file(${CMAKE_SOURCE_DIR}/packaging/tocsin.service.in ${CMAKE_BINARY_DIR}/tocsin.service @ONLY)")
  install(TARGETS tocsin RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_BINARY_DIR}/tocsin.service DESTINATION lib/systemd/system)
  install(FILES LICENSE README.md CHANGELOG.md SECURITY.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(DIRECTORY docs/guide docs/reference DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)
  install(FILES docs/man/tocsin.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
