#include "safe_load/issue.h"

#include <cstdio>

#include "api/state.h"
#include "base/text.h"

namespace safe_load {

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

namespace api {

Issue describe(const Error& error, std::string member, std::string hint) {
  Issue issue;
  issue.code = error.code();
  issue.message = error.reason();
  if (!error.subject().empty()) issue.message += ": " + base::escaped(error.subject());
  issue.member = std::move(member);
  issue.offset = error.offset();
  issue.hint = std::move(hint);
  issue.system_number = error.system_number();
  return issue;
}

}  // namespace api
}  // namespace safe_load
