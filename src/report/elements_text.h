// The elements of tensors and arrays as text.
#pragma once

#include <string>
#include <string_view>

#include "safe_load/report.h"

namespace safe_load::report {

// A part of the elements (see parse_slices) as NumPy prints them, without a line feed at the end.
// kMismatch for types that hold no numbers of their own.
Result<std::string> elements_text(const TensorView& tensor, std::string_view part,
                                  const TextOptions& options);
Result<std::string> elements_text(const ArrayView& array, std::string_view part,
                                  const TextOptions& options);

}  // namespace safe_load::report
