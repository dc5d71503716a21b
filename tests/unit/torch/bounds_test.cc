// Bounds: rules B1 to B8 of docs/format/tensors.md, with the neighbours of every limit.
#include "torch/bounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using safe_load::torch::check_bounds;
using safe_load::torch::is_contiguous;
using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::uint64_t kAllBytes = std::numeric_limits<std::uint64_t>::max();

constexpr std::string_view kInside = "inside";
constexpr std::string_view kOutside = "a tensor that reaches out of its storage";
constexpr std::string_view kTooMany = "a tensor with more elements than can be counted";
constexpr std::string_view kNegativeStride = "a tensor with a negative stride";
constexpr std::string_view kNegativeSize = "a tensor with a negative size";

struct Case {
  Numbers sizes;
  Numbers strides;
  std::uint64_t offset;
  std::uint64_t element_size;
  std::uint64_t storage_bytes;
  std::string_view text;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto checked =
        check_bounds(c.sizes, c.strides, c.offset, c.element_size, c.storage_bytes);
    EXPECT_EQ(checked ? kInside : checked.error().reason(), c.text)
        << testing::PrintToString(c.sizes) << testing::PrintToString(c.strides) << c.offset;
  }
}

TEST(Bounds, TakesAsManyStridesAsSizes) {  // B1
  expect_all({
      {{}, {}, 0, 4, 4, kInside},
      {{2}, {}, 0, 4, 8, "a tensor with another number of strides than of sizes"},
      {{}, {1}, 0, 4, 8, "a tensor with another number of strides than of sizes"},
      {{2, 1}, {1}, 0, 4, 8, "a tensor with another number of strides than of sizes"},
      {{0}, {}, 0, 4, 0, "a tensor with another number of strides than of sizes"},
  });
}

TEST(Bounds, RejectsNegativeSizesAndHugeOffsets) {  // B2
  expect_all({
      {{-1}, {1}, 0, 4, 8, kNegativeSize},
      {{kLeast}, {1}, 0, 4, 8, kNegativeSize},
      {{0, -1}, {1, 1}, 0, 4, 8, kNegativeSize},
      {{0}, {1}, static_cast<std::uint64_t>(kMost), 4, 0, kInside},
      {{0}, {1}, static_cast<std::uint64_t>(kMost) + 1, 4, 0, "a tensor whose offset overflows"},
      {{1}, {1}, kAllBytes, 1, kAllBytes, "a tensor whose offset overflows"},
  });
}

TEST(Bounds, NeedsNoBytesForASizeOfZero) {  // B3
  expect_all({
      {{0}, {1}, 0, 4, 0, kInside},
      {{0}, {1}, std::uint64_t{1} << 62, 8, 0, kInside},
      {{3, 0}, {kMost, 1}, 0, 8, 0, kInside},
      {{kMost, 1, 0}, {kMost, kMost, kMost}, 5, 16, 0, kInside},
      {{0}, {-1}, 0, 4, 0, kInside},
  });
}

TEST(Bounds, LooksNotAtTheStrideOfASizeBelowTwo) {  // B4
  expect_all({
      {{1}, {-1}, 0, 4, 4, kInside},
      {{1}, {kLeast}, 0, 4, 4, kInside},
      {{1}, {kMost}, 0, 4, 4, kInside},
      {{2, 1, 3}, {3, 99, 1}, 0, 4, 24, kInside},
      {{2, 1, 3}, {3, 99, 1}, 0, 4, 23, kOutside},
  });
}

TEST(Bounds, RejectsANegativeStride) {  // B5
  expect_all({
      {{2}, {-1}, 0, 4, 8, kNegativeStride},
      {{2}, {-1}, 1, 4, 8, kNegativeStride},
      {{2}, {kLeast}, 0, 4, 8, kNegativeStride},
      {{1, 2}, {-1, -1}, 0, 4, 8, kNegativeStride},
      {{2, 0}, {-1, 1}, 0, 4, 0, kNegativeStride},
  });
}

TEST(Bounds, CountsToTheFarthestElement) {  // B6
  expect_all({
      {{}, {}, 0, 4, 3, kOutside},
      {{}, {}, 0, 4, 4, kInside},
      {{}, {}, 1, 4, 7, kOutside},
      {{}, {}, 1, 4, 8, kInside},
      {{}, {}, 0, 4, 0, kOutside},
      {{5}, {1}, 0, 4, 19, kOutside},
      {{5}, {1}, 0, 4, 20, kInside},
      {{5}, {1}, 3, 4, 31, kOutside},
      {{5}, {1}, 3, 4, 32, kInside},
      {{3}, {2}, 0, 1, 4, kOutside},
      {{3}, {2}, 0, 1, 5, kInside},
      {{3, 4}, {1, 3}, 0, 2, 23, kOutside},
      {{3, 4}, {1, 3}, 0, 2, 24, kInside},
      {{2, 2}, {5, 0}, 0, 8, 47, kOutside},
      {{2, 2}, {5, 0}, 0, 8, 48, kInside},
      {{7}, {0}, 0, 8, 8, kInside},
      {{1}, {1}, static_cast<std::uint64_t>(kMost), 1, std::uint64_t{1} << 63, kInside},
      {{1}, {1}, static_cast<std::uint64_t>(kMost), 1, (std::uint64_t{1} << 63) - 1, kOutside},
  });
}

