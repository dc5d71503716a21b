// SAFE_LOAD_EXPORT: what the shared library shows. Everything that is declared here lives in the
// inline namespace v0, so that programs built for another version do not link by mistake.
#pragma once

#ifdef SAFE_LOAD_SHARED  // set by the targets of CMake and pkg-config where they mean a shared
                         // library
#define SAFE_LOAD_EXPORT [[gnu::visibility("default")]]
#else
#define SAFE_LOAD_EXPORT
#endif
