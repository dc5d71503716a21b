// The elements of an array as words, as NumPy prints them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "safe_load/dtype.h"

namespace safe_load::report {

// A word for each element of these bytes, all of one width where NumPy pads them: as many digits as
// tell the numbers of this type apart, at most eight behind the point, and exponents where the
// numbers are large, small or far apart. `is_single`: of an array without dimensions. None for
// types that do not hold numbers of their own (quantized, sub-byte). Source: what
// numpy.array2string of NumPy 2.4 does; python/tests/test_show.py holds it against it.
std::vector<std::string> number_words(DType dtype, std::span<const std::byte> bytes,
                                      bool is_single);

}  // namespace safe_load::report
