# Shipped with the installed package too: a program that links Troupe compiles coroutines as well.

# Stops with one line when the compiler is too old or destroys coroutine temporaries twice.
function(troupe_check_compiler)
  set(version "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  set(advice "use Clang 19 (CXX=clang++-19; Debian: apt install clang-19) or GCC 14")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 destroys an aggregate temporary inside a co_await expression twice.
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
      message(FATAL_ERROR " Troupe: ${version} miscompiles coroutines (double free): ${advice}")
    endif()
  elseif(CMAKE_CXX_COMPILER_ID MATCHES "^(Apple)?Clang$")
    if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
      message(FATAL_ERROR " Troupe: ${version} is older than Clang 16: ${advice}")
    endif()
  else()
    message(WARNING " Troupe: ${version} is untested: ${advice}")
  endif()
endfunction()
