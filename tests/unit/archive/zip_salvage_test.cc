#include "archive/zip_salvage.h"

#include <gtest/gtest.h>

#include "support/guarded_buffer.h"
#include "support/zip_builder.h"

namespace {

using safe_load::archive::ends_in_directory;
using safe_load::archive::read_salvaged;
using safe_load::archive::salvage_zip;
using safe_load::archive::Salvaged;
using safe_load::base::MemorySource;
using test_support::GuardedBuffer;
using test_support::ZipBuilder;

constexpr std::uint64_t kMost = 1 << 20;

std::string content(const MemorySource& source, const Salvaged& found, std::size_t record) {
  const auto bytes = read_salvaged(source, found.records[record], kMost);
  return bytes ? std::string(safe_load::base::as_text(*bytes))
               : std::string(bytes.error().reason());
}

TEST(ZipSalvage, FindsRecordsWithAndWithoutADirectory) {
  const std::string whole = ZipBuilder().stored("a", "one").deflated("b", "two two two").build();
  const std::size_t directory = whole.find("PK\1\2");
  for (const std::string& file : {whole, whole.substr(0, directory)}) {
    const GuardedBuffer buffer(file);
    const MemorySource source(buffer.bytes());
    const Salvaged found = salvage_zip(source);
    ASSERT_EQ(found.records.size(), 2u);
    EXPECT_EQ(found.has_directory, file.size() == whole.size());
    EXPECT_EQ(found.records[1].name, "b");
    EXPECT_EQ(content(source, found, 0), "one");
    EXPECT_EQ(content(source, found, 1), "two two two");
  }
}

TEST(ZipSalvage, KeepsBothNames) {
  const std::string file =
      ZipBuilder().stored("real", "x").lie([](auto& entry) { entry.local.name = "fake"; }).build();
  const GuardedBuffer buffer(file);
  const Salvaged found = salvage_zip(MemorySource(buffer.bytes()));
  ASSERT_EQ(found.records.size(), 1u);
  EXPECT_EQ(found.records[0].name, "fake");
  EXPECT_EQ(found.records[0].directory_name, "real");
}

TEST(ZipSalvage, TakesARecordWithoutASizeUpToTheNext) {
  const auto unsized = [](auto& entry) {
    entry.local.flags = 8;
    entry.local.size = entry.local.compressed_size = 0;
  };
  const std::string whole = ZipBuilder().stored("a", "one").lie(unsized).stored("b", "two").build();
  const std::string file = whole.substr(0, whole.find("PK\1\2"));
  const GuardedBuffer buffer(file);
  const MemorySource source(buffer.bytes());
  const Salvaged found = salvage_zip(source);
  ASSERT_EQ(found.records.size(), 2u);
  EXPECT_EQ(content(source, found, 0), "one");
  EXPECT_EQ(content(source, found, 1), "two");
}

TEST(ZipSalvage, TakesTheFlagsOfBothHeaders) {
  for (const bool in_directory : {true, false}) {
    const std::string file =
        ZipBuilder()
            .stored("a", "one")
            .lie([&](auto& entry) { (in_directory ? entry.central : entry.local).flags = 1; })
            .build();
    const GuardedBuffer buffer(file);
    const Salvaged found = salvage_zip(MemorySource(buffer.bytes()));
    ASSERT_EQ(found.records.size(), 1u);
    EXPECT_TRUE(found.records[0].is_marked_encrypted());
  }
}

TEST(ZipSalvage, InflatesNoMoreThanItMay) {
  const std::string file = ZipBuilder().deflated("a", std::string(100'000, 'x')).build();
  const GuardedBuffer buffer(file);
  const MemorySource source(buffer.bytes());
  const Salvaged found = salvage_zip(source);
  EXPECT_FALSE(read_salvaged(source, found.records[0], 1000).ok());
  EXPECT_EQ(read_salvaged(source, found.records[0], 100'000)->size(), 100'000u);
}

TEST(ZipSalvage, KnowsWhetherAFileEndsInADirectory) {
  const std::string zip = ZipBuilder().stored("a", "one").build();
  for (const auto& [file, is_zip] : {std::pair<std::string, bool>{zip, true},
                                     {"something else" + zip, true},
                                     {zip + "some bytes behind", true},
                                     {zip + "PK\5\6" + std::string(18, '\0'), true},
                                     {"PK\5\6" + std::string(18, '\0'), false},
                                     {"nothing of that kind", false},
                                     {"", false}}) {
    const GuardedBuffer buffer(file);
    EXPECT_EQ(ends_in_directory(MemorySource(buffer.bytes())), is_zip) << file;
  }
}

TEST(ZipSalvage, EveryTruncationAndFlipStaysInside) {
  const std::string file = ZipBuilder().stored("a", "one").deflated("b", "two two").zip64().build();
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const GuardedBuffer buffer(std::string_view(file).substr(0, size));
    const MemorySource source(buffer.bytes());
    const Salvaged found = salvage_zip(source);
    for (const auto& record : found.records)
      static_cast<void>(read_salvaged(source, record, kMost));
  }
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const GuardedBuffer buffer(flipped);
    const MemorySource source(buffer.bytes());
    const Salvaged found = salvage_zip(source);
    for (const auto& record : found.records) {
      EXPECT_LE(record.data_offset + record.stored_size, file.size());
      static_cast<void>(read_salvaged(source, record, kMost));
    }
  }
}

}  // namespace
