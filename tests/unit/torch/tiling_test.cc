// Boxes cover a tensor, each place once: checked against counting every element.
#include "torch/tiling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace {

using safe_load::base::Budget;
using safe_load::torch::Box;
using safe_load::torch::check_tiling;

std::string_view fault(const std::vector<std::int64_t>& sizes, const std::vector<Box>& boxes,
                       std::uint64_t work = 100'000) {
  Budget budget(work, "spent");
  const auto done = check_tiling(sizes, boxes, budget);
  return done ? "" : done.error().reason();
}

bool covers_each_once(const std::vector<std::int64_t>& sizes, const std::vector<Box>& boxes) {
  std::vector<int> times(static_cast<std::size_t>(sizes[0] * sizes[1]));
  for (const Box& box : boxes)
    for (std::int64_t row = box.offsets[0]; row < box.offsets[0] + box.sizes[0]; ++row)
      for (std::int64_t column = box.offsets[1]; column < box.offsets[1] + box.sizes[1]; ++column)
        ++times[static_cast<std::size_t>(row * sizes[1] + column)];
  return std::all_of(times.begin(), times.end(), [](int count) { return count == 1; });
}

TEST(Tiling, AgreesWithCounting) {
  std::mt19937 random(7);  // NOLINT(*-msc51-cpp): the same cases each time
  const auto below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(end));
  };
  int good = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::vector<std::int64_t> sizes = {2 + below(3), 2 + below(3)};
    const std::int64_t row = 1 + below(sizes[0] - 1);
    const std::int64_t column = 1 + below(sizes[1] - 1);
    std::vector<Box> boxes = {{{0, 0}, {row, column}},
                              {{0, column}, {row, sizes[1] - column}},
                              {{row, 0}, {sizes[0] - row, sizes[1]}}};
    Box& changed = boxes[static_cast<std::size_t>(below(3))];
    const auto axis = static_cast<std::size_t>(below(2));
    if (round % 2 == 0) changed.sizes[axis] = below(sizes[axis] - changed.offsets[axis] + 1);
    if (round % 3 == 0) changed.offsets[axis] = below(sizes[axis] - changed.sizes[axis] + 1);
    ASSERT_EQ(fault(sizes, boxes).empty(), covers_each_once(sizes, boxes)) << round;
    good += fault(sizes, boxes).empty() ? 1 : 0;
  }
  EXPECT_GT(good, 1000);
}

TEST(Tiling, OfOddTensors) {
  EXPECT_EQ(fault({}, {{{}, {}}}), "");
  EXPECT_EQ(fault({}, {}), "chunks leave a part of a tensor out");
  EXPECT_EQ(fault({}, {{{}, {}}, {{}, {}}}), "chunks of a tensor overlap");
  EXPECT_EQ(fault({0, 4}, {}), "");
  EXPECT_EQ(fault({4}, {{{0}, {4}}, {{4}, {0}}}), "");
  EXPECT_EQ(fault({4}, {{{0}, {5}}}), "a chunk that reaches out of its tensor");
  EXPECT_EQ(fault({4}, {{{-1}, {4}}}), "a chunk that reaches out of its tensor");
  EXPECT_EQ(fault({4}, {{{INT64_MAX}, {INT64_MAX}}}), "a chunk that reaches out of its tensor");
  EXPECT_EQ(fault({1LL << 40, 1LL << 40}, {}), "a tensor with more elements than can be counted");
  EXPECT_EQ(fault({-1}, {}), "a tensor with a negative size");
}

TEST(Tiling, PaysForItsWork) {
  std::vector<Box> boxes;
  for (std::int64_t i = 0; i < 1000; ++i) boxes.push_back({{0, i}, {1000, 1}});
  EXPECT_EQ(fault({1000, 1000}, boxes), "");  // columns: the busy dimension is the second
  EXPECT_EQ(fault({1000, 1000}, boxes, 1000), "spent");
}

}  // namespace
