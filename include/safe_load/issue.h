// Issue: what is wrong with a file, where, and what to do. Plain data; owns its text.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "safe_load/export.h"
#include "safe_load/result.h"

namespace safe_load {
inline namespace v0 {

// The error of Checkpoint::open, and the unit of Checkpoint::issues(). Every text is printable:
// bytes from the file are escaped and bounded.
struct Issue {
  ErrorCode code = ErrorCode::kCorrupt;
  std::string message;       // what is wrong
  std::string member;        // container member, "" if the container itself is meant
  std::uint64_t offset = 0;  // byte in that member, or in the file if there is no member
  std::string path;          // object path such as $["model"]["fc.bias"], "" if not known
  std::string hint;          // the next step
  int system_number = 0;     // of kIo: what the operating system said (errno); 0: nothing

  // `member+0x1f3: $["path"]: message; hint` without the parts that are empty.
  SAFE_LOAD_EXPORT std::string text() const;
};

inline std::ostream& operator<<(std::ostream& out, const Issue& issue) {
  return out << issue.text();
}

}  // namespace v0
}  // namespace safe_load
