// Safetensors files in which one thing lies: rules F1 to F6 of docs/format/safetensors.md.
#include <gtest/gtest.h>

#include "hostile/zip_forgery.h"
#include "support/safetensors_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::DType;
using safe_load::ErrorCode;

// What is wrong with a file of this header and so many bytes of data, without the offset.
std::string told(std::string_view header, std::size_t bytes) {
  return test_support::told(safetensors(header, std::string(bytes, '\1')));
}

std::string entry(std::int64_t begin, std::int64_t end, std::string_view name = "w") {
  return safetensors_entry(name, "U8", {end - begin}, begin, end);
}

TEST(SafetensorsForgeries, OpenIfTheyAreNone) {
  const std::string header = json_object(
      {"\"__metadata__\":{\"format\":\"pt\",\"a\":\"\\u00e9\\n\"}",
       safetensors_entry("b", "F32", {2, 1}, 4, 12), safetensors_entry("a", "BF16", {2}, 0, 4),
       safetensors_entry("none", "I64", {3, 0}, 12, 12),
       safetensors_entry("one", "U8", {}, 12, 13)});
  const auto opened =
      open_bytes(safetensors(header + "   ", "\1\2\3\4" + raw<float>({1.5f, 2.5f}) + "\7"));
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_TRUE(opened->issues().empty());
  EXPECT_EQ(opened->container().format, safe_load::Format::kSafetensors);
  EXPECT_EQ(opened->container().record_count, 4u);
  ASSERT_EQ(opened->container().metadata.size(), 2u);
  EXPECT_EQ(opened->container().metadata[1].second, "\u00e9\n");
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 4u);
  EXPECT_EQ(tensors[0].name, "b");
  EXPECT_EQ((*tensors[0].tensor.as_span<float>())[1], 2.5f);
  EXPECT_EQ(tensors[1].tensor.dtype(), DType::kBfloat16);
  EXPECT_EQ(tensors[3].tensor.shape().size(), 0u);
  EXPECT_EQ(complaint(safetensors("{}", "")), "");
}

TEST(SafetensorsForgeries, GiveEachByteToOneTensor) {
  const std::string shared = "corrupt: tensors that overlap, or bytes that belong to none";
  EXPECT_EQ(told(json_object({entry(0, 4), entry(4, 8, "x")}), 8), "");
  EXPECT_EQ(told(json_object({entry(4, 8), entry(0, 4, "x")}), 8), "");
  EXPECT_EQ(told(json_object({entry(0, 4), entry(0, 4, "x")}), 4), shared);
  EXPECT_EQ(told(json_object({entry(0, 5), entry(4, 8, "x")}), 8), shared);
  EXPECT_EQ(told(json_object({entry(0, 8), entry(2, 4, "x")}), 8), shared);
  EXPECT_EQ(told(json_object({entry(0, 3), entry(4, 8, "x")}), 8), shared);
  EXPECT_EQ(told(json_object({entry(1, 8)}), 8), shared);
  EXPECT_EQ(told(json_object({entry(0, 8), entry(3, 3, "x")}), 8), shared);
  EXPECT_EQ(told(json_object({entry(0, 8), entry(8, 8, "x"), entry(0, 0, "y")}), 8), "");
  const std::string behind = "corrupt: bytes behind the last tensor";
  EXPECT_EQ(told(json_object({entry(0, 8)}), 9), behind);
  EXPECT_EQ(told("{}", 1), behind);
}

TEST(SafetensorsForgeries, EndWhereTheirHeaderSays) {
  const std::string early = "truncated: the file ends before the end of a tensor: w";
  EXPECT_EQ(told(json_object({entry(0, 8)}), 7), early);
  EXPECT_EQ(told(json_object({entry(0, INT64_MAX)}), 7), early);
  const std::string header = json_object({entry(0, 8)});
  for (const std::int64_t lie : {std::int64_t{-1}, std::int64_t{-20}, std::int64_t{1}})
    EXPECT_EQ(complaint(safetensors(header, std::string(8, '\1'), lie)).substr(0, 8), "corrupt ");
  // A length that the file has no room for: these bytes are something else.
  for (const std::int64_t lie : {std::int64_t{9}, std::int64_t{1000}, INT64_MAX - 100}) {
    const auto odd = open_bytes(safetensors(header, std::string(8, '\1'), lie));
    ASSERT_FALSE(odd) << lie;
    EXPECT_EQ(odd.error().code, ErrorCode::kUnsupported) << odd.error();
  }
}

