// NumPy's names of number types.
#pragma once

#include <optional>
#include <string_view>

#include "safe_load/dtype.h"

namespace safe_load::data {

struct NumpyType {
  DType dtype;
  bool is_big_endian;
};

// Of "<f4"; none for texts, times, structures and what torch does not have.
std::optional<NumpyType> numpy_type(std::string_view text);

}  // namespace safe_load::data
