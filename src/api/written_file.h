// A file that is to be written: whatever its format, its bytes come one behind the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/state.h"
#include "safe_load/sink.h"
#include "safe_load/write.h"

namespace safe_load {

namespace api {

// Told how many bytes were written since it was asked last; false ends the work (kStopped).
using Took = std::function<bool(std::uint64_t)>;

inline Status stopped() { return Error(ErrorCode::kStopped, "stopped"); }

class WrittenFile {
 public:
  virtual ~WrittenFile() = default;
  virtual std::uint64_t byte_count() const = 0;
  virtual Status write(Sink& sink, const Took& took) const = 0;
};

}  // namespace api

inline namespace v0 {

struct Plan::Parts {
  const api::State* state = nullptr;
  std::unique_ptr<api::WrittenFile> file;
  std::size_t tensor_count = 0;
  std::uint64_t tensor_bytes = 0;
  std::vector<std::pair<std::string, std::string>> aliases = {};
  std::size_t left_out_count = 0;
  std::uint64_t left_out_bytes = 0;
  std::vector<Change> changes = {};
};

}  // namespace v0
}  // namespace safe_load
