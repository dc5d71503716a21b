// Pool and Budget: runs stay in one piece, nothing moves, and everything is paid for.
#include "base/pool.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using safe_load::ErrorCode;
using safe_load::base::Budget;
using safe_load::base::HeapBlocks;
using safe_load::base::Pool;

constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;

TEST(Budget, GivesExactlyWhatItHas) {
  Budget budget(10, "spent");
  EXPECT_TRUE(budget.take(7).ok());
  EXPECT_TRUE(budget.take(0).ok());
  const auto refused = budget.take(4);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(refused.error().reason(), "spent");
  EXPECT_EQ(budget.used(), 7u);  // what was refused is not charged
  EXPECT_TRUE(budget.take(3).ok());
  EXPECT_FALSE(budget.take(1).ok());
}

TEST(Budget, RefusesAmountsThatWouldWrap) {
  Budget budget(10, "spent");
  ASSERT_TRUE(budget.take(5).ok());
  EXPECT_FALSE(budget.take(~std::uint64_t{0}).ok());
  EXPECT_FALSE(budget.take(~std::uint64_t{0} - 4).ok());
}

TEST(Pool, NumbersItemsInOrderAndNeverMovesThem) {
  Budget budget(kMuch, "spent");
  HeapBlocks blocks;
  Pool<std::uint32_t> pool(budget, blocks, 0);
  ASSERT_EQ(*pool.add(7), 0u);
  const std::uint32_t* const first = &pool[0];
  for (std::uint32_t i = 1; i < 100'000; ++i) ASSERT_EQ(*pool.add(i), i);
  EXPECT_EQ(&pool[0], first);
  EXPECT_EQ(pool[0], 7u);
  EXPECT_EQ(pool[99'999], 99'999u);
  EXPECT_EQ(pool.size(), 100'000u);
}

TEST(Pool, KeepsEveryRunInOnePiece) {
  Budget budget(kMuch, "spent");
  HeapBlocks blocks;
  Pool<std::uint32_t> pool(budget, blocks, 0);  // chunks of 1,024
  for (const std::uint32_t count : {1u, 1023u, 1024u, 1000u, 25u, 5000u, 1u}) {
    const auto index = pool.allocate(count);
    ASSERT_TRUE(index.ok());
    const auto run = pool.run(*index, count);
    std::fill(run.begin(), run.end(), count);
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(pool[*index + i], count);
    EXPECT_EQ(&pool[*index + count - 1] - &pool[*index], std::ptrdiff_t{count} - 1);
  }
}

TEST(Pool, GivesAnEmptyRunWithoutMemory) {
  Budget budget(0, "spent");
  HeapBlocks blocks;
  Pool<std::uint32_t> pool(budget, blocks, 0);
  EXPECT_EQ(*pool.allocate(0), 0u);
  EXPECT_TRUE(pool.run(0, 0).empty());
  EXPECT_EQ(budget.used(), 0u);
}

TEST(Pool, PaysForWholeChunksBeforeItTakesThem) {
  Budget budget(8192, "spent");
  HeapBlocks blocks;
  Pool<std::uint32_t> pool(budget, blocks, 0);  // chunks of 4 KiB
  ASSERT_TRUE(pool.add(1).ok());
  EXPECT_EQ(budget.used(), 4096u);
  ASSERT_TRUE(pool.allocate(1023).ok());
  EXPECT_EQ(budget.used(), 4096u);
  ASSERT_TRUE(pool.add(2).ok());
  EXPECT_EQ(budget.used(), 8192u);
  EXPECT_EQ(pool.allocate(1024).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(pool.size(), 1025u);
}

TEST(Pool, RefusesMoreItemsThanIndicesCanName) {
  Budget budget(~std::uint64_t{0}, "spent");
  HeapBlocks blocks;
  Pool<char> pool(budget, blocks, 0);
  const auto refused = pool.allocate(std::uint64_t{1} << 32);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_FALSE(pool.allocate(~std::uint64_t{0} - 5000).ok());
}

}  // namespace