TEST(Bounds, DoesNotOverflow) {  // B6 in numbers that wrap around in 64 bits
  expect_all({
      // (2^32 - 1) * 2^32 ... each product wraps to something small
      {{(std::int64_t{1} << 32) + 1}, {std::int64_t{1} << 32}, 0, 1, 8, kOutside},
      {{3}, {kMost}, 0, 1, kAllBytes, kInside},
      {{3}, {kMost}, 1, 1, kAllBytes, kOutside},
      {{2, 2, 2}, {kMost, kMost, 2}, 0, 1, kAllBytes, kOutside},
      {{2}, {std::int64_t{1} << 61}, 0, 8, 64, kOutside},
      {{1}, {1}, (std::uint64_t{1} << 61) - 1, 8, 16, kOutside},
      {{1}, {1}, std::uint64_t{1} << 60, 16, 16, kOutside},
  });
}

TEST(Bounds, CountsElementsInSixtyThreeBits) {  // B7
  const std::int64_t half = std::int64_t{1} << 31;
  const std::int64_t whole = std::int64_t{1} << 32;
  expect_all({
      {{kMost}, {0}, 0, 4, 4, kInside},
      {{half, half}, {0, 0}, 0, 4, 4, kInside},
      {{half, half, 2}, {0, 0, 0}, 0, 4, 4, kTooMany},
      {{half, whole}, {0, 0}, 0, 4, 4, kTooMany},
      {{whole, whole}, {0, 0}, 0, 4, 4, kTooMany},
      {{whole, whole, whole}, {0, 0, 0}, 0, 4, 4, kTooMany},
      {{whole, whole, 0}, {0, 0, 1}, 0, 4, 0, kTooMany},
      {{whole, half, 0}, {0, 0, 1}, 0, 4, 0, kTooMany},
      {{half, half, 0}, {0, 0, 1}, 0, 4, 0, kInside},
  });
}

TEST(Bounds, LetsAFewBytesStandForMany) {  // B8
  expect_all({{{1'000'000'000'000}, {0}, 0, 4, 4, kInside}});
}

TEST(Bounds, HoldForEveryTensorThatFitsItsStorage) {
  // Against a count by brute force: all 1- and 2-dimensional tensors in a storage of 6 elements.
  for (std::int64_t rows = 0; rows < 4; ++rows)
    for (std::int64_t columns = 0; columns < 4; ++columns)
      for (std::int64_t step = 0; step < 5; ++step)
        for (std::int64_t stride = 0; stride < 5; ++stride)
          for (std::int64_t offset = 0; offset < 7; ++offset) {
            std::int64_t farthest = -1;
            for (std::int64_t i = 0; i < rows; ++i)
              for (std::int64_t j = 0; j < columns; ++j)
                farthest = std::max(farthest, offset + i * step + j * stride);
            const bool fits = check_bounds(Numbers{rows, columns}, Numbers{step, stride},
                                           static_cast<std::uint64_t>(offset), 2, 12)
                                  .ok();
            ASSERT_EQ(fits, farthest < 6)
                << rows << columns << ' ' << step << stride << ' ' << offset;
          }
}

TEST(Contiguous, MeansRowMajorWithoutGaps) {
  const struct {
    Numbers sizes;
    Numbers strides;
    bool contiguous;
  } cases[] = {
      {{}, {}, true},
      {{3}, {1}, true},
      {{3}, {2}, false},
      {{3}, {0}, false},
      {{2, 3}, {3, 1}, true},
      {{2, 3}, {1, 2}, false},
      {{2, 3}, {4, 1}, false},
      {{2, 1, 3}, {3, 99, 1}, true},
      {{1, 1}, {-7, 0}, true},
      {{1, 3}, {0, 1}, true},
      {{0, 3}, {9, 9}, true},
      {{3, 0}, {-1, 5}, true},
      {{2, 3, 4, 5}, {60, 1, 15, 3}, false},  // channels last
      {{2, 1, 4, 5}, {20, 1, 5, 1}, true},    // of one channel: both at once
  };
  for (const auto& c : cases)
    EXPECT_EQ(is_contiguous(c.sizes, c.strides), c.contiguous)
        << testing::PrintToString(c.sizes) << testing::PrintToString(c.strides);
}

}  // namespace
