// NumPy scalars as numbers.
#include "api/scalar.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/array_builder.h"
#include "support/checkpoint_builder.h"

namespace {

TEST(Scalars, AreNumbersOfEitherByteOrder) {
  using namespace test_support;
  const auto integer_of = [](const std::string& type, const std::string& order,
                             const std::string& data) {
    const auto opened = open(CheckpointBuilder(scalar(dtype(type, {.order = order}), bytes(data))));
    return safe_load::api::scalar_as_integer(*opened->root().array());
  };
  EXPECT_EQ(integer_of("i1", "|", "\xff"), -1);
  EXPECT_EQ(integer_of("u1", "|", "\xff"), 255);
  EXPECT_EQ(integer_of("i2", "<", "\xfe\xff"), -2);
  EXPECT_EQ(integer_of("i2", ">", "\xff\xfe"), -2);
  EXPECT_EQ(integer_of("u4", ">", std::string("\0\0\1\0", 4)), 256);
  EXPECT_EQ(integer_of("i8", ">", std::string(7, '\0') + "\5"), 5);
  EXPECT_EQ(integer_of("f8", "<", std::string(8, '\0')), std::nullopt);
  EXPECT_EQ(integer_of("b1", "|", "\1"), std::nullopt);
  const auto double_of = [](const std::string& type, const std::string& order,
                            const std::string& data) {
    const auto opened = open(CheckpointBuilder(scalar(dtype(type, {.order = order}), bytes(data))));
    return safe_load::api::scalar_as_double(*opened->root().array());
  };
  EXPECT_EQ(double_of("f2", "<", std::string("\0\x3c", 2)), 1.0);
  EXPECT_EQ(double_of("f4", ">", std::string("\x3f\x80\0\0", 4)), 1.0);
  EXPECT_EQ(double_of("f8", ">", std::string("\x3f\xf0\0\0\0\0\0\0", 8)), 1.0);
  EXPECT_EQ(double_of("i4", "<", std::string(4, '\0')), std::nullopt);
  EXPECT_EQ(double_of("f16", "<", std::string(16, '\0')), std::nullopt);
}

}  // namespace
