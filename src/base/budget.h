// Budget: what one input may still cost. Memory and work are both counted this way.
#pragma once

#include <cstdint>

#include "safe_load/result.h"

namespace safe_load::base {

class Budget {
 public:
  Budget(std::uint64_t limit, Reason exhausted) : limit_(limit), exhausted_(exhausted) {}

  Status take(std::uint64_t amount) {
    if (amount > limit_ - used_) return Error(ErrorCode::kLimit, exhausted_);
    used_ += amount;
    return {};
  }

  std::uint64_t used() const { return used_; }
  std::uint64_t left() const { return limit_ - used_; }

 private:
  std::uint64_t limit_;
  std::uint64_t used_ = 0;
  Reason exhausted_;
};

}  // namespace safe_load::base
