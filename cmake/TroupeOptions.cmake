# What a build can switch on and off. Inside another project only the libraries are built.

option(TROUPE_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_EXAMPLES "Build the example services" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_INSTALL "Create the install rules" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_WERROR "Treat warnings in Troupe's own code as errors" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_PCH "Use precompiled headers" ON)

# A unity build compiles up to sixteen sources of a target as one, so that the templates of CAF,
# Asio and JSON that each of them needs are compiled once for all: a third less of compiling for a
# library, but any change compiles sixteen files, and a missing #include goes unnoticed. Hence
# only where all is built from nothing: scripts/test has ALL targets built so under the
# sanitizers, and the TESTS in release, where each source of the product still stands on its own.
# In a target, names in anonymous namespaces must differ. CMake leaves out sources with options of
# their own, as the fuzzed ones have.
set(TROUPE_UNITY OFF CACHE STRING "Compile several sources as one: OFF, TESTS or ALL")
set_property(CACHE TROUPE_UNITY PROPERTY STRINGS OFF TESTS ALL)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)
if(TROUPE_UNITY STREQUAL "ALL")
  set(CMAKE_UNITY_BUILD ON)
endif()

set(TROUPE_PROFILE "" CACHE STRING "Optimize for a profile: its file, or generate to have programs write one")
set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
set(TROUPE_CAF_ROOT "" CACHE PATH "Install prefix of a CAF other than the system's")

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, ..." FORCE)
  endif()
endif()
