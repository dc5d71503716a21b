// Elements: numbers of every type, at the edges of each format.
#include "data/elements.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using safe_load::DType;
using safe_load::kDTypeCount;
using safe_load::data::element_reader;
using safe_load::data::widen;
using safe_load::data::widens;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double read(DType dtype, std::uint64_t bits) {
  std::byte bytes[8];
  std::memcpy(bytes, &bits, sizeof bits);
  return element_reader(dtype)(bytes);
}

// One double for another: NaN equals NaN, and -0.0 is not 0.0.
bool same(double a, double b) {
  return std::isnan(a) ? std::isnan(b)
                       : std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

struct Case {
  DType dtype;
  std::uint64_t bits;
  double value;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases)
    EXPECT_PRED2(same, read(c.dtype, c.bits), c.value) << c.dtype << " " << std::hex << c.bits;
}

TEST(Elements, ReadWholeNumbers) {
  expect_all({
      {DType::kBool, 0, 0},
      {DType::kBool, 1, 1},
      {DType::kBool, 7, 1},
      {DType::kUint8, 0xFF, 255},
      {DType::kInt8, 0xFF, -1},
      {DType::kInt8, 0x80, -128},
      {DType::kUint16, 0xFFFF, 65535},
      {DType::kInt16, 0x8000, -32768},
      {DType::kUint32, 0xFFFFFFFF, 4294967295.0},
      {DType::kInt32, 0x80000000, -2147483648.0},
      {DType::kUint64, ~std::uint64_t{0}, 0x1p64},
      {DType::kInt64, ~std::uint64_t{0}, -1},
      {DType::kInt64, std::uint64_t{1} << 63, -0x1p63},
  });
}

TEST(Elements, ReadFloatsOfSixteenBits) {
  expect_all({
      {DType::kFloat16, 0x0000, 0.0},
      {DType::kFloat16, 0x8000, -0.0},
      {DType::kFloat16, 0x3C00, 1},
      {DType::kFloat16, 0xC000, -2},
      {DType::kFloat16, 0x7BFF, 65504},
      {DType::kFloat16, 0x0400, 0x1p-14},
      {DType::kFloat16, 0x03FF, 0x1p-14 - 0x1p-24},
      {DType::kFloat16, 0x0001, 0x1p-24},
      {DType::kFloat16, 0x3555, 0.333251953125},
      {DType::kFloat16, 0x7C00, kInfinity},
      {DType::kFloat16, 0xFC00, -kInfinity},
      {DType::kFloat16, 0x7C01, kNaN},
      {DType::kBfloat16, 0x3F80, 1},
      {DType::kBfloat16, 0xC040, -3},
      {DType::kBfloat16, 0x8000, -0.0},
      {DType::kBfloat16, 0x0001, 0x1p-133},
      {DType::kBfloat16, 0x7F7F, 0x1.FEp127},
      {DType::kBfloat16, 0x7F80, kInfinity},
      {DType::kBfloat16, 0xFFC0, kNaN},
  });
}

TEST(Elements, ReadFloatsOfEightBits) {
  expect_all({
      {DType::kFloat8E5m2, 0x3C, 1},           {DType::kFloat8E5m2, 0x7B, 57344},
      {DType::kFloat8E5m2, 0x01, 0x1p-16},     {DType::kFloat8E5m2, 0x04, 0x1p-14},
      {DType::kFloat8E5m2, 0x7C, kInfinity},   {DType::kFloat8E5m2, 0xFC, -kInfinity},
      {DType::kFloat8E5m2, 0x7D, kNaN},        {DType::kFloat8E5m2, 0x80, -0.0},
      {DType::kFloat8E4m3fn, 0x38, 1},         {DType::kFloat8E4m3fn, 0x7E, 448},
      {DType::kFloat8E4m3fn, 0xFE, -448},      {DType::kFloat8E4m3fn, 0x01, 0x1p-9},
      {DType::kFloat8E4m3fn, 0x08, 0x1p-6},    {DType::kFloat8E4m3fn, 0x7F, kNaN},
      {DType::kFloat8E4m3fn, 0xFF, kNaN},      {DType::kFloat8E4m3fn, 0x80, -0.0},
      {DType::kFloat8E4m3fnuz, 0x40, 1},       {DType::kFloat8E4m3fnuz, 0x7F, 240},
      {DType::kFloat8E4m3fnuz, 0x01, 0x1p-10}, {DType::kFloat8E4m3fnuz, 0x80, kNaN},
      {DType::kFloat8E4m3fnuz, 0xFF, -240},    {DType::kFloat8E5m2fnuz, 0x40, 1},
      {DType::kFloat8E5m2fnuz, 0x7F, 57344},   {DType::kFloat8E5m2fnuz, 0x01, 0x1p-17},
      {DType::kFloat8E5m2fnuz, 0x80, kNaN},    {DType::kFloat8E8m0fnu, 0x7F, 1},
      {DType::kFloat8E8m0fnu, 0x00, 0x1p-127}, {DType::kFloat8E8m0fnu, 0xFE, 0x1p127},
      {DType::kFloat8E8m0fnu, 0xFF, kNaN},
  });
}

