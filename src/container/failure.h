// Failure: why a container cannot be opened, and in which part of it.
#pragma once

#include <string>
#include <utility>

#include "safe_load/issue.h"
#include "safe_load/result.h"

namespace safe_load::container {

struct Failure {
  Error error;          // its offset counts in the member, or in the file if there is none
  std::string member;   // escaped
  std::string message;  // in place of the error's reason, where numbers tell more
  std::string hint;     // the next safe step; "": what the error's code suggests

  Failure(const Error& why, std::string where = "") : error(why), member(std::move(where)) {}
};

template <class T>
using Outcome = Result<T, Failure>;

// An error as a person should see it.
Issue describe(const Error& error, std::string member = "", std::string hint = "");
// With the hint that the code of the error suggests, if it has none.
Issue describe(const Failure& failure);
std::string_view hint_for(ErrorCode code);

}  // namespace safe_load::container
