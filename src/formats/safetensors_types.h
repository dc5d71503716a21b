// The element types that safetensors has, in the order in which its library writes tensors: those
// of larger alignment first. Source: safetensors 0.8, `Dtype`.
#pragma once

#include "safe_load/dtype.h"

namespace safe_load::formats {

inline constexpr DType kSafetensorsTypes[] = {
    DType::kUint64,         DType::kInt64,         DType::kFloat64,        DType::kComplex64,
    DType::kFloat32,        DType::kUint32,        DType::kInt32,          DType::kBfloat16,
    DType::kFloat16,        DType::kUint16,        DType::kInt16,          DType::kFloat8E5m2fnuz,
    DType::kFloat8E4m3fnuz, DType::kFloat8E8m0fnu, DType::kFloat8E4m3fn,   DType::kFloat8E5m2,
    DType::kInt8,           DType::kUint8,         DType::kFloat4E2m1fnX2, DType::kBool,
};

}  // namespace safe_load::formats
