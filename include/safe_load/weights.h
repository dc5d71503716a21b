// What Checkpoint::state_dict() goes by, for whoever looks for weights in objects of their own, as
// the Python package does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// The keys under which programs keep their weights; of several the first counts.
SAFE_LOAD_EXPORT std::span<const std::string_view> usual_weight_keys();

// The first so many of them say that here is the model, whatever stands beside it. The others name
// a part, and count only where all dicts of tensors are under such keys.
inline constexpr std::size_t kSureWeightKeys = 12;

// A key with one of these in it leads to state of the training, not to weights.
SAFE_LOAD_EXPORT std::span<const std::string_view> training_words();

// What is put before the names of the weights of a module by what wraps it.
struct NamePrefix {
  std::string_view text;
  bool is_anywhere;  // the wrapper may stand around any part of the module
};
SAFE_LOAD_EXPORT std::span<const NamePrefix> usual_prefixes();

// What the names of a module may cost together: each its characters and kNameCost more. A few
// modules that share each other have more names than memory has bytes.
inline constexpr std::uint64_t kMostNameCost = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kNameCost = 64;

// Places that are looked at in the parts of a checkpoint to tell which of them are weights. Many
// records that share one state are few bytes.
inline constexpr std::uint64_t kMostPartCost = std::uint64_t{1} << 24;

}  // namespace v0
}  // namespace safe_load