TEST(Elements, ReadFloatsOfThisMachine) {
  expect_all({
      {DType::kFloat32, 0x3F800000, 1},
      {DType::kFloat32, 0x00000001, 0x1p-149},
      {DType::kFloat32, 0xFF800000, -kInfinity},
      {DType::kFloat64, 0x3FF0000000000000, 1},
      {DType::kFloat64, 0x0000000000000001, 0x1p-1074},
      {DType::kFloat64, 0x7FF8000000000000, kNaN},
  });
}

TEST(Elements, HaveNoReaderForComplexAndQuantizedTypes) {
  std::string without;
  for (std::size_t i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (element_reader(dtype) == nullptr) without += std::string(name(dtype)) + ' ';
  }
  EXPECT_EQ(without,
            "complex32 complex64 complex128 qint8 quint8 qint32 quint4x2 quint2x4 bits1x8 bits2x4 "
            "bits4x2 bits8 bits16 uint1 uint2 uint3 uint4 uint5 uint6 uint7 int1 int2 int3 int4 "
            "int5 int6 int7 float4_e2m1fn_x2 ");
}

TEST(Elements, WidenOnlyWhereNothingIsLost) {
  // The types that each type widens to, itself left out.
  const auto targets = [](DType from) {
    std::string out;
    for (std::size_t i = 0; i < kDTypeCount; ++i) {
      const auto to = static_cast<DType>(i);
      if (to != from && widens(from, to)) out += std::string(name(to)) + ' ';
    }
    return out;
  };
  EXPECT_EQ(targets(DType::kUint8), "int16 int32 int64 uint16 uint32 uint64 ");
  EXPECT_EQ(targets(DType::kUint16), "int32 int64 uint32 uint64 ");
  EXPECT_EQ(targets(DType::kUint32), "int64 uint64 ");
  EXPECT_EQ(targets(DType::kUint64), "");
  EXPECT_EQ(targets(DType::kInt8), "int16 int32 int64 ");
  EXPECT_EQ(targets(DType::kInt32), "int64 ");
  EXPECT_EQ(targets(DType::kInt64), "");
  for (const DType small :
       {DType::kFloat16, DType::kBfloat16, DType::kFloat8E5m2, DType::kFloat8E4m3fn,
        DType::kFloat8E5m2fnuz, DType::kFloat8E4m3fnuz, DType::kFloat8E8m0fnu})
    EXPECT_EQ(targets(small), "float32 float64 ") << small;
  EXPECT_EQ(targets(DType::kFloat32), "float64 ");
  EXPECT_EQ(targets(DType::kFloat64), "");
  EXPECT_EQ(targets(DType::kComplex64), "complex128 ");
  for (const DType fixed : {DType::kComplex32, DType::kComplex128, DType::kBool, DType::kQint8,
                            DType::kQint32, DType::kBits8, DType::kInt4, DType::kFloat4E2m1fnX2})
    EXPECT_EQ(targets(fixed), "") << fixed;
}

TEST(Elements, KeepTheirValueWhenTheyWiden) {
  // Every bit pattern of one or two bytes, read through float and through double.
  for (const DType from :
       {DType::kFloat16, DType::kBfloat16, DType::kFloat8E5m2, DType::kFloat8E4m3fn,
        DType::kFloat8E5m2fnuz, DType::kFloat8E4m3fnuz, DType::kFloat8E8m0fnu}) {
    const std::uint32_t patterns = size_of(from) == 1 ? 256 : 65536;
    for (std::uint32_t bits = 0; bits < patterns; ++bits) {
      std::byte element[4];
      std::memcpy(element, &bits, sizeof bits);
      float narrow;
      double wide;
      std::byte out[8];
      widen(from, element, DType::kFloat32, out);
      std::memcpy(&narrow, out, sizeof narrow);
      widen(from, element, DType::kFloat64, out);
      std::memcpy(&wide, out, sizeof wide);
      ASSERT_PRED2(same, wide, read(from, bits)) << from << bits;
      ASSERT_PRED2(same, double{narrow}, wide) << from << bits;
    }
  }
}

}  // namespace
