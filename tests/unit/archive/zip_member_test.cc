// ZipMember: locating and reading entries, one by one and many together.
#include "archive/zip_member.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "support/guarded_buffer.h"
#include "support/zip_builder.h"

namespace {

using safe_load::ErrorCode;
using safe_load::archive::ZipDirectory;
using safe_load::archive::ZipEntry;
using safe_load::archive::ZipMember;
using test_support::GuardedBuffer;
using test_support::ZipBuilder;
using test_support::ZipEntryParts;

// A file, its directory, and the members in it.
class Archive {
 public:
  explicit Archive(const ZipBuilder& zip)
      : bytes_(zip.build()), source_(bytes_.bytes()), directory_(ZipDirectory::read(source_, {})) {}

  bool ok() const { return directory_.ok(); }
  const ZipEntry& entry(std::size_t i) const { return directory_->entries()[i]; }
  auto locate(std::size_t i) const { return safe_load::archive::locate(source_, entry(i)); }
  auto locate_all(std::span<const ZipEntry* const> entries, const ZipEntry*& failed) const {
    return safe_load::archive::locate_all(source_, entries, failed);
  }

  // The content, or the reason why there is none.
  std::string content(const ZipMember& member) const {
    std::string out(static_cast<std::size_t>(member.size()), '?');
    const auto read =
        safe_load::archive::read_member(source_, member, safe_load::base::as_writable_bytes(out));
    return read ? out : std::string(read.error().reason());
  }

 private:
  GuardedBuffer bytes_;
  safe_load::base::MemorySource source_;
  safe_load::Result<ZipDirectory> directory_;
};

TEST(ZipMember, ReadsStoredAndDeflatedContent) {
  const std::string text(1000, 'x');
  const ZipBuilder zip =
      ZipBuilder().stored("a", "pickle").deflated("b", text).stored("c", "").deflated("d", "");
  const Archive archive(zip);
  ASSERT_TRUE(archive.ok());
  const std::string contents[] = {"pickle", text, "", ""};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto member = archive.locate(i);
    ASSERT_TRUE(member.ok()) << member.error();
    EXPECT_EQ(member->data_offset, zip.data_offset(i));
    EXPECT_EQ(archive.content(*member), contents[i]);
  }
}

TEST(ZipMember, FindsDataBehindTheLocalExtraField) {
  const ZipBuilder zip = ZipBuilder()
                             .stored("a", "12345678")
                             .lie([](ZipEntryParts& entry) {
                               entry.local.extra =
                                   "FB" + test_support::little(29, 2) + std::string(29, 'Z');
                             })
                             .stored("b", "behind");
  const Archive archive(zip);
  ASSERT_TRUE(archive.ok());
  const auto member = archive.locate(0);
  ASSERT_TRUE(member.ok()) << member.error();
  EXPECT_EQ(member->data_offset, 64u);
  EXPECT_EQ(archive.content(*member), "12345678");
}

TEST(ZipMember, LocatesManyInTheOrderAsked) {
  // Gaps beyond those that are read over, and more headers than one window holds.
  ZipBuilder zip;
  for (int i = 0; i < 40; ++i) zip.stored("entry " + std::to_string(i), std::string(20'000, 'x'));
  for (int i = 40; i < 400; ++i) zip.stored("entry " + std::to_string(i), std::string(2000, 'y'));
  const Archive archive(zip);
  ASSERT_TRUE(archive.ok());
  std::vector<const ZipEntry*> entries;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < 400; ++i) {
    numbers.push_back((i * 177) % 400);  // every one, in some order
    entries.push_back(&archive.entry(numbers.back()));
  }
  const ZipEntry* failed = nullptr;
  const auto members = archive.locate_all(entries, failed);
  ASSERT_TRUE(members.ok()) << members.error();
  ASSERT_EQ(members->size(), 400u);
  for (std::size_t i = 0; i < 400; ++i) {
    EXPECT_EQ((*members)[i].entry, entries[i]);
    const auto one = archive.locate(numbers[i]);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ((*members)[i].data_offset, one->data_offset);
  }
}

TEST(ZipMember, TellsWhichOfManyFailed) {
  const Archive archive(ZipBuilder()
                            .stored("a", "1")
                            .stored("b", "2")
                            .lie([](ZipEntryParts& entry) { entry.local.name = "x"; })
                            .stored("c", "3"));
  ASSERT_TRUE(archive.ok());
  const ZipEntry* const entries[] = {&archive.entry(2), &archive.entry(1), &archive.entry(0)};
  const ZipEntry* failed = nullptr;
  const auto members = archive.locate_all(entries, failed);
  ASSERT_FALSE(members.ok());
  EXPECT_EQ(failed, &archive.entry(1));
  EXPECT_EQ(members.error().code(), ErrorCode::kAmbiguous);
  EXPECT_EQ(members.error().subject(), "b");
}

TEST(ZipMember, LocatesNothingWhenNothingIsAsked) {
  const Archive archive(ZipBuilder().stored("a", "1"));
  const ZipEntry* failed = nullptr;
  const auto members = archive.locate_all({}, failed);
  ASSERT_TRUE(members.ok());
  EXPECT_TRUE(members->empty());
}

TEST(ZipMember, KnowsWhatDeflateCanReach) {
  using safe_load::archive::is_plausible_size;
  EXPECT_TRUE(is_plausible_size(0, 64));
  EXPECT_FALSE(is_plausible_size(0, 65));
  EXPECT_TRUE(is_plausible_size(100, 103'264));
  EXPECT_FALSE(is_plausible_size(100, 103'265));
  EXPECT_TRUE(is_plausible_size(~std::uint64_t{0}, ~std::uint64_t{0}));
  EXPECT_FALSE(is_plausible_size(1, ~std::uint64_t{0}));
}

TEST(ZipMember, TakesACrcOfZeroForAbsent) {
  ZipEntry entry;
  entry.local_offset = 17;
  entry.crc = 5;
  EXPECT_TRUE(check_crc(entry, 5).ok());
  EXPECT_EQ(check_crc(entry, 6).error().offset(), 17u);
  entry.crc = 0;
  EXPECT_TRUE(check_crc(entry, 6).ok());
}

}  // namespace
