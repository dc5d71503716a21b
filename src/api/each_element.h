// The elements of a tensor, wherever its strides lead.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "safe_load/tensor.h"

namespace safe_load::api {

// Calls visit(offset in elements) for each element in row-major order, with a counter per
// dimension, until it says false.
template <class Visit>
void for_each_element(const Dims& shape, const Dims& strides, std::uint64_t offset, Visit&& visit) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  std::array<std::int64_t, Dims::kMost> counters{};
  auto at = static_cast<std::int64_t>(offset);
  while (visit(static_cast<std::uint64_t>(at))) {
    std::size_t axis = shape.size();
    while (axis > 0 && ++counters[axis - 1] == shape[axis - 1]) {
      at -= (shape[axis - 1] - 1) * (shape[axis - 1] > 1 ? strides[axis - 1] : 0);
      counters[--axis] = 0;
    }
    if (axis == 0) return;
    at += strides[axis - 1];
  }
}

}  // namespace safe_load::api
