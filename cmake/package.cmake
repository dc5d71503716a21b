# Installs the library, its headers, a package for find_package(safe_load CONFIG) and one for pkg-config.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/safe_load)
install(TARGETS safe_load EXPORT safe_load-targets COMPONENT development FILE_SET HEADERS COMPONENT development)
install(EXPORT safe_load-targets NAMESPACE safe_load:: DESTINATION ${package_dir} COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/safe_load-config.cmake.in
  ${CMAKE_CURRENT_BINARY_DIR}/safe_load-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/safe_load-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/safe_load-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/safe_load-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Findlibdeflate.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Findlibmd.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Findzstd.cmake
  DESTINATION ${package_dir} COMPONENT development)

# Whoever links a static library links what it needs, too.
set(private "")
if(BUILD_SHARED_LIBS)
  set(private ".private")
  set(definitions "-DSAFE_LOAD_SHARED")
endif()
foreach(package ${optional_packages})
  if(package STREQUAL BZip2)
    set(libs${private} -lbz2)  # which has no package for pkg-config everywhere
  else()
    string(REPLACE zstd libzstd name ${package})
    string(TOLOWER " ${name}" name)
    string(APPEND optional_requires ${name})
  endif()
endforeach()
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_here /${pkgconfig_dir} /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/safe_load.pc.in ${CMAKE_CURRENT_BINARY_DIR}/safe_load.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/safe_load.pc DESTINATION ${pkgconfig_dir} COMPONENT development)
