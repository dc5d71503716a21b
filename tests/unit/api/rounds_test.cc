// How often a source that is far away is asked, and for how much.
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>
#include <safe_load/scan.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "support/checkpoint_builder.h"
#include "support/counting_source.h"
#include "support/distributed_builder.h"
#include "support/legacy_builder.h"
#include "support/safetensors_builder.h"
#include "support/tar_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::Verdict;

constexpr int kTensors = 400;
constexpr int kElements = 5000;  // so many that each record is farther from the next than a window

std::string weights() { return std::string(kElements * sizeof(float), '\1'); }

std::string key(int i) { return std::to_string(i); }

// A dict of `count` tensors, each on the storage that `storage` gives for its key.
std::string dict_of_tensors(int count,
                            const std::function<std::string(const std::string&)>& storage) {
  std::string items = "}(";
  for (int i = 0; i < count; ++i)
    items += text("layer." + key(i)) + tensor(storage(key(i)), 0, {kElements}, {1});
  return items + "u";
}

std::string zip_of_tensors() {
  CheckpointBuilder file(
      dict_of_tensors(kTensors, [](const std::string& k) { return storage(k, kElements); }));
  for (int i = 0; i < kTensors; ++i) file.storage(key(i), weights());
  return file.record("byteorder", "little").build();
}

std::string legacy_of_tensors() {
  LegacyBuilder file(
      dict_of_tensors(kTensors, [](const std::string& k) { return legacy_storage(k, kElements); }));
  for (int i = 0; i < kTensors; ++i) file.storage(key(i), weights());
  return file.build();
}

std::string safetensors_of_tensors() {
  std::string header;
  std::string data;
  for (int i = 0; i < kTensors; ++i) {
    const auto begin = static_cast<std::int64_t>(data.size());
    data += weights();
    header += (i == 0 ? "{" : ",") + safetensors_entry("layer." + key(i), "F32", {kElements}, begin,
                                                       static_cast<std::int64_t>(data.size()));
  }
  return safetensors(header + "}", data);
}

std::string zip_of_arrays() {
  ZipBuilder file;
  const std::string header = std::string("\x93NUMPY\1\0v\0", 10) +
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (5000,), }";
  for (int i = 0; i < 20; ++i)
    file.stored("layer" + key(i) + ".npy",
                header + std::string(127 - header.size(), ' ') + "\n" + weights());
  return file.build();
}

struct Cost {
  int rounds = 0;
  std::uint64_t bytes = 0;
};

void print(const std::string& what, const Cost& cost, std::size_t file_size) {
  std::printf("%-24s %3d rounds, %9llu of %9zu bytes\n", what.c_str(), cost.rounds,
              static_cast<unsigned long long>(cost.bytes), file_size);
}

Cost cost_of(const CountingSource& source) { return {source.rounds(), source.bytes_fetched()}; }

// Opens it, and holds what was told against what was read.
Cost open_from_afar(const std::string& what, const std::string& file, std::size_t tensors) {
  const auto source = std::make_shared<CountingSource>(file);
  const auto opened = Checkpoint::open(source);
  EXPECT_TRUE(opened.ok()) << opened.error();
  if (!opened) return {};
  EXPECT_EQ(opened->tensors().size(), tensors) << what;
  EXPECT_EQ(source->told_in_vain().text(), "") << what;
  const Cost cost = cost_of(*source);
  print("open " + what, cost, file.size());
  return cost;
}

Cost scan_from_afar(const std::string& what, const std::string& file) {
  const CountingSource source(file);
  const auto report = safe_load::scan(source);
  EXPECT_EQ(report.verdict, Verdict::kSafe) << what;
  EXPECT_EQ(source.told_in_vain().text(), "") << what;
  const Cost cost = cost_of(source);
  print("scan " + what, cost, file.size());
  return cost;
}

TEST(Rounds, AZipFileOfManyTensorsTakesThree) {
  const std::string file = zip_of_tensors();
  const Cost opened = open_from_afar("zip", file, kTensors);
  EXPECT_LE(opened.rounds, 3);
  EXPECT_LE(opened.bytes, 256u << 10);
  const Cost scanned = scan_from_afar("zip", file);
  EXPECT_LE(scanned.rounds, 3);
  EXPECT_LE(scanned.bytes, 256u << 10);
}

