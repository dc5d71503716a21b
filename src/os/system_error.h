// The last error of the operating system as an Error.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "safe_load/result.h"

namespace safe_load::os {

inline Error system_error(Reason reason, std::uint64_t offset = 0) {
  const int number = errno;
  return Error(ErrorCode::kIo, reason, offset).about(std::strerror(number)).from_system(number);
}

}  // namespace safe_load::os
