# What a build can switch on and off. Inside another project only the libraries are built.

option(TROUPE_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_EXAMPLES "Build the example services" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_BUILD_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_INSTALL "Create the install rules" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_WERROR "Treat warnings in Troupe's own code as errors" ${PROJECT_IS_TOP_LEVEL})
option(TROUPE_PCH "Use precompiled headers" ON)

set(TROUPE_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
set(TROUPE_CAF_ROOT "" CACHE PATH "Install prefix of a CAF other than the system's")

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, ..." FORCE)
  endif()
endif()
