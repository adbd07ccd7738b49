# Install rules: libraries, public headers and a CMake package, for find_package(Troupe).

include(CMakePackageConfigHelpers)

get_property(troupe_libraries GLOBAL PROPERTY TROUPE_LIBRARIES)
install(TARGETS ${troupe_libraries} troupe_asio
  EXPORT TroupeTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

# Which headers are public, and the spelling of their includes, is decided at install time.
install(CODE "
  set(TROUPE_SOURCE_DIR \"${PROJECT_SOURCE_DIR}\")
  set(TROUPE_HEADER_DESTINATION \"${CMAKE_INSTALL_INCLUDEDIR}/troupe\")
  include(\"${PROJECT_SOURCE_DIR}/cmake/install_headers.cmake\")")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Troupe")
install(EXPORT TroupeTargets NAMESPACE troupe:: DESTINATION "${package_dir}")
configure_package_config_file(cmake/TroupeConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/TroupeConfig.cmake"
  INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/TroupeConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/TroupeConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/TroupeConfigVersion.cmake"
  cmake/FindCAF.cmake
  cmake/FindPQXX.cmake
  cmake/TroupeCompilerCheck.cmake
  DESTINATION "${package_dir}")
