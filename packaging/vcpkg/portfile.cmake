# Not run.
vcpkg_from_git(OUT_SOURCE_PATH source URL "file://$ENV{SAFE_LOAD_REPOSITORY}" REF REVISION)
vcpkg_cmake_configure(SOURCE_PATH "${source}"
  OPTIONS -DSAFE_LOAD_BUILD_CLI=OFF -DSAFE_LOAD_BUILD_TESTS=OFF -DSAFE_LOAD_BUILD_FUZZERS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME safe_load CONFIG_PATH lib/cmake/safe_load)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
