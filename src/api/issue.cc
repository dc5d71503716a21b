#include "safe_load/issue.h"

#include <cstdio>

namespace safe_load {
inline namespace v0 {

std::string Issue::text() const {
  std::string out;
  if (!member.empty()) {
    char place[24];
    std::snprintf(place, sizeof place, "+0x%llx", static_cast<unsigned long long>(offset));
    out += member + place + ": ";
  } else if (offset != 0) {
    out += "byte " + std::to_string(offset) + ": ";
  }
  if (!path.empty()) out += path + ": ";
  out += message;
  if (!hint.empty()) out += "; " + hint;
  return out;
}

}  // namespace v0
}  // namespace safe_load
