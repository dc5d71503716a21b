// Depth: a million levels pass through opening, listing and destruction, because nothing recurses.
#include <gtest/gtest.h>
#include <safe_load/report.h>

#include "support/checkpoint_builder.h"
#include "support/legacy_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ValueKind;

constexpr std::size_t kMillion = 1'000'000;

std::string times(std::string_view what, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += what;
  return out;
}

struct Deep {
  std::string name;
  std::string value;
  ValueKind root;
  std::size_t levels;
};

void expect_listed_and_freed(const Deep& deep, std::string file = "") {
  if (file.empty()) file = CheckpointBuilder(deep.value).build();
  auto opened = open_bytes(file);
  ASSERT_TRUE(opened.ok()) << deep.name << ": " << opened.error();
  EXPECT_TRUE(opened->issues().empty()) << deep.name;
  EXPECT_EQ(opened->root().kind(), deep.root) << deep.name;
  EXPECT_GE(opened->value_count(), deep.levels) << deep.name;
  EXPECT_LT(to_text(*opened, deep.name).size(), 10'000u) << deep.name;
  EXPECT_LT(to_json(*opened, deep.name).size(), 10'000u) << deep.name;
  EXPECT_TRUE(opened->tensors().empty()) << deep.name;
  const Checkpoint last = *std::move(opened);
  std::size_t places = 0;
  last.for_each([&](const safe_load::Place&) { ++places; });
  EXPECT_GT(places, deep.levels) << deep.name;
}

TEST(Depth, OfAMillionListsIsListedAndFreed) {
  expect_listed_and_freed(
      {"lists", times("]", kMillion) + "N" + times("a", kMillion), ValueKind::kList, kMillion});
}

TEST(Depth, OfAMillionListsInOtherContainersIsListedAndFreed) {
  const Deep deep = {"lists", times("]", kMillion) + "N" + times("a", kMillion), ValueKind::kList,
                     kMillion};
  expect_listed_and_freed(deep, LegacyBuilder(deep.value).build());
  expect_listed_and_freed(deep, pickled(deep.value));
  expect_listed_and_freed(deep, deep.value + ".");
}

TEST(Depth, OfAMillionTuplesIsListedAndFreed) {
  expect_listed_and_freed({"tuples", "N" + times("\x85", kMillion), ValueKind::kTuple, kMillion});
}

TEST(Depth, OfDictsAndObjectsIsListedAndFreed) {
  constexpr std::size_t kMany = 50'000;  // for each of these a path of 64 steps is made
  const std::string set = "N" + times("s", kMany);
  expect_listed_and_freed({"dicts", times("}N", kMany) + set, ValueKind::kDict, kMany});
  expect_listed_and_freed({"objects",
                           "cm\nC\nq\1" + times("h\1", kMany) + "N" + times("\x85R", kMany),
                           ValueKind::kOpaque, kMany});
  expect_listed_and_freed({"ordered dicts",
                           "ccollections\nOrderedDict\nq\1" + times("h\1)RN", kMany) + set,
                           ValueKind::kOrderedDict, kMany});
}

TEST(Depth, OfATensorAMillionLevelsDownIsNamedByItsEnd) {
  const std::string weight = tensor(storage("0", 2), 0, {2}, {1});
  const auto opened = open(CheckpointBuilder(times("]", kMillion) + weight + times("a", kMillion))
                               .storage("0", raw<float>({1, 2})));
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].path, "$..." + times("[0]", 64));
  EXPECT_EQ((*tensors[0].tensor.as_span<float>())[1], 2.0f);
}

TEST(Depth, OfADamagedValueAMillionLevelsDownIsReported) {
  const auto opened =
      open(CheckpointBuilder(times("]", kMillion) + storage("0", 2) + times("a", kMillion)));
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_LT(opened->issues()[0].text().size(), 1000u);
}

// 2^60 places, but 61 values.
TEST(Depth, OfSharedTuplesIsNotMultiplied) {
  const auto opened = open(CheckpointBuilder("]" + times("2\x86", 60)));
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->value_count(), 61u);
  EXPECT_LT(to_text(*opened, "x").size(), 100'000u);
  EXPECT_LT(to_json(*opened, "x").size(), 100'000u);
}

}  // namespace
