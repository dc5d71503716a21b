// What the number of the operating system in an Error means.
#pragma once

#include <cerrno>

#include "safe_load/result.h"

namespace safe_load::base {

inline bool is_missing(const Error& error) { return error.system_number() == ENOENT; }

inline bool has_no_descriptors(const Error& error) {
  return error.system_number() == EMFILE || error.system_number() == ENFILE;
}

}  // namespace safe_load::base
