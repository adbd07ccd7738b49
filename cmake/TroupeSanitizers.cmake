# TROUPE_SANITIZE=address,undefined or thread. The flags go to our own targets and to whoever links
# them inside this build. TROUPE_TEST_ENVIRONMENT and TROUPE_TEST_TIMEOUT_FACTOR are for ctest.

set(TROUPE_TEST_ENVIRONMENT "")
set(TROUPE_TEST_TIMEOUT_FACTOR 1)

if(NOT TROUPE_SANITIZE)
  return()
endif()

set(TROUPE_SANITIZER_FLAGS
  "-fsanitize=${TROUPE_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND TROUPE_SANITIZER_FLAGS
    "-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignore.txt")
endif()
target_compile_options(troupe_flags INTERFACE ${TROUPE_SANITIZER_FLAGS})
target_link_options(troupe_flags INTERFACE "-fsanitize=${TROUPE_SANITIZE}")

# Without a symbolizer a report shows addresses only. Clang's own stands beside the compiler.
cmake_path(GET CMAKE_CXX_COMPILER PARENT_PATH compiler_dir)
file(REAL_PATH "${CMAKE_CXX_COMPILER}" compiler_real)
cmake_path(GET compiler_real PARENT_PATH compiler_real_dir)
find_program(TROUPE_SYMBOLIZER llvm-symbolizer llvm-symbolizer-19
  HINTS "${compiler_real_dir}" "${compiler_dir}")
mark_as_advanced(TROUPE_SYMBOLIZER)
set(symbolizer "")
if(TROUPE_SYMBOLIZER)
  set(symbolizer ":external_symbolizer_path=${TROUPE_SYMBOLIZER}")
endif()

if(TROUPE_SANITIZE MATCHES "thread")
  set(TROUPE_TEST_TIMEOUT_FACTOR 4)
  list(APPEND TROUPE_TEST_ENVIRONMENT
    "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/tsan-suppressions.txt:second_deadlock_stack=1${symbolizer}")

  # CAF's mailboxes synchronise inside its library: TSan sees that only in a CAF built under TSan.
  if(NOT TROUPE_CAF_ROOT)
    execute_process(
      COMMAND "${PROJECT_SOURCE_DIR}/scripts/build-caf-tsan" --where
      OUTPUT_VARIABLE caf_root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
      RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR " Troupe: no CAF built under TSan found: run scripts/build-caf-tsan first")
    endif()
    set(TROUPE_CAF_ROOT "${caf_root}" CACHE PATH "" FORCE)
  endif()
else()
  set(TROUPE_TEST_TIMEOUT_FACTOR 3)
  list(APPEND TROUPE_TEST_ENVIRONMENT
    "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1${symbolizer}"
    "UBSAN_OPTIONS=print_stacktrace=1${symbolizer}")
endif()
