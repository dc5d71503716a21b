// Folders of torch.distributed.checkpoint: tensors are put together from their chunks, and whatever
// the metadata claim, nothing is made up. python/tests/test_distributed.py compares with torch.
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>

#include <algorithm>
#include <numeric>

#include "support/checkpoint_builder.h"
#include "support/distributed_builder.h"
#include "support/temporary_file.h"
#include "support/temporary_folder.h"

namespace {

using namespace test_support;
using safe_load::Access;
using safe_load::Checkpoint;

constexpr std::string_view kData = DistributedBuilder::kData;

// The numbers 0 to 11 as 3 x 4, in chunks.
DistributedBuilder by_rows() {
  return DistributedBuilder().tensor(
      "w", {3, 4}, {{{0, 0}, {2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}}, {{2, 0}, {1, 4}, {8, 9, 10, 11}}});
}

DistributedBuilder by_columns() {
  return DistributedBuilder().tensor(
      "w", {3, 4}, {{{0, 0}, {3, 1}, {0, 4, 8}}, {{0, 1}, {3, 3}, {1, 2, 3, 5, 6, 7, 9, 10, 11}}});
}

// "" if the folder holds that tensor alone, else what is wrong.
std::string fault(const TemporaryFolder& folder, const safe_load::OpenOptions& options = {}) {
  const auto opened = Checkpoint::open(folder.path(), options);
  if (!opened) return opened.error().message;
  if (!opened->issues().empty()) return opened->issues()[0].text();
  const auto tensors = opened->tensors();
  if (tensors.size() != 1) return "count";
  const safe_load::Dims shape = tensors[0].tensor.shape();
  if (shape.size() != 2 || shape[0] != 3 || shape[1] != 4) return "shape";
  const auto found = tensors[0].tensor.as_span<float>();
  if (!found) return std::string(found.error().reason());
  std::vector<float> expected(12);
  std::iota(expected.begin(), expected.end(), 0.0f);
  return std::equal(found->begin(), found->end(), expected.begin(), expected.end()) ? "" : "values";
}

std::string fault(const DistributedBuilder& builder) {
  TemporaryFolder folder;
  builder.fill(folder);
  return fault(folder);
}

TEST(DistributedFolders, PutTensorsTogether) {
  for (const DistributedBuilder& builder : {by_rows(), by_columns()}) {
    TemporaryFolder folder;
    builder.fill(folder);
    for (const Access access : {Access::kAutomatic, Access::kMapped, Access::kCopied})
      for (const bool verify : {false, true})
        EXPECT_EQ(fault(folder, {.access = access, .verify = verify}), "");
  }
}

TEST(DistributedFolders, TakeChunksOfAnyByteOrder) {
  const auto swapped = [](float value) {
    std::string bytes = raw<float>({value});
    std::reverse(bytes.begin(), bytes.end());
    float result = 0;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&result));
    return result;
  };
  std::vector<float> right;
  for (const float value : {1.f, 2.f, 3.f, 5.f, 6.f, 7.f, 9.f, 10.f, 11.f})
    right.push_back(swapped(value));
  DistributedBuilder builder;
  builder.byte_order("big").tensor(
      "w", {3, 4},
      {{{0, 0}, {3, 1}, {swapped(0), swapped(4), swapped(8)}}, {{0, 1}, {3, 3}, right}});
  EXPECT_EQ(fault(builder), "");
}

TEST(DistributedFolders, RebuildTheTree) {
  DistributedBuilder builder = by_rows();
  builder.value("opt.0.lr", real(0.5))
      .path("opt.0.lr", tuple({text("opt"), integer(0), text("lr")}));
  builder.value("opt.1.lr", real(1.5))
      .path("opt.1.lr", tuple({text("opt"), integer(1), text("lr")}));
  TemporaryFolder folder;
  builder.fill(folder);
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_TRUE(opened->issues().empty()) << opened->issues()[0];
  EXPECT_EQ(opened->container().format, safe_load::Format::kDistributed);
  EXPECT_EQ(opened->root()["opt"][1]["lr"].get_or(0.0), 1.5);
  EXPECT_EQ(opened->root()["opt"].size(), 2u);
}

