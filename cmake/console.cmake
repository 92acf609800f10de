# SPDX-License-Identifier: Apache-2.0
# The console as constant data inside the program. console/dist is made beforehand (make console, that is
# tools/console-build.sh), so that a C build needs no Node where dist comes ready-made.
#   tc_console_assets  what tocsin carries: dist, or with TC_CONSOLE=OFF the page that says so
#   tc_console_none    that page alone, for the unit tests
option(TC_CONSOLE "put the browser console into the program (needs console/dist)" ON)

# console_library(NAME MODE): MODE dist or none.
function(console_library name mode)
  set(out ${CMAKE_BINARY_DIR}/${name}.c)
  add_custom_target(${name}_c
    COMMAND ${CMAKE_COMMAND} -DMODE=${mode} -DCONSOLE=${CMAKE_SOURCE_DIR}/console -DOUT=${out}
            -P ${CMAKE_SOURCE_DIR}/cmake/console_assets.cmake
    BYPRODUCTS ${out}
    COMMENT "" VERBATIM)
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${out})
  set_source_files_properties(${out} PROPERTIES GENERATED TRUE)
  add_dependencies(${name} ${name}_c)
endfunction()

console_library(tc_console_none none)
if(TC_CONSOLE)
  console_library(tc_console_assets dist)
else()
  add_library(tc_console_assets ALIAS tc_console_none)
endif()
if(TARGET tocsin)
  target_link_libraries(tocsin PRIVATE tc_console_assets)
endif()
