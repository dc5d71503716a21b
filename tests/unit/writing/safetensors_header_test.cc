// The header of a safetensors file, against bytes that its library wrote.
#include "writing/safetensors_header.h"

#include <gtest/gtest.h>

namespace {

using namespace safe_load;
using namespace std::string_literals;
using writing::safetensors_header;
using writing::SafetensorsTensor;
using Metadata = std::vector<std::pair<std::string, std::string>>;

TEST(SafetensorsHeader, IsWhatTheLibraryWrites) {
  const std::vector<SafetensorsTensor> tensors = {{"w", DType::kFloat32, {2}, 8}};
  const auto header = safetensors_header(tensors, Metadata{{"format", "pt"}});
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->bytes,
            "\x58\0\0\0\0\0\0\0"s
            R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],)"
            R"("data_offsets":[0,8]}}   )");
  EXPECT_EQ(header->data_bytes, 8u);
}

TEST(SafetensorsHeader, PutsLargeTypesFirstAndThenGoesByName) {
  const std::vector<SafetensorsTensor> tensors = {{"b", DType::kBool, {1}, 1},
                                                  {"z", DType::kFloat16, {1}, 2},
                                                  {"a", DType::kFloat16, {}, 2},
                                                  {"f", DType::kFloat64, {0}, 0},
                                                  {"i", DType::kInt64, {1}, 8}};
  const auto header = safetensors_header(tensors, Metadata());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->order, (std::vector<std::size_t>{4, 3, 2, 1, 0}));
  EXPECT_NE(header->bytes.find(R"("a":{"dtype":"F16","shape":[],"data_offsets":[8,10]})"),
            std::string::npos);
  EXPECT_EQ(header->bytes.size() % 8, 0u);
}

TEST(SafetensorsHeader, EscapesWhatJsonMustHaveEscaped) {
  const std::vector<SafetensorsTensor> tensors = {
      {"\"\\\b\f\n\r\t\x01\x1f\x7f/\xc3\xa9", DType::kInt8, {1}, 1}};
  const auto header = safetensors_header(tensors, Metadata());
  ASSERT_TRUE(header.ok());
  EXPECT_NE(header->bytes.find(R"("\"\\\b\f\n\r\t\u0001\u001f)"s + "\x7f/\xc3\xa9\":{"),
            std::string::npos);
}

TEST(SafetensorsHeader, SaysWhatItCannotHold) {
  EXPECT_FALSE(writing::why_not({"w", DType::kFloat32, {2}, 8}));
  EXPECT_FALSE(writing::why_not({"", DType::kFloat32, {2}, 8}));
  EXPECT_TRUE(writing::why_not({"w", DType::kComplex128, {2}, 32}));
  EXPECT_TRUE(writing::why_not({"w", DType::kQint8, {2}, 2}));
  EXPECT_TRUE(writing::why_not({"__metadata__", DType::kFloat32, {2}, 8}));
  EXPECT_TRUE(writing::why_not({"\xed\xa0\x80", DType::kFloat32, {2}, 8}));  // a lone surrogate
  EXPECT_TRUE(writing::why_not({"w", DType::kFloat4E2m1fnX2, {}, 1}));
}

TEST(SafetensorsHeader, IsNoLongerThanReadersTake) {
  std::string name;
  name.resize(100'000'000, 'x');
  const std::vector<SafetensorsTensor> tensors = {{name, DType::kInt8, {1}, 1}};
  const auto header = safetensors_header(tensors, Metadata());
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code(), ErrorCode::kLimit);
}

}  // namespace
