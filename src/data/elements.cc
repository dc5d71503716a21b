#include "data/elements.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bytes.h"

namespace safe_load::data {
namespace {

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(T value, std::byte* to) {
  std::memcpy(to, &value, sizeof value);
}

// IEEE 754 binary formats with fewer bits: sign, exponent, fraction.
template <int kExponentBits, int kFractionBits>
double small_float(std::uint32_t bits) {
  constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  const std::uint32_t fraction = bits & ((1u << kFractionBits) - 1);
  const std::uint32_t exponent = bits >> kFractionBits & ((1u << kExponentBits) - 1);
  const double sign = (bits >> (kExponentBits + kFractionBits) & 1) != 0 ? -1.0 : 1.0;
  if (exponent == (1u << kExponentBits) - 1)
    return sign * (fraction == 0 ? std::numeric_limits<double>::infinity()
                                 : std::numeric_limits<double>::quiet_NaN());
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - kBias - kFractionBits);
  return sign * std::ldexp(fraction + (1u << kFractionBits),
                           static_cast<int>(exponent) - kBias - kFractionBits);
}

// Formats without infinities. "fn": only all ones is NaN. "fnuz": only minus zero is NaN, and the
// bias is one more. Source: the OCP 8-bit floating point specification; c10/util/Float8_*.h for
// fnuz.
template <int kExponentBits, int kFractionBits, int kBias, bool kUnsignedZero>
double finite_float(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & 0x7F;
  if (kUnsignedZero ? bits == 0x80 : magnitude == 0x7F)
    return std::numeric_limits<double>::quiet_NaN();
  const std::uint32_t fraction = magnitude & ((1u << kFractionBits) - 1);
  const std::uint32_t exponent = magnitude >> kFractionBits;
  const double sign = (bits & 0x80) != 0 ? -1.0 : 1.0;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - kBias - kFractionBits);
  return sign * std::ldexp(fraction + (1u << kFractionBits),
                           static_cast<int>(exponent) - kBias - kFractionBits);
}

double read_bfloat16(const std::byte* from) {
  return std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(from)} << 16);
}

double read_e8m0(const std::byte* from) {
  const auto bits = std::to_integer<int>(*from);
  return bits == 0xFF ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(1.0, bits - 127);
}

template <class T>
double read_number(const std::byte* from) {
  return static_cast<double>(load<T>(from));
}

double read_bool(const std::byte* from) { return *from != std::byte{0} ? 1.0 : 0.0; }

bool is_signed_integer(DType dtype) {
  return dtype == DType::kInt8 || dtype == DType::kInt16 || dtype == DType::kInt32 ||
         dtype == DType::kInt64;
}

bool is_unsigned_integer(DType dtype) {
  return dtype == DType::kUint8 || dtype == DType::kUint16 || dtype == DType::kUint32 ||
         dtype == DType::kUint64;
}

std::uint64_t read_unsigned(DType dtype, const std::byte* from) {
  if (dtype == DType::kUint8) return load<std::uint8_t>(from);
  if (dtype == DType::kUint16) return load<std::uint16_t>(from);
  if (dtype == DType::kUint32) return load<std::uint32_t>(from);
  return load<std::uint64_t>(from);
}

std::int64_t read_signed(DType dtype, const std::byte* from) {
  if (dtype == DType::kInt8) return load<std::int8_t>(from);
  if (dtype == DType::kInt16) return load<std::int16_t>(from);
  if (dtype == DType::kInt32) return load<std::int32_t>(from);
  return load<std::int64_t>(from);
}

// The low bytes of an integer: two's complement makes sign and zero extension the same store.
void store_integer(std::uint64_t value, DType to, std::byte* out) {
  if (size_of(to) == 1) return store(static_cast<std::uint8_t>(value), out);
  if (size_of(to) == 2) return store(static_cast<std::uint16_t>(value), out);
  if (size_of(to) == 4) return store(static_cast<std::uint32_t>(value), out);
  store(value, out);
}

}  // namespace

