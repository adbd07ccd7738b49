# The three kinds of targets: troupe_library, troupe_executable, troupe_test.

# troupe_library(name SOURCES file... [PUBLIC target...] [PRIVATE target...] [PRECOMPILE header...])
# Makes the static library troupe_<name> with the alias troupe::<name>. PUBLIC is what its headers
# include, PRIVATE what only its sources do. PRECOMPILE names the heavy headers of its sources.
function(troupe_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;PUBLIC;PRIVATE;PRECOMPILE")
  set(target troupe_${name})
  if(NOT arg_SOURCES)
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp" CONTENT "")
    set(arg_SOURCES "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
  endif()
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(troupe::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} CXX_EXTENSIONS OFF)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(${target}
    PUBLIC ${arg_PUBLIC}
    PRIVATE "$<BUILD_INTERFACE:troupe_flags>" ${arg_PRIVATE})
  if(TROUPE_SANITIZE)
    target_link_options(${target} PUBLIC "$<BUILD_INTERFACE:-fsanitize=${TROUPE_SANITIZE}>")
  endif()
  if(TROUPE_PCH AND arg_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${arg_PRECOMPILE})
  endif()
  set_property(GLOBAL APPEND PROPERTY TROUPE_LIBRARIES ${target})
endfunction()

# troupe_executable(name SOURCES file... [LIBS target...]): bin/<name>. Programs that link
# troupe::troupe share its umbrella header, precompiled (node/CMakeLists.txt).
function(troupe_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS")
  if(NOT arg_SOURCES)
    message(STATUS "No sources yet: ${name}")
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_link_libraries(${name} PRIVATE troupe_flags ${arg_LIBS})
  if(TARGET troupe_program_header AND "troupe::troupe" IN_LIST arg_LIBS)
    target_precompile_headers(${name} REUSE_FROM troupe_program_header)
  endif()
endfunction()

# Builds what runs under ThreadSanitizer: the tests labelled concurrent and the programs they start.
add_custom_target(troupe_concurrent_tests)

# troupe_test(name SOURCES file... [LIBS target...] [PROGRAMS target...] [LABELS label...]
#             [TIMEOUT seconds] [SERIAL] [OPTIMIZED])
# Makes bin/tests/<name>, a GoogleTest program, and one ctest entry of the same name: a process for
# each program, not for each case, as starting a process under a sanitizer is slow. PROGRAMS are
# executables that the test starts; SERIAL keeps other tests from running beside it, for tests that
# measure. OPTIMIZED compiles the program as the product is, see tests/CMakeLists.txt. Labels in use:
#   concurrent  has threads of its own or starts nodes; also run under ThreadSanitizer
#   postgres    needs the server named by TROUPE_TEST_POSTGRES; skips itself without
#   system      starts real node processes
#   browser     a page in a browser, see tests/browser
#   fuzz        a fuzz target, see tests/fuzz/CMakeLists.txt
# The program finds in its environment: TROUPE_TEST_BIN, the folder of the executables, and
# TROUPE_TEST_SOURCE, the root of the repository.
function(troupe_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL;OPTIMIZED" "TIMEOUT" "SOURCES;LIBS;PROGRAMS;LABELS")
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES
    CXX_EXTENSIONS OFF
    TROUPE_OPTIMIZED "${arg_OPTIMIZED}"
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/tests")
  target_link_libraries(${name} PRIVATE troupe_test_base ${arg_LIBS})
  if(TROUPE_PCH AND NOT (arg_OPTIMIZED AND TROUPE_OPTIMIZED_APART))
    target_precompile_headers(${name} REUSE_FROM troupe_test_main)
  endif()
  foreach(program IN LISTS arg_PROGRAMS)
    if(TARGET ${program})
      add_dependencies(${name} ${program})
    endif()
  endforeach()
  if("concurrent" IN_LIST arg_LABELS)
    add_dependencies(troupe_concurrent_tests ${name})
  endif()

  add_test(NAME ${name} COMMAND ${name})
  troupe_test_properties(${name} "${arg_TIMEOUT}" "${arg_LABELS}")
  set_tests_properties(${name} PROPERTIES RUN_SERIAL "${arg_SERIAL}")
endfunction()

# troupe_check(name COMMAND command... [TIMEOUT seconds]): a ctest entry that runs a script; 77 says that it
# could not check anything.
function(troupe_check name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND")
  add_test(NAME ${name} COMMAND ${arg_COMMAND})
  troupe_test_properties(${name} "${arg_TIMEOUT}" "check")
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

function(troupe_test_properties name timeout labels)
  if(NOT timeout)
    set(timeout 60)
  endif()
  math(EXPR timeout "${timeout} * ${TROUPE_TEST_TIMEOUT_FACTOR}")
  set(environment
    ${TROUPE_TEST_ENVIRONMENT}
    "TROUPE_TEST_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
    "TROUPE_TEST_SOURCE=${PROJECT_SOURCE_DIR}")
  # On a clean checkout ctest does not know yet how long a test takes: the longest begin first.
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${timeout}
    COST ${timeout}
    LABELS "${labels}"
    ENVIRONMENT "${environment}")
endfunction()

# troupe_migrations(target folder): copies the folder of NNN_name.sql files to
# bin/migrations/<target>, where the program looks for it.
function(troupe_migrations target folder)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.sql")
  set(destination "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/migrations/${target}")
  add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/migrations.stamp"
    COMMAND "${CMAKE_COMMAND}" -E rm -rf "${destination}"
    COMMAND "${CMAKE_COMMAND}" -E copy_directory
      "${CMAKE_CURRENT_SOURCE_DIR}/${folder}" "${destination}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${CMAKE_CURRENT_BINARY_DIR}/migrations.stamp"
    DEPENDS ${files})
  add_custom_target(${target}_migrations ALL DEPENDS "${CMAKE_CURRENT_BINARY_DIR}/migrations.stamp")
  add_dependencies(${target} ${target}_migrations)
endfunction()
