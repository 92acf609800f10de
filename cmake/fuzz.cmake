# SPDX-License-Identifier: Apache-2.0
# Every fuzz/fz_*.c defines LLVMFuzzerTestOneInput and links the pure rooms. Seeds: tests/golden/<name>/,
# crashes once found: fuzz/regress/<name>/.
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fz_*.c)
foreach(source ${fuzz_targets})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer -Wno-missing-prototypes)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE ${rooms_pure})
endforeach()
