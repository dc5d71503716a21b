// Bit flips: whatever one bit does to a file, opening ends within its limits in a clear error or in
// a checkpoint, and all of that checkpoint can be listed.
#include <gtest/gtest.h>
#include <safe_load/report.h>

#include <algorithm>
#include <chrono>

#include "property/fixtures.h"
#include "support/allocation_meter.h"
#include "support/guarded_buffer.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::Issue;
using safe_load::NamedTensor;

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

void expect_clear(const Issue& issue) {
  EXPECT_NE(issue.message, "");
  EXPECT_TRUE(is_printable(issue.text())) << testing::PrintToString(issue.text());
}

void list_everything(const Checkpoint& checkpoint) {
  EXPECT_TRUE(to_text(checkpoint, "x").ends_with('\n'));
  EXPECT_TRUE(to_json(checkpoint, "x").ends_with("}\n"));
  static_cast<void>(checkpoint.state_dict().ok());
  for (const auto& symbol : checkpoint.symbols()) EXPECT_TRUE(is_printable(symbol.name));
  for (const Issue& issue : checkpoint.issues()) expect_clear(issue);
  for (std::uint32_t i = 0; i < checkpoint.value_count(); ++i)
    static_cast<void>(summary(checkpoint.value(i)));
  for (const NamedTensor& row : checkpoint.tensors()) {
    const auto size = row.tensor.copy_size();
    if (!size || *size > (1u << 20)) continue;
    std::vector<std::byte> copy(static_cast<std::size_t>(*size));
    static_cast<void>(row.tensor.copy_bytes_to(copy).ok());
  }
}

// Opens the file with bit `bit` turned; says whether it opens.
bool survives_flip(const Fixture& fixture, std::size_t bit, const safe_load::OpenOptions& options) {
  std::string flipped = fixture.file;
  flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
  const GuardedBuffer buffer(flipped);
  const AllocationMeter meter;
  const auto opened = Checkpoint::open(buffer.bytes(), options);
  EXPECT_LE(meter.peak(), (std::size_t{16} << 20) + 64 * flipped.size());
  if (opened) {
    list_everything(*opened);
  } else {
    expect_clear(opened.error());
  }
  return opened.ok();
}

void expect_to_survive_flips(const Fixture& fixture, std::size_t stride) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t opened = 0;
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * fixture.file.size(); bit += stride) {
    const safe_load::OpenOptions options{.verify = bit % 2 == 1};
    ++(survives_flip(fixture, bit, options) ? opened : refused);
    if (testing::Test::HasFailure()) FAIL() << fixture.name << ", bit " << bit;
  }
  EXPECT_GT(opened, 0u) << fixture.name;
  EXPECT_GT(refused, 0u) << fixture.name;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120)) << fixture.name;
}

TEST(BitFlips, InSmallFilesEndWell) {
  for (const Fixture& fixture : small_fixtures()) expect_to_survive_flips(fixture, 1);
}

TEST(BitFlips, InOtherContainersEndWell) {
  for (const Fixture& fixture : container_fixtures())
    expect_to_survive_flips(fixture, fixture.name == "tar" ? 3 : 1);
}

TEST(BitFlips, InAFileOfTorchEndWell) { expect_to_survive_flips(example(), 53); }

// The container stays whole, so that every flip reaches the machine and the decoders.
TEST(BitFlips, InAPickleEndWell) {
  for (const std::string& pickle : {values_pickle(), tensors_pickle()})
    for (std::size_t bit = 0; bit < 8 * pickle.size(); ++bit) {
      std::string flipped = pickle;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      const auto opened = open(CheckpointBuilder::around(flipped)
                                   .storage("0", std::string(24, '\1'))
                                   .storage("1", std::string(8, '\1')));
      if (opened) {
        list_everything(*opened);
      } else {
        expect_clear(opened.error());
      }
      if (testing::Test::HasFailure()) FAIL() << "bit " << bit;
    }
}

}  // namespace