TEST(Rounds, ALegacyFileIsReadInStepsThatDouble) {
  const std::string file = legacy_of_tensors();
  // The ends, 64 and then 128 KiB of pickle, the counts of all storages.
  const Cost opened = open_from_afar("legacy", file, kTensors);
  EXPECT_LE(opened.rounds, 4);
  EXPECT_LE(opened.bytes, 256u << 10);
  EXPECT_LE(scan_from_afar("legacy", file).rounds, 4);
}

TEST(Rounds, ASafetensorsFileTakesTwo) {
  const std::string file = safetensors_of_tensors();
  EXPECT_LE(open_from_afar("safetensors", file, kTensors).rounds, 2);
  EXPECT_LE(scan_from_afar("safetensors", file).rounds, 4);
}

TEST(Rounds, AnArchiveOfArraysTakesAFew) {
  const auto source = std::make_shared<CountingSource>(zip_of_arrays());
  const auto opened = Checkpoint::open(source);
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->root().items().size(), 40u);
  EXPECT_LE(source->rounds(), 3);  // the ends, the heads, the arrays
  EXPECT_EQ(source->told_in_vain().text(), "");
  print("open npz", cost_of(*source), source->size());
}

// The header of each member tells where the next one begins.
TEST(Rounds, ATarFileTakesOneForEachMember) {
  TarBuilder file;
  for (int i = 0; i < 20; ++i)
    file.member("m" + key(i) + ".pt",
                CheckpointBuilder(tensor(storage("0", kElements), 0, {2}, {1}))
                    .storage("0", weights())
                    .build());
  const auto source = std::make_shared<CountingSource>(file.build());
  const auto opened = Checkpoint::open(source);
  ASSERT_TRUE(opened.ok()) << opened.error();
  print("open tar", cost_of(*source), source->size());
}

// Whoever has bytes somewhere reads one tensor with that tensor's bytes.
TEST(Rounds, OneTensorCostsItsBytes) {
  for (const std::string& file :
       {zip_of_tensors(), legacy_of_tensors(), safetensors_of_tensors()}) {
    const auto source = std::make_shared<CountingSource>(file);
    const auto opened = Checkpoint::open(source);
    ASSERT_TRUE(opened.ok()) << opened.error();
    const Cost before = cost_of(*source);
    const auto tensors = opened->tensors();
    const auto span = tensors[7].tensor.as_span<float>();
    ASSERT_TRUE(span.ok()) << span.error().reason();
    EXPECT_EQ(span->size(), std::size_t{kElements});
    EXPECT_LE(cost_of(*source).bytes - before.bytes, weights().size());
    EXPECT_EQ(cost_of(*source).rounds - before.rounds, 1);
  }
}

// What is told for many tensors comes in one journey.
TEST(Rounds, ManyTensorsAreToldTogether) {
  const auto source = std::make_shared<CountingSource>(zip_of_tensors());
  const auto opened = Checkpoint::open(source);
  ASSERT_TRUE(opened.ok()) << opened.error();
  const int before = source->rounds();
  std::vector<std::uint32_t> all(opened->storage_count());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  opened->read_ahead(all);
  EXPECT_EQ(source->rounds() - before, 1);
}

// Counts reads, and fails those that reach over some byte.
class Reads final : public safe_load::Source {
 public:
  explicit Reads(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    ++count;
    if (offset <= broken && broken < offset + into.size())
      return safe_load::Error(safe_load::ErrorCode::kIo, "a bad sector");
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }
  mutable std::atomic<int> count = 0;
  std::uint64_t broken = ~std::uint64_t{0};

 private:
  std::string bytes_;
};

