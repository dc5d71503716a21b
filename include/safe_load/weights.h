// What Checkpoint::state_dict() goes by, for whoever looks for weights in objects of their own, as
// the Python package does.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "safe_load/export.h"

namespace safe_load::inline v0 {

// The keys under which programs keep their weights; of several the first counts.
SAFE_LOAD_EXPORT std::span<const std::string_view> usual_weight_keys();

// What the names of a module may cost together: each its characters and kNameCost more. A few
// modules that share each other have more names than memory has bytes.
inline constexpr std::uint64_t kMostNameCost = std::uint64_t{1} << 26;
inline constexpr std::uint64_t kNameCost = 64;

}  // namespace safe_load::inline v0
