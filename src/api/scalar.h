// A NumPy scalar as a number.
#pragma once

#include <cstdint>
#include <optional>

#include "safe_load/value.h"

namespace safe_load::api {

// A NumPy scalar of a number type, whatever its byte order; nothing for others.
std::optional<std::int64_t> scalar_as_integer(const ArrayView& scalar);
std::optional<std::uint64_t> scalar_as_unsigned(const ArrayView& scalar);
std::optional<double> scalar_as_double(const ArrayView& scalar);

}  // namespace safe_load::api
