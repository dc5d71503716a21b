// Words in nested brackets, as NumPy lays out an array.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace safe_load::report {

// One dimension of what is shown: so many items, and after the first `leading` of them three dots,
// if it is not 0.
struct ShownAxis {
  std::size_t items = 0;
  std::size_t leading = 0;
};

// `words`: one for each item of all axes, in row-major order. Lines are wrapped at `width` columns;
// 0: nowhere. Without axes the one word, and [] for an axis without items.
// Source: what numpy.array2string of NumPy 2.4 does.
std::string nested_words(const std::vector<std::string>& words, std::span<const ShownAxis> axes,
                         std::size_t width);

}  // namespace safe_load::report
