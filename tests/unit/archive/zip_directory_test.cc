// ZipDirectory: what it reads from honest files. The forged ones are in hostile/.
#include "archive/zip_directory.h"

#include <gtest/gtest.h>

#include <string>

#include "support/guarded_buffer.h"
#include "support/zip_builder.h"

namespace {

using safe_load::ErrorCode;
using safe_load::Limits;
using safe_load::archive::ZipDirectory;
using safe_load::archive::ZipEntry;
using test_support::GuardedBuffer;
using test_support::little;
using test_support::ZipBuilder;
using test_support::ZipEntryParts;

safe_load::Result<ZipDirectory> read(std::string_view file, const Limits& limits = {}) {
  const GuardedBuffer buffer(file);
  return ZipDirectory::read(safe_load::base::MemorySource(buffer.bytes()), limits);
}

ZipBuilder three_entries() {
  return ZipBuilder()
      .stored("a/data.pkl", "pickle")
      .deflated("a/data/0", std::string(1000, 'x'))
      .stored("a/version", "3\n");
}

// As writers of huge files do it: all three numbers of the entry are in the extra field.
void widen(ZipEntryParts& entry, std::uint64_t local_offset) {
  entry.central.extra = little(1, 2) + little(24, 2) + little(entry.central.size, 8) +
                        little(entry.central.compressed_size, 8) + little(local_offset, 8);
  entry.central.size = entry.central.compressed_size = 0xFFFFFFFF;
  entry.central.local_offset = 0xFFFFFFFF - static_cast<std::uint32_t>(local_offset);
}

TEST(ZipDirectory, ReadsEntriesInTheOrderOfTheFile) {
  const ZipBuilder zip = three_entries();
  const auto directory = read(zip.build());
  ASSERT_TRUE(directory.ok()) << directory.error();
  ASSERT_EQ(directory->entries().size(), 3u);
  const ZipEntry& second = directory->entries()[1];
  EXPECT_EQ(second.name, "a/data/0");
  EXPECT_EQ(second.size, 1000u);
  EXPECT_LT(second.compressed_size, 100u);
  EXPECT_EQ(second.method, 8u);
  EXPECT_EQ(second.local_offset, zip.local_offset(1));
  EXPECT_EQ(second.limit, zip.local_offset(2));
  EXPECT_EQ(directory->entries()[2].limit, zip.directory_offset());
  EXPECT_EQ(directory->directory_bytes(), zip.end_offset() - zip.directory_offset());
  EXPECT_EQ(directory->trailing_bytes(), 0u);
}

TEST(ZipDirectory, FindsNamesExactly) {
  const auto directory = read(three_entries().build());
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ(directory->find("a/data.pkl"), &directory->entries()[0]);
  for (const std::string_view name : {"a/DATA.PKL", "a/data.pk", "a/data.pkl/", "data.pkl", ""})
    EXPECT_EQ(directory->find(name), nullptr) << name;
}

TEST(ZipDirectory, ReadsZip64Records) {
  ZipBuilder zip = three_entries().zip64().lie_about_end([](auto& end) { end.saturate = true; });
  zip.lie([&](ZipEntryParts& entry) { widen(entry, zip.local_offset(2)); });
  const auto directory = read(zip.build());
  ASSERT_TRUE(directory.ok()) << directory.error();
  ASSERT_EQ(directory->entries().size(), 3u);
  const ZipEntry& last = directory->entries()[2];
  EXPECT_EQ(last.size, 2u);
  EXPECT_EQ(last.compressed_size, 2u);
  EXPECT_EQ(last.local_offset, zip.local_offset(2));
}

TEST(ZipDirectory, CountsBytesBehindTheComment) {
  const auto commented = read(three_entries().comment("hello").build());
  ASSERT_TRUE(commented.ok());
  EXPECT_EQ(commented->trailing_bytes(), 0u);
  const auto trailing = read(three_entries().trailing(std::string(40, 'x')).build());
  ASSERT_TRUE(trailing.ok());
  EXPECT_EQ(trailing->trailing_bytes(), 40u);
}

TEST(ZipDirectory, FindsTheEndRecordInTheLast65557Bytes) {
  EXPECT_TRUE(read(three_entries().trailing(std::string(65535, 'x')).build()).ok());
  const std::string file = three_entries().trailing(std::string(65536, 'x')).build();
  const auto too_far = read(file);
  ASSERT_FALSE(too_far.ok());
  EXPECT_EQ(too_far.error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(too_far.error().offset(), file.size());
}

TEST(ZipDirectory, ReadsAnArchiveWithoutEntries) {
  const auto empty = read(ZipBuilder().build());
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->entries().empty());
}

TEST(ZipDirectory, StaysWithinItsLimitOfEntries) {
  Limits limits;
  limits.max_zip_entries = 3;
  EXPECT_TRUE(read(three_entries().build(), limits).ok());
  limits.max_zip_entries = 2;
  const auto refused = read(three_entries().build(), limits);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(refused.error().offset(), three_entries().end_offset());
}

TEST(ZipDirectory, KeepsNamesWhenMoved) {
  auto read_here = read(three_entries().build());
  ASSERT_TRUE(read_here.ok());
  const ZipDirectory moved = *std::move(read_here);
  ASSERT_NE(moved.find("a/version"), nullptr);
  EXPECT_EQ(moved.find("a/version")->name, "a/version");
}

TEST(ZipDirectory, KnowsFolders) {
  const auto directory =
      read(ZipBuilder().stored("a/", "").stored("a/b/", "content").stored("a/c", "").build());
  ASSERT_TRUE(directory.ok());
  EXPECT_TRUE(directory->entries()[0].is_folder());
  EXPECT_FALSE(directory->entries()[1].is_folder());
  EXPECT_FALSE(directory->entries()[2].is_folder());
}

}  // namespace
