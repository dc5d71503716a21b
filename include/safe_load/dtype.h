// DType: the element types of PyTorch 2.13, with their sizes and names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// Of the numbers in a file.
enum class ByteOrder : std::uint8_t { kLittle, kBig };

// The numbers are those of c10::ScalarType, so that they agree with other formats of PyTorch.
enum class DType : std::uint8_t {
  kUint8 = 0,
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat16 = 5,
  kFloat32 = 6,
  kFloat64 = 7,
  kComplex32 = 8,
  kComplex64 = 9,
  kComplex128 = 10,
  kBool = 11,
  kQint8 = 12,
  kQuint8 = 13,
  kQint32 = 14,
  kBfloat16 = 15,
  kQuint4x2 = 16,
  kQuint2x4 = 17,
  kBits1x8 = 18,
  kBits2x4 = 19,
  kBits4x2 = 20,
  kBits8 = 21,
  kBits16 = 22,
  kFloat8E5m2 = 23,
  kFloat8E4m3fn = 24,
  kFloat8E5m2fnuz = 25,
  kFloat8E4m3fnuz = 26,
  kUint16 = 27,
  kUint32 = 28,
  kUint64 = 29,
  kUint1 = 30,
  kUint2 = 31,
  kUint3 = 32,
  kUint4 = 33,
  kUint5 = 34,
  kUint6 = 35,
  kUint7 = 36,
  kInt1 = 37,
  kInt2 = 38,
  kInt3 = 39,
  kInt4 = 40,
  kInt5 = 41,
  kInt6 = 42,
  kInt7 = 43,
  kFloat8E8m0fnu = 44,
  kFloat4E2m1fnX2 = 45,
};
inline constexpr std::size_t kDTypeCount = 46;

// How whole numbers stand for real ones: torch's schemes with and without channels.
enum class QuantScheme : std::uint8_t { kPerTensor, kPerChannel, kPerChannelFloat };

struct DTypeInfo {
  std::string_view name;   // as torch spells it, without "torch.": "float32"
  std::string_view label;  // as safetensors spells it, where it does: "F32"
  std::uint8_t size;       // bytes per element
  std::uint8_t swap_unit;  // bytes that are reversed together in a file of the other byte order
  bool is_floating;        // floating point or complex: may require a gradient
  bool is_complex;
};

SAFE_LOAD_EXPORT const DTypeInfo& info(DType dtype);
inline std::string_view name(DType dtype) { return info(dtype).name; }
inline std::size_t size_of(DType dtype) { return info(dtype).size; }

// The type that torch calls so; also the aliases half, float, double, short, int, long, cfloat,
// cdouble, chalf.
SAFE_LOAD_EXPORT std::optional<DType> dtype_from_name(std::string_view name);

inline std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

}  // namespace v0
}  // namespace safe_load
