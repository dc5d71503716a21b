// TensorView::statistics over a source: in pieces, and never of other bytes than the program sees.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/allocation_meter.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::Statistics;

// Bytes that are read where they are wanted; counts and bounds the reads.
class Watched final : public safe_load::Source {
 public:
  explicit Watched(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset > size() || into.size() > size() - offset)
      return safe_load::Error(safe_load::ErrorCode::kTruncated, "the end", offset);
    if (fails && into.size() > 4096) return safe_load::Error(safe_load::ErrorCode::kIo, "no luck");
    most = std::max(most, into.size());
    total += into.size();
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }
  bool fails = false;
  mutable std::size_t most = 0;
  mutable std::uint64_t total = 0;

 private:
  std::string bytes_;
};

constexpr std::int64_t kRows = 5000;
constexpr std::int64_t kColumns = 2500;  // 50 MB of floats

std::string numbers() {
  std::string bytes(sizeof(float) * kRows * kColumns, '\0');
  for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    const auto value = static_cast<float>(i % 1000);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return bytes;
}

std::shared_ptr<Watched> watched(const std::string& value, const std::string& bytes,
                                 const std::string& order = "little") {
  return std::make_shared<Watched>(
      CheckpointBuilder(value).storage("0", bytes).record("byteorder", order).build());
}

void expect_the_numbers(const Statistics& found) {
  EXPECT_EQ(found.count, static_cast<std::uint64_t>(kRows * kColumns));
  EXPECT_EQ(found.minimum, 0);
  EXPECT_EQ(found.maximum, 999);
  EXPECT_NEAR(found.mean, 499.5, 1e-9);
  EXPECT_NEAR(found.standard_deviation, 288.675, 1e-3);
}

const std::string kMatrix = storage("0", kRows* kColumns);

TEST(StatisticsOfASource, TakeOnePieceOfMemoryAndReadEachByteOnce) {
  const std::string bytes = numbers();
  for (const std::string& value : {tensor(kMatrix, 0, {kRows, kColumns}, {kColumns, 1}),
                                   tensor(kMatrix, 0, {kColumns, kRows}, {1, kColumns})}) {
    const auto source = watched(value, bytes);
    const auto opened = Checkpoint::open(source);
    ASSERT_TRUE(opened);
    source->total = source->most = 0;
    const AllocationMeter meter;
    const auto found = opened->root().tensor()->statistics();
    ASSERT_TRUE(found);
    expect_the_numbers(*found);
    EXPECT_LE(source->most, std::size_t{16} << 20);
    EXPECT_EQ(source->total, bytes.size());
    EXPECT_LE(meter.peak(), std::size_t{17} << 20);
  }
}

TEST(StatisticsOfASource, SwapBytesOfAForeignFile) {
  std::string bytes = numbers();
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(float))
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + sizeof(float)));
  const auto opened =
      Checkpoint::open(watched(tensor(kMatrix, 0, {kRows, kColumns}, {kColumns, 1}), bytes, "big"));
  ASSERT_TRUE(opened);
  expect_the_numbers(*opened->root().tensor()->statistics());
}

TEST(StatisticsOfASource, AreThoseOfWhatTheProgramWrote) {
  constexpr std::int64_t kCount = 20'000;  // of a file that is not small enough to be read whole
  const auto opened = Checkpoint::open(
      watched(tensor(storage("0", kCount), 0, {kCount}, {1}), std::string(kCount * 4, '\0')));
  ASSERT_TRUE(opened);
  const auto zeros = *opened->root().tensor();
  const float seven = 7;
  {
    const auto shared = zeros.storage().share();
    ASSERT_TRUE(shared);
    std::memcpy(shared->bytes.data(), &seven, sizeof seven);
    EXPECT_EQ(zeros.statistics()->maximum, 7);
  }
  EXPECT_EQ(zeros.statistics()->maximum, 0);  // nobody has the bytes any more
  std::memcpy(zeros.storage().writable_bytes()->data(), &seven, sizeof seven);
  EXPECT_EQ(zeros.statistics()->maximum, 7);
}

TEST(StatisticsOfASource, SayWhyTheyCannotBeRead) {
  const auto source = watched(tensor(kMatrix, 0, {kRows, kColumns}, {kColumns, 1}), numbers());
  const auto opened = Checkpoint::open(source);
  ASSERT_TRUE(opened);
  source->fails = true;
  const auto found = opened->root().tensor()->statistics();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), safe_load::ErrorCode::kIo);
}

}  // namespace
