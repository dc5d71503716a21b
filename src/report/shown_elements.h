// The part of a tensor or array that somebody wants to see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "report/nested_words.h"
#include "safe_load/result.h"
#include "safe_load/tensor.h"

namespace safe_load::report {

// One dimension of a part: `count` places from `begin` on.
struct Slice {
  std::int64_t begin = 0;
  std::int64_t count = 0;
  std::int64_t step = 1;
  bool is_index = false;  // one place, whose dimension goes
};

// What Python would take: "0:3, :2", "-1", "::2, ...". Missing dimensions are whole; "" is all.
// Places and ends beyond the shape are as in Python, but an index there is an error.
Result<std::vector<Slice>> parse_slices(std::string_view text, const Dims& shape);

struct ShownElements {
  std::vector<std::uint64_t> places;  // in row-major order of the whole
  std::vector<ShownAxis> axes;
};

// The places of a part: all of them, or, of more than a thousand, three at each end of each
// dimension, as NumPy shows them. kLimit for more than kMostShown.
inline constexpr std::uint64_t kMostShown = 1'000'000;
Result<ShownElements> choose_elements(const Dims& shape, const std::vector<Slice>& part,
                                      bool is_all);

}  // namespace safe_load::report
