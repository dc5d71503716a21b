// What stands one level below the root of a checkpoint.
#pragma once

#include <string>
#include <vector>

#include "safe_load/result.h"
#include "safe_load/value.h"

namespace safe_load::records {

struct Part {
  std::string key;
  ValueView value;
  bool is_beside = false;  // as is_beside_weights() tells by the key
};

// Items or elements, then attributes under names that no item has.
std::vector<Part> parts_of(const ValueView& root);

// kLimit if it takes more than kMostPartCost to look at what lies in the parts: they can share it,
// so that it is there once and looked at for each.
Status check_cost(const std::vector<Part>& parts);

}  // namespace safe_load::records