TEST(SafetensorsForgeries, HaveShapesThatFitTheirRange) {
  const std::string contradicts = "corrupt: a tensor whose range contradicts its shape: w";
  const std::string impossible = "corrupt: a tensor with an impossible size: w";
  const auto shaped = [](std::string_view shape, std::string_view dtype = "F32",
                         std::string_view range = "0,8") {
    return told("{\"w\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":[" +
                    std::string(shape) + "],\"data_offsets\":[" + std::string(range) + "]}}",
                8);
  };
  EXPECT_EQ(shaped("2"), "");
  EXPECT_EQ(shaped("1,2,1"), "");
  EXPECT_EQ(shaped("3"), contradicts);
  EXPECT_EQ(shaped("1"), contradicts);
  EXPECT_EQ(shaped(""), contradicts);
  EXPECT_EQ(shaped("0"), contradicts);
  EXPECT_EQ(shaped("2,0"), contradicts);
  EXPECT_EQ(shaped("2", "F64"), contradicts);
  for (const std::string_view shape :
       {"-2", "-2,-1", "2.0", "2e0", "null", "\"2\"", "[2]", "true", "9223372036854775808",
        "4294967296,4294967296", "9223372036854775807,9223372036854775807",
        "0,9223372036854775807,2"})
    EXPECT_EQ(shaped(shape), impossible) << shape;
  EXPECT_EQ(shaped("4611686018427387904"), contradicts);
  const std::string range = "corrupt: a tensor with an impossible range: w";
  for (const std::string_view odd :
       {"8,0", "-8,0", "0.0,8", "null,8", "\"0\",8", "0,9223372036854775808"})
    EXPECT_EQ(shaped("2", "F32", odd), range) << odd;
  std::string many = "1";
  for (int i = 0; i < 63; ++i) many += ",1";
  EXPECT_EQ(shaped("2," + many.substr(2)), "");
  EXPECT_EQ(shaped("2," + many), "corrupt: a tensor with more than 64 dimensions: w");
}

TEST(SafetensorsForgeries, NameTypesThatExist) {
  const auto typed = [](std::string_view dtype) {
    return told(json_object({safetensors_entry("w", dtype, {8}, 0, 8)}), 8);
  };
  for (const std::string_view dtype : {"BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"})
    EXPECT_EQ(typed(dtype), "") << dtype;
  // Two numbers of four bits are one element to torch.
  EXPECT_EQ(told(json_object({safetensors_entry("w", "F4", {2, 8}, 0, 8)}), 8), "");
  EXPECT_NE(told(json_object({safetensors_entry("w", "F4", {8, 1}, 0, 8)}), 8), "");
  EXPECT_NE(told(json_object({safetensors_entry("w", "F4", {}, 0, 8)}), 8), "");
  for (const std::string_view dtype : {"F6_E2M3", "u8", "F128", "", "U8 ", "QINT8"})
    EXPECT_EQ(typed(dtype), "unsupported: a tensor of a type that torch does not have" +
                                (dtype.empty() ? "" : ": " + std::string(dtype)))
        << dtype;
}

TEST(SafetensorsForgeries, DescribeTensorsAsTheyShould) {
  const std::string odd = "corrupt: a tensor without a type, a shape or a range: w";
  for (const std::string_view facts :
       {"{}", "[]", "null", "7", "\"F32\"", "{\"dtype\":\"U8\",\"shape\":[8]}",
        "{\"dtype\":\"U8\",\"data_offsets\":[0,8]}", "{\"shape\":[8],\"data_offsets\":[0,8]}",
        "{\"dtype\":8,\"shape\":[8],\"data_offsets\":[0,8]}",
        "{\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]}",
        "{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,8]}",
        "{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8]}",
        "{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":{}}"})
    EXPECT_EQ(told("{\"w\":" + std::string(facts) + "}", 8), odd) << facts;
  EXPECT_EQ(told("{\"__metadata__\":[]}", 0), "corrupt: metadata that are not an object");
  EXPECT_EQ(told("{\"__metadata__\":{\"a\":1}}", 0), "corrupt: metadata that are not text: a");
}

TEST(SafetensorsForgeries, HaveStrictJson) {
  const std::string no_json = "corrupt: text that is not JSON";
  for (const std::string_view header :
       {"{", "{\"w\"}", "{\"w\":}", "{,}", "{} x", "{}{}", "{\"w\":\"\\ud800\"}",
        "{\"w\":\"\xff\"}", "{'w':1}", "{\"w\":NaN}", "{\"w\":01}", "{\"w\":1e999}",
        "{\"w\":\"\t\"}", "{//\n}", "{\"a\":1,}"})
    EXPECT_EQ(told(header, 0), no_json) << header;
  EXPECT_EQ(told("{\"\0\":1}"s, 0), no_json);
  EXPECT_EQ(told("{}\0"s, 0), no_json);
  const std::string twice = "corrupt: JSON with one key twice in an object";
  EXPECT_EQ(told(json_object({entry(0, 4), entry(0, 4)}), 4), twice);
  EXPECT_EQ(told("{\"w\":1,\"\\u0077\":2}", 4), twice);
  EXPECT_EQ(told("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0), twice);
  const std::string deep = "corrupt: JSON nested too deep";
  const auto nested = [](std::size_t depth) {
    return "{\"w\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(told(nested(63), 0), "corrupt: a tensor without a type, a shape or a range: w");
  EXPECT_EQ(told(nested(64), 0), deep);
  EXPECT_EQ(told(nested(1'000'000), 0), deep);
  EXPECT_EQ(told("{\"w\":" + std::string(1'000'000, '['), 0), deep);
}

}  // namespace
