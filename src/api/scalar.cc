#include "api/scalar.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "data/elements.h"

namespace safe_load::api {
namespace {

struct NumberType {
  std::string_view text;
  DType dtype;
};

constexpr NumberType kNumberTypes[] = {
    {"b1", DType::kBool},    {"i1", DType::kInt8},    {"i2", DType::kInt16},
    {"i4", DType::kInt32},   {"i8", DType::kInt64},   {"u1", DType::kUint8},
    {"u2", DType::kUint16},  {"u4", DType::kUint32},  {"u8", DType::kUint64},
    {"f2", DType::kFloat16}, {"f4", DType::kFloat32}, {"f8", DType::kFloat64},
};

// The number that a scalar holds, in the byte order of this machine.
struct Number {
  DType dtype;
  std::array<std::byte, 8> bytes{};
};

std::optional<Number> number_in(const ArrayView& scalar) {
  const std::string text = scalar.dtype();
  for (const NumberType& row : kNumberTypes) {
    if (std::string_view(text).substr(1) != row.text) continue;
    Number number{row.dtype};
    const auto bytes = scalar.bytes();
    std::copy(bytes.begin(), bytes.end(), number.bytes.begin());
    const bool foreign = text[0] == (std::endian::native == std::endian::little ? '>' : '<');
    if (foreign)
      std::reverse(number.bytes.begin(),
                   number.bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size()));
    return number;
  }
  return std::nullopt;
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
