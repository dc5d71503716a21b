// Sink: where bytes go, one behind the other: a file, memory, a connection.
#pragma once

#include <cstddef>
#include <span>

#include "safe_load/export.h"
#include "safe_load/result.h"

namespace safe_load {
inline namespace v0 {

class SAFE_LOAD_EXPORT Sink {
 public:
  virtual ~Sink() = default;

  // Takes all bytes, or says why not; then it takes no more.
  virtual Status write(std::span<const std::byte> bytes) = 0;
};

}  // namespace v0
}  // namespace safe_load
