#include "data/numpy_type.h"

#include <utility>

namespace safe_load::data {

std::optional<NumpyType> numpy_type(std::string_view text) {
  constexpr std::pair<std::string_view, DType> kTypes[] = {
      {"b1", DType::kBool},      {"i1", DType::kInt8},       {"i2", DType::kInt16},
      {"i4", DType::kInt32},     {"i8", DType::kInt64},      {"u1", DType::kUint8},
      {"u2", DType::kUint16},    {"u4", DType::kUint32},     {"u8", DType::kUint64},
      {"f2", DType::kFloat16},   {"f4", DType::kFloat32},    {"f8", DType::kFloat64},
      {"c8", DType::kComplex64}, {"c16", DType::kComplex128}};
  if (text.empty()) return std::nullopt;
  for (const auto& [name, dtype] : kTypes)
    if (text.substr(1) == name) return NumpyType{dtype, text.front() == '>'};
  return std::nullopt;
}

}  // namespace safe_load::data