// 3,000 storages, of which each holds its own number, some times; the largest are no neighbours of
// others.
TEST(Rounds, SmallStoragesThatStandSideBySideAreReadAtOnce) {
  constexpr int kSmall = 3000;
  const auto length = [](int i) { return i % 500 == 0 ? 30'000 : 1 + i % 40; };
  std::string items = "}(";
  for (int i = 0; i < kSmall; ++i)
    items += text(key(i)) + tensor(storage(key(i), length(i)), 0, {length(i)}, {1});
  CheckpointBuilder builder(items + "u");
  for (int i = 0; i < kSmall; ++i) {
    std::string numbers;
    for (int j = 0; j < length(i); ++j) numbers += raw<float>({static_cast<float>(i)});
    builder.storage(key(i), numbers);
  }
  const std::string file = builder.build();
  for (const bool is_broken : {false, true}) {
    const auto source = std::make_shared<Reads>(file);
    const auto opened = Checkpoint::open(source);
    ASSERT_TRUE(opened.ok()) << opened.error();
    const auto tensors = opened->tensors();
    constexpr std::size_t kBroken = 1234;
    if (is_broken) source->broken = tensors[kBroken].tensor.file_offset();
    const int before = source->count;
    std::vector<std::uint32_t> all(opened->storage_count());
    for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    opened->read_ahead(all);
    EXPECT_LE(source->count - before, 40);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      std::vector<float> found(static_cast<std::size_t>(length(static_cast<int>(i))));
      const auto copied = tensors[i].tensor.copy_to(std::span(found));
      ASSERT_EQ(copied.ok(), !is_broken || i != kBroken) << i;
      if (!copied) continue;
      ASSERT_EQ(found, std::vector<float>(found.size(), static_cast<float>(i)));
    }
  }
}

// A file with others beside it.
class Folder final : public safe_load::Source {
 public:
  using Files = std::map<std::string, std::shared_ptr<CountingSource>, std::less<>>;
  Folder(Files files, const std::string& name) : files_(std::move(files)), own_(files_.at(name)) {}

  std::uint64_t size() const override { return own_->size(); }
  safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    return own_->read_at(offset, into);
  }
  void will_read(std::span<const safe_load::ByteRange> ranges) const override {
    own_->will_read(ranges);
  }
  std::string name() const override { return own_->name(); }
  safe_load::Result<std::shared_ptr<const Source>> sibling(std::string_view name) const override {
    const auto found = files_.find(name);
    if (found == files_.end())
      return safe_load::Error(safe_load::ErrorCode::kIo, "no such file").about(name);
    return std::shared_ptr<const Source>(found->second);
  }

 private:
  Files files_;
  std::shared_ptr<CountingSource> own_;
};

TEST(Rounds, ASetIsOpenedThroughItsIndex) {
  const std::string index = "model.safetensors.index.json";
  const std::string name = "model-00001-of-00001.safetensors";
  Folder::Files files;
  files[index] =
      std::make_shared<CountingSource>(R"({"weight_map": {"w": ")" + name + "\"}}", index);
  files[name] = std::make_shared<CountingSource>(
      safetensors(json_object({safetensors_entry("w", "F32", {2}, 0, 8)}), raw<float>({1, 2})),
      name);
  const auto opened = Checkpoint::open(std::make_shared<Folder>(files, index));
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto values = opened->root()["w"].tensor()->as_span<float>();
  ASSERT_TRUE(values.ok());
  EXPECT_EQ((*values)[1], 2.0f);
  print("open shard of a set", cost_of(*files[name]), files[name]->size());

  files.erase(name);
  const auto missing = Checkpoint::open(std::make_shared<Folder>(files, index));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, safe_load::ErrorCode::kIo);
}

TEST(Rounds, ADistributedCheckpointIsOpenedThroughItsMetadata) {
  DistributedBuilder folder;
  for (int i = 0; i < 20; ++i) {
    constexpr std::int64_t kHalf = 50'000;
    const std::vector<float> half(kHalf, 1.0f);
    folder.tensor("w" + key(i), {2 * kHalf}, {{{0}, {kHalf}, half}, {{kHalf}, {kHalf}, half}});
  }
  const std::string data(DistributedBuilder::kData);
  Folder::Files files;
  files[".metadata"] = std::make_shared<CountingSource>(folder.metadata(), ".metadata");
  files[data] = std::make_shared<CountingSource>(folder.data(), data);
  const auto opened = Checkpoint::open(std::make_shared<Folder>(files, ".metadata"));
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->tensors().size(), 20u);
  print("open metadata of DCP", cost_of(*files[".metadata"]), files[".metadata"]->size());
  print("open data of DCP", cost_of(*files[data]), files[data]->size());
  const int before = files[data]->rounds();
  const auto values = opened->root()["w7"].tensor()->as_span<float>();
  ASSERT_TRUE(values.ok()) << values.error().reason();
  EXPECT_EQ(files[data]->rounds() - before, 1);  // both pieces
}

}  // namespace
