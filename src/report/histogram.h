// How the elements of a tensor are spread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "safe_load/tensor.h"

namespace safe_load::report {

struct Histogram {
  static constexpr std::size_t kBins = 48;
  double minimum = 0;
  double maximum = 0;
  std::array<std::uint64_t, kBins> counts = {};  // of equal widths from minimum to maximum
  std::uint64_t elements = 0;                    // that were looked at and are finite
  bool is_sample = false;                        // of a large tensor only some, at even distances
};

// None for types without numbers of one part, for tensors without data, and where no element is
// finite.
std::optional<Histogram> histogram(const TensorView& tensor);

}  // namespace safe_load::report
