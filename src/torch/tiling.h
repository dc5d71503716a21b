// Tiling: whether boxes cover a tensor, each place once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/budget.h"
#include "safe_load/result.h"

namespace safe_load::torch {

// The elements [offsets, offsets + sizes) of a tensor, by dimension.
struct Box {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> sizes;

  bool operator==(const Box&) const = default;
};

// Rules D4 and D5 of docs/format/sets.md: every box lies inside a tensor of these sizes, no two
// overlap, and none of its elements is left out. `work` pays for the comparisons.
Status check_tiling(std::span<const std::int64_t> sizes, std::span<const Box> boxes,
                    base::Budget& work);

}  // namespace safe_load::torch
