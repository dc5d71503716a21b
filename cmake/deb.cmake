# Debian packages: `cpack -G DEB` in a build that script/deb configures. safe-load is the program, libsafe-load-dev the
# library for C++, python3-safe-load the Python package, for the Python of the system.
find_package(Python 3.10 REQUIRED COMPONENTS Interpreter)
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program development python)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_NAME safe-load)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(about "A checkpoint of PyTorch is a program. safe_load reads its bytes itself:\ntensors, values of NumPy and of the standard library are rebuilt, and\neverything else becomes a record; nothing that a file names is called.")

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME safe-load)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION utils)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "look into PyTorch checkpoints and scan them, without running them\n${about}\n\nThis is the command safe-load.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsafe-load-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libdeflate-dev, zlib1g-dev, libmd-dev, libbz2-dev, liblzma-dev, libzstd-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "C++ library that reads PyTorch checkpoints without running them\n${about}\n\nThese are the headers and the static library.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-safe-load)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "python3 (>= ${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}), python3 (<< ${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}.99)")
set(CPACK_DEBIAN_PYTHON_PACKAGE_SUGGESTS "python3-numpy, python3-torch, safe-load")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "Python module that opens PyTorch checkpoints without running them\n${about}\n\nThis is the package for Python 3.")

# What Debian wants to find of each package.
foreach(pair program:safe-load development:libsafe-load-dev python:python3-safe-load)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/copyright DESTINATION share/doc/${package} COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION share/doc/${package} RENAME changelog.Debian.gz COMPONENT ${component})
endforeach()
install(CODE "execute_process(COMMAND gzip -9nf \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share/man/man1/safe-load.1 COMMAND_ERROR_IS_FATAL ANY)"
  COMPONENT program)
include(CPack)