TEST(DistributedFolders, NameChunksThatDoNotFit) {
  using Chunk = DistributedBuilder::Chunk;
  const Chunk upper{{0, 0}, {2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}};
  const Chunk lower{{1, 0}, {2, 4}, {4, 5, 6, 7, 8, 9, 10, 11}};
  const auto of = [](const std::vector<Chunk>& chunks) {
    return fault(DistributedBuilder().tensor("w", {3, 4}, chunks));
  };
  EXPECT_NE(of({upper}).find("chunks leave a part of a tensor out"), std::string::npos);
  EXPECT_NE(of({upper, lower}).find("chunks of a tensor overlap"), std::string::npos);
  EXPECT_NE(
      of({upper, {{2, 0}, {2, 4}, lower.values}}).find("a chunk that reaches out of its tensor"),
      std::string::npos);
  EXPECT_NE(of({upper, {{2}, {1}, {8}}}).find("another number of dimensions"), std::string::npos);
  EXPECT_NE(of({upper, {{2, 0}, {1, 4}, {8, 9, 10}}}).find("reaches out of its storage"),
            std::string::npos);
}

TEST(DistributedFolders, GiveEmptyTensorsTheirShape) {
  TemporaryFolder folder;
  DistributedBuilder().tensor("w", {0, 4}, {{{0, 0}, {0, 2}, {}}}).fill(folder);
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_EQ(opened->tensors().size(), 1u);
  const safe_load::Dims shape = opened->tensors()[0].tensor.shape();
  ASSERT_EQ(shape.size(), 2u);
  EXPECT_EQ(shape[1], 4);
}

TEST(DistributedFolders, NeverTakeTruncatedFiles) {
  TemporaryFolder folder;
  const DistributedBuilder builder = by_columns();
  builder.fill(folder);
  const std::string metadata = builder.metadata();
  for (std::size_t size = 0; size < metadata.size(); ++size) {
    folder.file(".metadata", metadata.substr(0, size));
    ASSERT_NE(fault(folder), "") << ".metadata cut at " << size;
  }
  builder.fill(folder);
  for (std::size_t size = 0; size < builder.data().size(); ++size) {
    folder.file(kData, builder.data().substr(0, size));
    ASSERT_NE(fault(folder), "") << kData << " cut at " << size;
  }
}

// A flipped bit of the metadata may give another name or path, never other numbers.
TEST(DistributedFolders, NeverTakeFlippedBitsForNumbers) {
  TemporaryFolder folder;
  const DistributedBuilder builder = by_columns();
  const auto flip = [&](std::string_view name, const std::string& content) {
    builder.fill(folder);
    for (std::size_t i = 0; i < content.size(); ++i) {
      std::string flipped = content;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      folder.file(name, flipped);
      ASSERT_NE(fault(folder, {.verify = true}), "values") << name << " at " << i;
    }
  };
  flip(".metadata", builder.metadata());
  flip(kData, builder.data());
}

TEST(DistributedFolders, HandOutNothingOfADamagedChunk) {
  TemporaryFolder folder;
  const DistributedBuilder builder = by_columns();
  builder.fill(folder);
  std::string damaged = builder.data();
  const std::size_t value = damaged.find(raw<float>({9, 10, 11}));
  ASSERT_NE(value, std::string::npos);
  damaged[value] = '\1';
  folder.file(kData, damaged);
  const auto opened = Checkpoint::open(folder.path(), {.verify = true});
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_TRUE(opened->issues()[0].member.starts_with(kData)) << opened->issues()[0].member;
  ASSERT_EQ(opened->tensors().size(), 1u);
  EXPECT_FALSE(opened->tensors()[0].tensor.as_span<float>().ok());
}

}  // namespace
