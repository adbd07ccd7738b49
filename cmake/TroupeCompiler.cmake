# Refuses compilers that cannot build Troupe, then collects every compile flag of our own code in
# one INTERFACE target, troupe_flags. Nothing of it reaches those who link Troupe.

include(TroupeCompilerCheck)
troupe_check_compiler()

add_library(troupe_flags INTERFACE)

target_compile_options(troupe_flags INTERFACE
  -Wall
  -Wextra
  -Wpedantic
  -Wcast-align
  -Wextra-semi
  -Wimplicit-fallthrough
  -Woverloaded-virtual
  -Wswitch
  -Wunused)

# GCC's notion of these two is wider: a parameter named as a member function, a protected destructor
# with a friend.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(troupe_flags INTERFACE -Wshadow=local)
else()
  target_compile_options(troupe_flags INTERFACE -Wnon-virtual-dtor -Wshadow)
endif()

if(TROUPE_WERROR)
  target_compile_options(troupe_flags INTERFACE -Werror)
endif()

# What is not in the profile, because it has changed since or was never run, is compiled as without one. The preset
# release has the profile beside this file, which Clang 19 wrote: older ones cannot read it.
if(TROUPE_PROFILE STREQUAL "generate")
  target_compile_options(troupe_flags INTERFACE -fprofile-generate -fprofile-update=atomic)
  target_link_options(troupe_flags INTERFACE -fprofile-generate)
elseif(TROUPE_PROFILE)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19 OR NOT EXISTS "${TROUPE_PROFILE}")
    message(FATAL_ERROR "TROUPE_PROFILE=${TROUPE_PROFILE}: expected generate, nothing, or a profile of Clang's and Clang 19 or later "
      "(found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}); scripts/build-pgo makes one")
  endif()
  # By its contents, so that another profile compiles all anew.
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${TROUPE_PROFILE}")
  file(SHA256 "${TROUPE_PROFILE}" TROUPE_PROFILE_IS)
  target_compile_definitions(troupe_flags INTERFACE "TROUPE_PROFILE_IS=\"${TROUPE_PROFILE_IS}\"")
  target_compile_options(troupe_flags INTERFACE "-fprofile-use=${TROUPE_PROFILE}" -Wno-profile-instr-unprofiled
    -Wno-profile-instr-out-of-date -Wno-backend-plugin)
endif()

# lld links the larger executables several times faster than the default linker.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  include(CheckLinkerFlag)
  check_linker_flag(CXX -fuse-ld=lld TROUPE_HAS_LLD)
  if(TROUPE_HAS_LLD)
    target_link_options(troupe_flags INTERFACE -fuse-ld=lld)
  endif()
endif()

# ccache only accepts a precompiled header when told that its time stamp and macros may differ, and
# does not know by itself that the sanitizers' ignore list is an input.
find_program(TROUPE_CCACHE ccache)
mark_as_advanced(TROUPE_CCACHE)
if(TROUPE_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros
    "CCACHE_EXTRAFILES=${PROJECT_SOURCE_DIR}/cmake/sanitizer-ignore.txt"
    "${TROUPE_CCACHE}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(troupe_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
