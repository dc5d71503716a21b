# Toolchain file: zig's clang, libc++ and C libraries, for the target of the environment variable ZIG_TARGET, such as
# x86_64-linux-gnu.2.17 or aarch64-linux-musl. ZIG_TOOLS is a folder with the wrappers that script/wheels writes.
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR $ENV{ZIG_TARGET})
foreach(language C CXX)
  set(CMAKE_${language}_COMPILER $ENV{ZIG_TOOLS}/${language})
endforeach()
set(CMAKE_AR $ENV{ZIG_TOOLS}/ar)
set(CMAKE_RANLIB $ENV{ZIG_TOOLS}/ranlib)
# What the machine itself has installed is for another C library.
set(CMAKE_FIND_ROOT_PATH $ENV{ZIG_PREFIX})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
