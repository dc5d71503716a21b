// The table of element types. Source: torch 2.13, c10/core/ScalarType.h; labels as in safetensors.
#include "safe_load/dtype.h"

#include <array>

namespace safe_load {
inline namespace v0 {
namespace {

constexpr bool kFloating = true;
constexpr bool kComplex = true;

constexpr std::array<DTypeInfo, kDTypeCount> kTypes = {{
    {"uint8", "U8", 1, 1, false, false},
    {"int8", "I8", 1, 1, false, false},
    {"int16", "I16", 2, 2, false, false},
    {"int32", "I32", 4, 4, false, false},
    {"int64", "I64", 8, 8, false, false},
    {"float16", "F16", 2, 2, kFloating, false},
    {"float32", "F32", 4, 4, kFloating, false},
    {"float64", "F64", 8, 8, kFloating, false},
    {"complex32", "C32", 4, 2, kFloating, kComplex},
    {"complex64", "C64", 8, 4, kFloating, kComplex},
    {"complex128", "C128", 16, 8, kFloating, kComplex},
    {"bool", "BOOL", 1, 1, false, false},
    {"qint8", "QI8", 1, 1, false, false},
    {"quint8", "QU8", 1, 1, false, false},
    {"qint32", "QI32", 4, 4, false, false},
    {"bfloat16", "BF16", 2, 2, kFloating, false},
    {"quint4x2", "QU4X2", 1, 1, false, false},
    {"quint2x4", "QU2X4", 1, 1, false, false},
    {"bits1x8", "B1X8", 1, 1, false, false},
    {"bits2x4", "B2X4", 1, 1, false, false},
    {"bits4x2", "B4X2", 1, 1, false, false},
    {"bits8", "B8", 1, 1, false, false},
    {"bits16", "B16", 2, 2, false, false},
    {"float8_e5m2", "F8_E5M2", 1, 1, kFloating, false},
    {"float8_e4m3fn", "F8_E4M3", 1, 1, kFloating, false},
    {"float8_e5m2fnuz", "F8_E5M2FNUZ", 1, 1, kFloating, false},
    {"float8_e4m3fnuz", "F8_E4M3FNUZ", 1, 1, kFloating, false},
    {"uint16", "U16", 2, 2, false, false},
    {"uint32", "U32", 4, 4, false, false},
    {"uint64", "U64", 8, 8, false, false},
    {"uint1", "U1", 1, 1, false, false},
    {"uint2", "U2", 1, 1, false, false},
    {"uint3", "U3", 1, 1, false, false},
    {"uint4", "U4", 1, 1, false, false},
    {"uint5", "U5", 1, 1, false, false},
    {"uint6", "U6", 1, 1, false, false},
    {"uint7", "U7", 1, 1, false, false},
    {"int1", "I1", 1, 1, false, false},
    {"int2", "I2", 1, 1, false, false},
    {"int3", "I3", 1, 1, false, false},
    {"int4", "I4", 1, 1, false, false},
    {"int5", "I5", 1, 1, false, false},
    {"int6", "I6", 1, 1, false, false},
    {"int7", "I7", 1, 1, false, false},
    {"float8_e8m0fnu", "F8_E8M0", 1, 1, kFloating, false},
    {"float4_e2m1fn_x2", "F4", 1, 1, kFloating, false},
}};

struct Alias {
  std::string_view alias;
  DType dtype;
};

constexpr Alias kAliases[] = {
    {"half", DType::kFloat16},     {"float", DType::kFloat32},      {"double", DType::kFloat64},
    {"short", DType::kInt16},      {"int", DType::kInt32},          {"long", DType::kInt64},
    {"cfloat", DType::kComplex64}, {"cdouble", DType::kComplex128}, {"chalf", DType::kComplex32},
};

}  // namespace

const DTypeInfo& info(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)]; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i].name == name) return static_cast<DType>(i);
  for (const Alias& row : kAliases)
    if (row.alias == name) return row.dtype;
  return std::nullopt;
}

}  // namespace v0
}  // namespace safe_load
