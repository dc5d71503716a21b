// Elements as text: the parts that can be asked for, what is too much, and what holds no numbers.
// python/tests/test_show.py holds the text itself against NumPy.
#include <gtest/gtest.h>
#include <safe_load/report.h>

#include <array>
#include <limits>
#include <string>

#include "report/nested_words.h"
#include "report/shown_elements.h"
#include "support/array_builder.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Dims;
using safe_load::TextOptions;
using safe_load::report::choose_elements;
using safe_load::report::parse_slices;

Dims dims(std::initializer_list<std::int64_t> sizes) {
  Dims result;
  for (const std::int64_t size : sizes) result.push_back(size);
  return result;
}

// "begin:count:step" of each dimension, or why not.
std::string parsed(std::string_view text, const Dims& shape) {
  const auto slices = parse_slices(text, shape);
  if (!slices) return std::string(slices.error().reason());
  std::string out;
  for (const auto& slice : *slices)
    out += std::to_string(slice.begin) + ":" + std::to_string(slice.count) + ":" +
           std::to_string(slice.step) + (slice.is_index ? "! " : " ");
  return out;
}

std::string shown(const std::string& value, std::string_view part,
                  const TextOptions& options = {}) {
  CheckpointBuilder file(value);
  file.storage("0", raw<float>({1, 2, 3, 4, 5, 6}));
  const auto opened = open(file);
  if (!opened) return opened.error().text();
  const auto text = safe_load::part_to_text(opened->root(), part, options);
  return text ? *text : std::string(text.error().reason());
}

const std::string kStorage = storage("0", 6);

}  // namespace

TEST(Slices, AreThoseOfPython) {
  const Dims shape = dims({5, 4});
  EXPECT_EQ(parsed("", shape), "0:5:1 0:4:1 ");
  EXPECT_EQ(parsed(" 1 , : ", shape), "1:1:1! 0:4:1 ");
  EXPECT_EQ(parsed("-1", shape), "4:1:1! 0:4:1 ");
  EXPECT_EQ(parsed("..., 2", shape), "0:5:1 2:1:1! ");
  EXPECT_EQ(parsed("1:-1, ::3", shape), "1:3:1 0:2:3 ");
  EXPECT_EQ(parsed("4:2", shape), "4:0:1 0:4:1 ");
  EXPECT_EQ(parsed("-99:99:9223372036854775807", shape), "0:1:9223372036854775807 0:4:1 ");
}

TEST(Slices, WhatIsNoneSaysWhy) {
  const Dims shape = dims({5, 4});
  for (const std::string_view wrong : {"x", "1:2:3:4", ",", "0,,", "1.5", "1 2"})
    EXPECT_EQ(parsed(wrong, shape), "a part is written as in Python, such as 0:3, :2") << wrong;
  for (const std::string_view wrong : {"5", "-6", "0, 4"})
    EXPECT_EQ(parsed(wrong, shape), "the index is outside of its dimension") << wrong;
  EXPECT_EQ(parsed("0, 0, 0", shape), "more dimensions than there are");
  for (const std::string_view wrong : {"1:2:0", "::-1"})
    EXPECT_EQ(parsed(wrong, shape), "a step must be positive here") << wrong;
  EXPECT_EQ(parsed("99999999999999999999", shape), "the index is outside of its dimension");
  const Dims largest = dims({std::numeric_limits<std::int64_t>::max()});
  EXPECT_EQ(parsed("::2", largest), "0:4611686018427387904:2 ");
  EXPECT_EQ(parsed("1::9223372036854775807", largest), "1:1:9223372036854775807 ");
}

TEST(ChooseElements, ThreeAtEachEndOfWhatIsLarge) {
  const Dims shape = dims({1 << 20, 1 << 20});
  const auto few = choose_elements(shape, *parse_slices("", shape), false);
  ASSERT_TRUE(few);
  EXPECT_EQ(few->places.size(), 36u);
  EXPECT_EQ(few->places.back(), (std::uint64_t{1} << 40) - 1);
  EXPECT_EQ(few->axes[0].leading, 3u);
  EXPECT_FALSE(choose_elements(shape, *parse_slices("", shape), true));
}

TEST(ChooseElements, ManyDimensionsAreTooMuch) {
  Dims shape;
  for (std::size_t i = 0; i < Dims::kMost; ++i) shape.push_back(i < 20 ? 7 : 1);
  const auto all = choose_elements(shape, *parse_slices("", shape), false);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code(), safe_load::ErrorCode::kLimit);
  const auto one =
      choose_elements(shape, *parse_slices("0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0", shape), false);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->places.size(), 1296u);
}

TEST(ChooseElements, NothingIsChosenOfNothing) {
  for (const Dims& shape : {dims({0, std::int64_t{1} << 40}), dims({std::int64_t{1} << 40, 0})}) {
    const auto none = choose_elements(shape, *parse_slices("", shape), true);
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->places.empty());
    EXPECT_EQ(none->axes.size(), 2u);
  }
}

TEST(ElementsText, OfPartsAndWhole) {
  const std::string matrix = tensor(kStorage, 0, {2, 3}, {3, 1});
  EXPECT_EQ(shown(matrix, ""), "[[1. 2. 3.]\n [4. 5. 6.]]");
  EXPECT_EQ(shown(matrix, "1"), "[4. 5. 6.]");
  EXPECT_EQ(shown(matrix, "1, 1"), "5.");
  EXPECT_EQ(shown(matrix, "2:, :"), "[]");
  EXPECT_EQ(shown(tensor(kStorage, 0, {3, 2}, {1, 3}), ""), "[[1. 4.]\n [2. 5.]\n [3. 6.]]");
  EXPECT_EQ(shown(tensor(kStorage, 5, {}, {}), ""), "6.");
  EXPECT_EQ(shown(tensor(kStorage, 0, {std::int64_t{1} << 40}, {0}), "-3:"), "[1. 1. 1.]");
  EXPECT_EQ(shown(integer(1), ""), "only tensors and arrays have elements to choose from");
}

TEST(ElementsText, LinesAreAsWideAsATerminal) {
  TextOptions narrow;
  narrow.width = 10;
  EXPECT_EQ(shown(tensor(kStorage, 0, {6}, {1}), "", narrow), "[1. 2. 3.\n 4. 5. 6.]");
  narrow.width = 1;
  EXPECT_EQ(shown(tensor(kStorage, 0, {2}, {1}), "", narrow), "[1.\n 2.]");
}

TEST(CopyElements, ChecksPlacesAndRoom) {
  CheckpointBuilder file(tensor(kStorage, 0, {2, 3}, {3, 1}));
  file.storage("0", raw<float>({1, 2, 3, 4, 5, 6}));
  const auto opened = open(file);
  ASSERT_TRUE(opened);
  const auto tensor = opened->tensors()[0].tensor;
  std::array<float, 2> room{};
  const std::array<std::uint64_t, 2> places = {5, 0};
  ASSERT_TRUE(tensor.copy_elements_to(places, std::as_writable_bytes(std::span(room))));
  EXPECT_EQ(room, (std::array<float, 2>{6, 1}));
  const std::array<std::uint64_t, 2> beyond = {0, 6};
  EXPECT_FALSE(tensor.copy_elements_to(beyond, std::as_writable_bytes(std::span(room))));
  EXPECT_FALSE(tensor.copy_elements_to(places, std::as_writable_bytes(std::span(room).first(1))));
}
