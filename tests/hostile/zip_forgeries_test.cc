// Forged zip files: each rule of docs/format/zip.md broken by itself, with the exact code and
// place.
#include "hostile/zip_forgery.h"

namespace {

using namespace test_support;
using safe_load::ErrorCode;
using safe_load::OpenOptions;

TEST(ZipForgeries, Z1BytesInFrontAreNoZipFile) {
  const std::string file = "12345" + honest().build();
  const std::string message =
      "this is in no format that is known here (" + std::to_string(file.size()) +
      " bytes, first bytes 31 32 33 34 35 50 4b 03 04 14 00 00 00 00 00 00)";
  expect_refused({{"five bytes in front", file, ErrorCode::kUnsupported, 0, message}});
}

TEST(ZipForgeries, Z2TheEndRecordIsNearTheEnd) {
  const ZipBuilder zip = honest();
  const std::string file = zip.build();
  const auto cut = [&](std::uint64_t size) {
    return file.substr(0, static_cast<std::size_t>(size));
  };
  const auto cut_off = [](std::uint64_t size, bool has_records = true) {
    return "a zip file that is cut off after " + std::to_string(size) +
           " bytes: it has no central directory" +
           (has_records ? "; the last whole record is a/version, which ends at byte 265" : "");
  };
  const std::string far = file + std::string(65536, 'x');
  const std::string no_end = cut_off(zip.end_offset());
  const std::string half_end = cut_off(file.size() - 1);
  const std::string far_end = cut_off(far.size());
  const std::string no_record = cut_off(4, false);
  expect_refused({
      {"no end record", cut(zip.end_offset()), ErrorCode::kTruncated, zip.end_offset(), no_end},
      {"21 bytes of it", cut(file.size() - 1), ErrorCode::kTruncated, file.size() - 1, half_end},
      {"too far in front", far, ErrorCode::kTruncated, far.size(), far_end},
      {"four bytes of a file", "PK\3\4", ErrorCode::kTruncated, 4, no_record},
  });
}

TEST(ZipForgeries, Z3TwoDirectoriesAreAmbiguous) {
  constexpr std::string_view kTwo = "the file has two zip directories";
  const ZipBuilder zip = honest();
  const std::string file = zip.build();
  const std::string directory =
      file.substr(static_cast<std::size_t>(zip.directory_offset()),
                  static_cast<std::size_t>(zip.end_offset() - zip.directory_offset()));
  const std::string second = directory + end_record(3, directory.size(), file.size());
  const std::string empty = end_record(0, 0, 0);
  const std::uint64_t many_at = file.size() + 5 * empty.size();
  std::string many = file;
  for (int i = 0; i < 69; ++i) many += empty;
  expect_refused({
      {"in the comment",
       honest().comment(end_record(3, directory.size(), zip.directory_offset())).build(),
       ErrorCode::kAmbiguous, zip.end_offset(), kTwo},
      {"an empty one behind", file + empty, ErrorCode::kAmbiguous, zip.end_offset(), kTwo},
      {"the old one left in place", file + second, ErrorCode::kAmbiguous, zip.end_offset(), kTwo},
      {"two archives", file + file, ErrorCode::kAmbiguous, zip.end_offset(), kTwo},
      {"69 end records", many, ErrorCode::kAmbiguous, many_at - empty.size(),
       "too many zip end records"},
  });
}

TEST(ZipForgeries, Z3ADirectoryInAGapIsAmbiguous) {
  // The directory it leads to lies in front of it: in the data of the storage.
  const std::string entry = "PK\1\2" + std::string(42, '\0') + "n";
  ZipBuilder forged;
  forged.stored("a/data.pkl", small_pickle()).stored("a/other", entry);
  const std::uint64_t entry_at = forged.data_offset(1);
  forged.stored("a/data/0", test_support::raw<float>({1, 2})).lie([&](ZipEntryParts& storage) {
    storage.before = end_record(1, entry.size(), entry_at);
  });
  const std::uint64_t rival_at = forged.local_offset(2) - 22;
  // An honest nested one nearer to the end does not excuse it.
  ZipBuilder hidden = forged;
  hidden.stored("a/nested.zip", end_record(1, entry.size(), entry_at));
  expect_refused({
      {"between entries", forged.build(), ErrorCode::kAmbiguous, rival_at,
       "the file has two zip directories"},
      {"behind a nested one", hidden.build(), ErrorCode::kAmbiguous, rival_at,
       "the file has two zip directories"},
  });
  const ZipBuilder harmless =
      lying(kVersion, [](ZipEntryParts& version) { version.before = end_record(3, 0, 0); });
  EXPECT_TRUE(open_bytes(harmless.build()).ok()) << "an end record that leads nowhere";
}

TEST(ZipForgeries, Z6aNothingStandsBetweenTheDirectoryAndItsEnd) {
  const ZipBuilder zip = honest();
  std::string gap = zip.build();
  gap.insert(static_cast<std::size_t>(zip.end_offset()), 4, '\0');
  const ZipBuilder wide = honest().zip64();
  std::string before_locator = wide.build();
  before_locator.insert(static_cast<std::size_t>(wide.end_offset()) - 20, 4, '\0');
  expect_refused({
      {"in front of the end record", gap, ErrorCode::kAmbiguous, zip.end_offset() + 4,
       "there are bytes between the zip directory and its end record"},
      {"in front of the locator", before_locator, ErrorCode::kAmbiguous, wide.zip64_offset(),
       "there are bytes between the zip64 end record and its locator"},
  });
}

TEST(ZipForgeries, Z11aAnEntryHasOneName) {
  const auto with_path = [](std::string_view name) {
    std::string field = "\x75\x70" + std::string(1, static_cast<char>(name.size() + 5)) +
                        std::string(1, '\0') + "\1abcd" + std::string(name);
    return lying(kVersion, [&](ZipEntryParts& version) { version.central.extra = field; });
  };
  const ZipBuilder forged = with_path("a/data.pkl");
  expect_refused({{"another name", forged.build(), ErrorCode::kAmbiguous,
                   forged.central_offset(kVersion) + 46 + std::string_view("a/version").size(),
                   "an entry with two names: a/version"}});
  EXPECT_TRUE(open_bytes(with_path("a/version").build()).ok());
}

TEST(ZipForgeries, Z4Zip64RecordsMustAgree) {
  using test_support::ZipEndLies;
  const auto zip64 = [](auto lie) { return honest().lie_about_zip64(lie); };
  const ZipBuilder zip = honest().zip64();
  const std::string file = zip.build();
  const std::uint64_t record = zip.zip64_offset();
  const std::uint64_t locator = zip.end_offset() - 20;
  constexpr std::string_view kContradicts = "the zip64 end record contradicts the end record";
  constexpr std::string_view kSize = "the zip64 end record has an impossible size";
  constexpr std::string_view kOutside = "the zip64 end record lies outside the file";
  expect_refused({
      {"entries", zip64([](ZipEndLies& lies) { lies.entries = lies.entries_here = 1; }).build(),
       ErrorCode::kAmbiguous, record, kContradicts},
      {"size", zip64([](ZipEndLies& lies) { lies.directory_size = -1; }).build(),
       ErrorCode::kAmbiguous, record, kContradicts},
      {"offset", zip64([](ZipEndLies& lies) { lies.directory_offset = 1; }).build(),
       ErrorCode::kAmbiguous, record, kContradicts},
      {"locator to its own place", patched(file, locator + 8, little(locator, 8)),
       ErrorCode::kCorrupt, locator, kOutside},
      {"locator to 2^64 - 1", patched(file, locator + 8, little(~std::uint64_t{0}, 8)),
       ErrorCode::kCorrupt, locator, kOutside},
      {"locator to another place", patched(file, locator + 8, little(record - 1, 8)),
       ErrorCode::kCorrupt, locator, "the zip64 locator does not lead to a zip64 end record"},
      {"record too short", patched(file, record + 4, little(43, 8)), ErrorCode::kCorrupt, record,
       kSize},
      {"record too long", patched(file, record + 4, little(45, 8)), ErrorCode::kCorrupt, record,
       kSize},
      {"record of 2^64 - 1 bytes", patched(file, record + 4, little(~std::uint64_t{0}, 8)),
       ErrorCode::kCorrupt, record, kSize},
  });
}

TEST(ZipForgeries, Z5ThereIsOneDisk) {
  const ZipBuilder zip = honest().zip64();
  const std::string file = zip.build();
  const std::uint64_t record = zip.zip64_offset();
  const std::uint64_t locator = zip.end_offset() - 20;
  const std::uint64_t end = zip.end_offset();
  constexpr std::string_view kDisks = "the archive is spread over several disks";
  const auto row = [&](std::string what, std::uint64_t at, int size, std::uint64_t blamed) {
    return ForgedFile{std::move(what), patched(file, at, little(2, size)), ErrorCode::kCorrupt,
                      blamed, kDisks};
  };
  const ZipBuilder entry = lying(kStorage, [](ZipEntryParts& lie) { lie.central.disk = 1; });
  expect_refused({
      row("disk", end + 4, 2, end),
      row("start disk", end + 6, 2, end),
      row("entries on this disk", end + 8, 2, end),
      row("disk of the zip64 record", locator + 4, 4, locator),
      row("disks", locator + 16, 4, locator),
      row("disk in the zip64 record", record + 16, 4, record),
      row("start disk in the zip64 record", record + 20, 4, record),
      row("entries on this disk in the zip64 record", record + 24, 8, record),
      {"disk of an entry", entry.build(), ErrorCode::kCorrupt, entry.central_offset(kStorage),
       "an entry lies on another disk: a/data/0"},
  });
}

TEST(ZipForgeries, Z6TheDirectoryFillsItsBytes) {
  using test_support::ZipEndLies;
  const auto end = [](auto lie) { return honest().lie_about_end(lie); };
  const ZipBuilder zip = honest();
  const std::uint64_t end_at = zip.end_offset();
  const std::string kOutside =
      "the central directory lies outside the file; bytes were lost or inserted";
  const std::string earlier = kOutside + ": it is 1 byte earlier than the file says";
  constexpr std::string_view kCount =
      "the end record counts more entries than its directory can hold";
  const ZipBuilder long_name = honest().stored("a/" + std::string(46, 'n'), "");
  ZipBuilder one_more = long_name;
  one_more.lie_about_end([](ZipEndLies& lies) { lies.entries = lies.entries_here = 1; });
  ZipBuilder four_billion = honest()
                                .lie_about_zip64([](ZipEndLies& lies) {
                                  lies.entries = lies.entries_here = std::int64_t{1} << 32;
                                })
                                .lie_about_end([](ZipEndLies& lies) { lies.saturate = true; });
  expect_refused({
      {"offset one too high", end([](ZipEndLies& lies) { lies.directory_offset = 1; }).build(),
       ErrorCode::kCorrupt, end_at, earlier},
      {"one byte too many", end([](ZipEndLies& lies) { lies.directory_size = 1; }).build(),
       ErrorCode::kCorrupt, end_at, kOutside},
      {"a byte lost in front", zip.build().erase(50, 1), ErrorCode::kCorrupt, end_at - 1, earlier},
      {"one entry too many for the bytes",
       end([](ZipEndLies& lies) { lies.entries = lies.entries_here = 1; }).build(),
       ErrorCode::kCorrupt, end_at, kCount},
      {"2^32 entries", four_billion.build(), ErrorCode::kCorrupt, four_billion.end_offset(),
       kCount},
      {"one entry too many", one_more.build(), ErrorCode::kCorrupt, one_more.end_offset(),
       "a directory entry reaches past the directory"},
      {"one entry too few",
       end([](ZipEndLies& lies) { lies.entries = lies.entries_here = -1; }).build(),
       ErrorCode::kCorrupt, zip.central_offset(kVersion),
       "the directory is larger than its entries"},
      {"slack", honest().directory_slack("x").build(), ErrorCode::kCorrupt, end_at,
       "the directory is larger than its entries"},
      {"a name past the end",
       patched(zip.build(), zip.central_offset(kVersion) + 28, little(10, 2)), ErrorCode::kCorrupt,
       zip.central_offset(kVersion) + 46, "a directory entry reaches past the directory"},
  });
}

TEST(ZipForgeries, Z6EntriesAreLimited) {
  OpenOptions options;
  options.limits.max_zip_entries = 2;
  constexpr std::string_view kMore = "more zip entries than Limits::max_zip_entries";
  const ZipBuilder wide = honest().zip64();
  expect_refused({{"three", honest().build(), ErrorCode::kLimit, honest().end_offset(), kMore},
                  {"zip64", wide.build(), ErrorCode::kLimit, wide.zip64_offset(), kMore}},
                 options);
}

TEST(ZipForgeries, Z7EntriesAndTheirExtraFieldsAreWhole) {
  const auto central = [](std::string_view extra, bool wide) {
    return lying(kStorage, [&](ZipEntryParts& lie) {
      lie.central.extra = extra;
      if (wide) lie.central.size = lie.central.compressed_size = 0xFFFFFFFF;
    });
  };
  const std::uint64_t entry = honest().central_offset(kStorage);
  const std::uint64_t extra = entry + 46 + 8;
  constexpr std::string_view kWrongSize = "a zip64 field has the wrong size";
  const std::string other = "XX" + little(3, 2) + "abc";
  const auto row = [&](std::string what, const std::string& field, bool wide, std::uint64_t at,
                       std::string_view message) {
    return ForgedFile{std::move(what), central(field, wide).build(), ErrorCode::kCorrupt, at,
                      message};
  };
  const auto signature = [](std::size_t i) {
    return lying(i, [](ZipEntryParts& lie) { lie.central.signature = 0; });
  };
  expect_refused({
      {"first signature", signature(kPickle).build(), ErrorCode::kCorrupt,
       honest().central_offset(kPickle), "not a directory entry"},
      {"second signature", signature(kStorage).build(), ErrorCode::kCorrupt, entry,
       "not a directory entry"},
      row("field too long", "XX" + little(4, 2) + "abc", false, extra,
          "an extra field reaches past its entry"),
      row("second field too long", other + "XX" + little(1, 2), false, extra + other.size(),
          "an extra field reaches past its entry"),
      row("zip64 too short", zip64_field({8}), true, extra, kWrongSize),
      row("zip64 too long", zip64_field({8, 8, 0}), true, extra, kWrongSize),
      row("zip64 that nothing asks for", zip64_field({8, 8}), false, extra, kWrongSize),
      row("zip64 twice", zip64_field({8, 8}) + zip64_field({8, 8}), true, extra + 20,
          "an entry has two zip64 fields"),
      row("zip64 missing", "", true, extra, "an entry needs a zip64 field and has none"),
      row("zip64 missing among others", other, true, extra,
          "an entry needs a zip64 field and has none"),
  });
}

}  // namespace
