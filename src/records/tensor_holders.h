// TensorHolders: which of some values have a tensor anywhere in them.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "safe_load/value.h"

namespace safe_load::records {

// Walks what the values share once, however often they do. Tensors are told as is_weight() does.
class TensorHolders {
 public:
  TensorHolders(const std::vector<ValueView>& values, bool arrays);

  // REQUIRES: one of the values.
  bool contains(const ValueView& value) const { return holders_.contains(value.id()); }

 private:
  std::unordered_set<std::uint32_t> holders_;
};

}  // namespace safe_load::records