ReadElement element_reader(DType dtype) {
  if (dtype == DType::kBool) return read_bool;
  if (dtype == DType::kUint8) return read_number<std::uint8_t>;
  if (dtype == DType::kUint16) return read_number<std::uint16_t>;
  if (dtype == DType::kUint32) return read_number<std::uint32_t>;
  if (dtype == DType::kUint64) return read_number<std::uint64_t>;
  if (dtype == DType::kInt8) return read_number<std::int8_t>;
  if (dtype == DType::kInt16) return read_number<std::int16_t>;
  if (dtype == DType::kInt32) return read_number<std::int32_t>;
  if (dtype == DType::kInt64) return read_number<std::int64_t>;
  if (dtype == DType::kFloat32) return read_number<float>;
  if (dtype == DType::kFloat64) return read_number<double>;
  if (dtype == DType::kBfloat16) return read_bfloat16;
  if (dtype == DType::kFloat8E8m0fnu) return read_e8m0;
  if (dtype == DType::kFloat16)
    return [](const std::byte* from) { return small_float<5, 10>(load<std::uint16_t>(from)); };
  if (dtype == DType::kFloat8E5m2)
    return [](const std::byte* from) { return small_float<5, 2>(load<std::uint8_t>(from)); };
  if (dtype == DType::kFloat8E4m3fn)
    return [](const std::byte* from) {
      return finite_float<4, 3, 7, false>(load<std::uint8_t>(from));
    };
  if (dtype == DType::kFloat8E4m3fnuz)
    return
        [](const std::byte* from) { return finite_float<4, 3, 8, true>(load<std::uint8_t>(from)); };
  if (dtype == DType::kFloat8E5m2fnuz)
    return [](const std::byte* from) {
      return finite_float<5, 2, 16, true>(load<std::uint8_t>(from));
    };
  return nullptr;
}

bool widens(DType from, DType to) {
  if (is_unsigned_integer(from) && (is_unsigned_integer(to) || is_signed_integer(to)))
    return is_unsigned_integer(to) ? size_of(from) <= size_of(to) : size_of(from) < size_of(to);
  if (is_signed_integer(from) && is_signed_integer(to)) return size_of(from) <= size_of(to);
  const bool is_real = info(from).is_floating && !info(from).is_complex && element_reader(from);
  if (to == DType::kFloat64) return is_real;
  if (to == DType::kFloat32) return is_real && from != DType::kFloat64;
  return to == DType::kComplex128 && from == DType::kComplex64;
}

void widen(DType from, const std::byte* element, DType to, std::byte* out) {
  if (is_unsigned_integer(from)) return store_integer(read_unsigned(from, element), to, out);
  if (is_signed_integer(from))
    return store_integer(static_cast<std::uint64_t>(read_signed(from, element)), to, out);
  if (to == DType::kComplex128) {
    store<double>(load<float>(element), out);
    store<double>(load<float>(element + sizeof(float)), out + sizeof(double));
    return;
  }
  const double value = element_reader(from)(element);
  if (to == DType::kFloat64) return store(value, out);
  store(static_cast<float>(value), out);
}

void flip_sign(std::byte* number, std::size_t size) {
  const std::size_t sign = std::endian::native == std::endian::little ? size - 1 : 0;
  number[sign] ^= std::byte{0x80};
}

void negate(DType dtype, std::byte* element) {
  const std::size_t unit = info(dtype).swap_unit;
  if (is_signed_integer(dtype))
    return store_integer(0 - static_cast<std::uint64_t>(read_signed(dtype, element)), dtype,
                         element);
  if (is_unsigned_integer(dtype))
    return store_integer(0 - read_unsigned(dtype, element), dtype, element);
  const bool has_no_minus_zero = dtype == DType::kFloat8E4m3fnuz || dtype == DType::kFloat8E5m2fnuz;
  if (has_no_minus_zero && (*element & std::byte{0x7F}) == std::byte{0}) return;  // zero or NaN
  flip_sign(element, unit);
  if (unit != size_of(dtype)) flip_sign(element + unit, unit);  // the imaginary part
}

}  // namespace safe_load::data
