// Where the weights of a checkpoint are. python/safe_load/_find_weights.py answers the same.
#pragma once

#include <span>
#include <string_view>

#include "safe_load/checkpoint.h"

namespace safe_load::records {

// A module, or a dict with tensors or, if `arrays`, with arrays.
struct FoundWeights {
  ValueView holder;
  bool arrays = false;
};

// Those that can be meant, whatever they are called; see Checkpoint::state_dict().
Result<FoundWeights> find_weights(const ValueView& root);

// Those to which the first of the keys that is there leads.
Result<FoundWeights> find_weights(const Checkpoint& checkpoint,
                                  std::span<const std::string_view> keys);

}  // namespace safe_load::records
