// Byte order: files of big-endian machines read the same, whatever the element type.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/checkpoint_builder.h"
#include "types/known.h"

namespace {

using namespace test_support;
using safe_load::ByteOrder;
using safe_load::DType;
using safe_load::OpenOptions;
using safe_load::TensorView;

std::string counting(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i + 1);
  return out;
}

// The same with every `unit` bytes reversed.
std::string swapped(std::string bytes, std::size_t unit) {
  for (std::size_t i = 0; i + unit <= bytes.size(); i += unit)
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + unit));
  return bytes;
}

std::string bytes_of(const TensorView& tensor) {
  std::string out(static_cast<std::size_t>(tensor.byte_count()), '\0');
  const auto copied = tensor.copy_bytes_to(safe_load::base::as_writable_bytes(out));
  return copied ? out : std::string(copied.error().reason());
}

// What the tensor at the root holds if the storage "0" is `bytes`.
std::string read(const std::string& value, const std::string& bytes, std::string_view order,
                 const OpenOptions& options = {}) {
  CheckpointBuilder builder(value);
  builder.storage("0", bytes);
  if (!order.empty()) builder.record("byteorder", order);
  const auto opened = open(builder, options);
  return opened ? bytes_of(*opened->root().tensor()) : opened.error().message;
}

TEST(ByteOrder, OfEveryElementTypeIsUndone) {
  const std::string bytes = counting(48);
  for (std::size_t i = 0; i < safe_load::kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    const auto& type = info(dtype);
    const auto count = static_cast<std::int64_t>(48 / type.size);
    const std::string value =
        tensor_v3(storage("0", 48, "UntypedStorage"), type.name, 0, {count}, {1});
    EXPECT_EQ(read(value, bytes, "little"), bytes) << dtype;
    EXPECT_EQ(read(value, swapped(bytes, type.swap_unit), "big"), bytes) << dtype;
  }
}

TEST(ByteOrder, OfEveryStorageClassIsUndone) {
  using safe_load::types::Known;
  using safe_load::types::SymbolKind;
  const std::string bytes = counting(48);
  for (const Known& row : safe_load::types::known_names()) {
    if (row.kind != SymbolKind::kStorageClass || row.value == safe_load::types::kUntyped) continue;
    const auto dtype = static_cast<DType>(row.value);
    const auto count = static_cast<std::int64_t>(48 / size_of(dtype));
    const std::string value = tensor(storage("0", count, row.name), 0, {count}, {1});
    EXPECT_EQ(read(value, swapped(bytes, info(dtype).swap_unit), "big"), bytes) << row.name;
  }
}

TEST(ByteOrder, ReversesEachHalfOfAComplexNumber) {
  const std::string value = tensor(storage("0", 1, "ComplexFloatStorage"), 0, {1}, {1});
  EXPECT_EQ(read(value, "abcdefgh", "big"), "dcbahgfe");
}

TEST(ByteOrder, IsUndoneForViews) {
  const std::string bytes = counting(16);
  const std::string value = tensor(storage("0", 4, "IntStorage"), 1, {2}, {2});
  EXPECT_EQ(read(value, swapped(bytes, 4), "big"), bytes.substr(4, 4) + bytes.substr(12, 4));
  // Three bytes too many for a whole element keep their place.
  const std::string odd = tensor_v3(storage("0", 7, "UntypedStorage"), "int32", 0, {1}, {1});
  EXPECT_EQ(read(odd, "abcdefg", "big"), "dcba");
}

TEST(ByteOrder, IsLittleUnlessTheFileSaysOtherwise) {
  const std::string value = tensor(storage("0", 1, "IntStorage"), 0, {1}, {1});
  const OpenOptions as_big{.byte_order = ByteOrder::kBig};
  EXPECT_EQ(read(value, "abcd", ""), "abcd");
  EXPECT_EQ(read(value, "abcd", "", as_big), "dcba");
  EXPECT_EQ(read(value, "abcd", "little", as_big), "abcd");
  EXPECT_EQ(read(value, "abcd", "big", {.byte_order = ByteOrder::kLittle}), "dcba");
  EXPECT_EQ(read(value, "abcd", "Big"), "a byte order that is neither little nor big: Big");
  EXPECT_EQ(read(value, "abcd", "little\n"),
            "a byte order that is neither little nor big: little\\n");
}

TEST(ByteOrder, LeavesTheBytesOfAStorageAlone) {
  const auto opened = open(CheckpointBuilder(storage("0", 2, "IntStorage"))
                               .storage("0", "abcdefgh")
                               .record("byteorder", "big"));
  ASSERT_TRUE(opened);
  const auto storage_view = *opened->root().storage();
  const auto as_read = [&](std::size_t unit) {
    return std::string(safe_load::base::as_text(*storage_view.bytes(unit)));
  };
  EXPECT_EQ(as_read(1), "abcdefgh");
  EXPECT_EQ(as_read(2), "badcfehg");
  EXPECT_EQ(as_read(4), "dcbahgfe");
  EXPECT_EQ(as_read(8), "hgfedcba");
  EXPECT_EQ(as_read(1), "abcdefgh");
  EXPECT_EQ(opened->container().byte_order, ByteOrder::kBig);
}

TEST(ByteOrder, IsUndoneOncePerUnit) {
  const std::string untyped = storage("0", 8, "UntypedStorage");
  const auto opened = open(CheckpointBuilder(list({tensor_v3(untyped, "int32", 0, {2}, {1}),
                                                   tensor_v3(untyped, "float32", 1, {1}, {1}),
                                                   tensor_v3(untyped, "int16", 0, {4}, {1})}))
                               .storage("0", "abcdefgh")
                               .record("byteorder", "big"));
  ASSERT_TRUE(opened);
  const auto root = opened->root();
  EXPECT_EQ(bytes_of(*root[0].tensor()), "dcbahgfe");
  EXPECT_EQ(bytes_of(*root[1].tensor()), "hgfe");
  EXPECT_EQ(bytes_of(*root[2].tensor()), "badcfehg");
  const auto ints = *root[0].tensor()->storage().bytes(4);
  const auto floats = *root[1].tensor()->storage().bytes(4);
  EXPECT_EQ(ints.data(), floats.data());
}

}  // namespace
