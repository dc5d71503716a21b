// TensorHolders: which of some values have a tensor anywhere in them.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "safe_load/value.h"

namespace safe_load::records {

// Walks what the values share once, however often they do, and passes by state of the training.
// Tensors are told as is_weight() does.
class TensorHolders {
 public:
  enum class Of : std::uint8_t { kAnyTensor, kMoreThanNumbers };  // is_number()
  TensorHolders(const std::vector<ValueView>& values, bool arrays, Of wanted = Of::kAnyTensor);

  // REQUIRES: one of the values.
  bool contains(const ValueView& value) const { return holders_.contains(value.id()); }

 private:
  std::unordered_set<std::uint32_t> holders_;
};

}  // namespace safe_load::records
