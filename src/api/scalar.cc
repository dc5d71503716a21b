#include "api/scalar.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "base/bytes.h"
#include "data/elements.h"
#include "data/numpy_type.h"

namespace safe_load::api {
namespace {

// The number that a scalar holds, in the byte order of this machine.
struct Number {
  DType dtype;
  std::array<std::byte, 8> bytes{};
};

std::optional<Number> number_in(const ArrayView& scalar) {
  const auto type = data::numpy_type(scalar.dtype());
  if (!type || info(type->dtype).is_complex) return std::nullopt;
  Number number{type->dtype};
  const auto bytes = scalar.bytes();
  std::ranges::copy(bytes, number.bytes.begin());
  if (type->is_big_endian != (std::endian::native == std::endian::big))
    base::reverse_units(std::span(number.bytes).first(bytes.size()), bytes.size());
  return number;
}

}  // namespace

std::optional<std::int64_t> scalar_as_integer(const ArrayView& scalar) {
  const auto number = number_in(scalar);
  if (!number || !data::widens(number->dtype, DType::kInt64)) return std::nullopt;
  std::array<std::byte, 8> wide;
  data::widen(number->dtype, number->bytes.data(), DType::kInt64, wide.data());
  return std::bit_cast<std::int64_t>(wide);
}

std::optional<std::uint64_t> scalar_as_unsigned(const ArrayView& scalar) {
  const auto number = number_in(scalar);
  if (!number || !data::widens(number->dtype, DType::kUint64)) return std::nullopt;
  std::array<std::byte, 8> wide;
  data::widen(number->dtype, number->bytes.data(), DType::kUint64, wide.data());
  return std::bit_cast<std::uint64_t>(wide);
}

std::optional<double> scalar_as_double(const ArrayView& scalar) {
  const auto number = number_in(scalar);
  if (!number || !info(number->dtype).is_floating) return std::nullopt;
  return data::element_reader(number->dtype)(number->bytes.data());
}

}  // namespace safe_load::api
