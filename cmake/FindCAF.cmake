# FindCAF: the C++ Actor Framework; Debian's package has no CMake files of its own.
#
#   find_package(CAF COMPONENTS core io openssl)  ->  CAF::core CAF::io CAF::openssl, CAF_VERSION
#
# TROUPE_CAF_ROOT, if set, is the only prefix that is searched.

if(NOT CAF_FIND_COMPONENTS)
  set(CAF_FIND_COMPONENTS core io)
endif()

if(TROUPE_CAF_ROOT)
  set(caf_search PATHS "${TROUPE_CAF_ROOT}" NO_DEFAULT_PATH)
else()
  set(caf_search "")
endif()

find_path(CAF_INCLUDE_DIR caf/all.hpp PATH_SUFFIXES include ${caf_search})

set(CAF_VERSION "")
if(EXISTS "${CAF_INCLUDE_DIR}/caf/config.hpp")
  # #define CAF_VERSION 1706: major * 10000 + minor * 100 + patch
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" caf_line REGEX "#define CAF_VERSION [0-9]+")
  if(caf_line MATCHES "CAF_VERSION ([0-9]+)")
    math(EXPR caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR caf_minor "${CMAKE_MATCH_1} / 100 % 100")
    math(EXPR caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION "${caf_major}.${caf_minor}.${caf_patch}")
  endif()
endif()

foreach(component IN LISTS CAF_FIND_COMPONENTS)
  find_library(CAF_${component}_LIBRARY caf_${component} PATH_SUFFIXES lib ${caf_search})
  if(CAF_${component}_LIBRARY)
    set(CAF_${component}_FOUND TRUE)
  endif()
  mark_as_advanced(CAF_${component}_LIBRARY)
endforeach()
mark_as_advanced(CAF_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  HANDLE_COMPONENTS)

if(NOT CAF_FOUND)
  return()
endif()

find_package(Threads REQUIRED)
foreach(component IN LISTS CAF_FIND_COMPONENTS)
  if(CAF_${component}_FOUND AND NOT TARGET CAF::${component})
    add_library(CAF::${component} UNKNOWN IMPORTED)
    set_target_properties(CAF::${component} PROPERTIES
      IMPORTED_LOCATION "${CAF_${component}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
      INTERFACE_LINK_LIBRARIES Threads::Threads)
  endif()
endforeach()
foreach(component io openssl)
  if(TARGET CAF::${component} AND TARGET CAF::core)
    set_property(TARGET CAF::${component} APPEND PROPERTY INTERFACE_LINK_LIBRARIES CAF::core)
  endif()
endforeach()
if(TARGET CAF::openssl AND TARGET CAF::io)
  set_property(TARGET CAF::openssl APPEND PROPERTY INTERFACE_LINK_LIBRARIES CAF::io)
endif()
