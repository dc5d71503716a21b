// Forged entries of zip files: rules Z8 to Z20 of docs/format/zip.md, with the exact code and
// place.
#include "hostile/zip_forgery.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::ErrorCode;
using safe_load::OpenOptions;

constexpr std::uint16_t kOpaqueBits[] = {1u << 0, 1u << 5, 1u << 6, 1u << 13};

TEST(ZipMemberForgeries, Z8StoredEntriesHaveOneSize) {
  const ZipBuilder larger = lying(kStorage, [](ZipEntryParts& lie) { lie.central.size += 1; });
  const ZipBuilder smaller = lying(kStorage, [](ZipEntryParts& lie) { lie.central.size -= 1; });
  const ZipBuilder no_data =
      lying(kStorage, [](ZipEntryParts& lie) { lie.central.compressed_size = 0; });
  const ZipBuilder deflated_no_data = lying(kStorage, [](ZipEntryParts& lie) {
    lie.central.method = lie.local.method = 8;
    lie.central.compressed_size = 0;
  });
  const std::uint64_t at = honest().central_offset(kStorage);
  constexpr std::string_view kTwo = "a stored entry has two sizes: a/data/0";
  expect_refused({
      {"size + 1", larger.build(), ErrorCode::kCorrupt, at, kTwo},
      {"size - 1", smaller.build(), ErrorCode::kCorrupt, at, kTwo},
      {"no bytes, stored", no_data.build(), ErrorCode::kCorrupt, at, kTwo},
      {"no bytes, deflated", deflated_no_data.build(), ErrorCode::kCorrupt, at,
       "an entry has a size and no data: a/data/0"},
  });
}

TEST(ZipMemberForgeries, Z9OtherMethodsAreNotReadWhenNeeded) {
  const auto method = [](std::size_t which) {
    return lying(which, [](ZipEntryParts& lie) { lie.central.method = lie.local.method = 12; });
  };
  const auto row = [&](std::size_t which, std::string_view member, std::string_view message) {
    return ForgedFile{std::string(member),
                      method(which).build(),
                      ErrorCode::kUnsupported,
                      method(which).local_offset(which),
                      message,
                      member};
  };
  expect_refused({
      row(kPickle, "a/data.pkl", "compressed in a way that torch does not use: a/data.pkl"),
      row(kStorage, "a/data/0", "compressed in a way that torch does not use: a/data/0"),
      row(kVersion, "a/version", "compressed in a way that torch does not use: a/version"),
  });
  EXPECT_TRUE(open_bytes(honest()
                             .stored("a/other", "x")
                             .lie([](ZipEntryParts& lie) { lie.central.method = 12; })
                             .build())
                  .ok());
}

TEST(ZipMemberForgeries, Z10EncryptedOrPatchedEntriesAreNotReadWhenNeeded) {
  std::vector<ForgedFile> rows;
  for (const std::uint16_t bit : kOpaqueBits) {
    const ZipBuilder zip =
        lying(kStorage, [&](ZipEntryParts& lie) { lie.central.flags = lie.local.flags = bit; });
    rows.push_back({"flag " + std::to_string(bit), zip.build(), ErrorCode::kUnsupported,
                    zip.local_offset(kStorage), "encrypted or patched: a/data/0", "a/data/0"});
    const ZipBuilder unneeded =
        honest().stored("a/other", "x").lie([&](ZipEntryParts& lie) { lie.central.flags = bit; });
    EXPECT_TRUE(open_bytes(unneeded.build()).ok()) << bit;
  }
  expect_refused(rows);
}

TEST(ZipMemberForgeries, Z11NamesAreUnique) {
  const auto add = [](std::string_view name, std::string_view other = "") {
    ZipBuilder zip = honest().stored(name, "x");
    if (!other.empty()) zip.stored(other, "x");
    return zip;
  };
  const std::uint64_t local = add("n").local_offset(3);
  constexpr std::string_view kImpossible = "an entry has an empty name or a NUL byte in it";
  const ZipBuilder empty = add("");
  const ZipBuilder nul = add("a/x\0y"s);
  const ZipBuilder capital_first = ZipBuilder()
                                       .stored("a/DATA.PKL", "x")
                                       .stored("a/data.pkl", small_pickle())
                                       .stored("a/data/0", raw<float>({1, 2}));
  expect_refused({
      {"empty", empty.build(), ErrorCode::kCorrupt, empty.central_offset(3), kImpossible},
      {"NUL", nul.build(), ErrorCode::kCorrupt, nul.central_offset(3),
       "an entry has an empty name or a NUL byte in it: a/x\\x00y"},
      {"data.pkl twice", add("a/data.pkl").build(), ErrorCode::kAmbiguous, local,
       "two entries have one name: a/data.pkl"},
      {"data.pkl and DATA.PKL", add("a/DATA.PKL").build(), ErrorCode::kAmbiguous, local,
       "two names differ in case only: a/DATA.PKL"},
      {"DATA.PKL and data.pkl", capital_first.build(), ErrorCode::kAmbiguous, 0,
       "two names differ in case only: a/DATA.PKL"},
      {"both with capitals", add("a/Extra", "a/eXtra").build(), ErrorCode::kAmbiguous,
       add("a/Extra", "a/eXtra").local_offset(4), "two names differ in case only: a/eXtra"},
  });
}

TEST(ZipMemberForgeries, Z12NamesAreShownEscaped) {
  ZipBuilder zip;
  zip.stored("\x1b]0;x\n/data.pkl", "").lie([](ZipEntryParts& lie) {
    lie.central.method = lie.local.method = 99;
  });
  expect_refused({{"a terminal sequence", zip.build(), ErrorCode::kUnsupported, 0,
                   "compressed in a way that torch does not use: \\x1b]0;x\\n/data.pkl",
                   "\\x1b]0;x\\n/data.pkl"}});
}

TEST(ZipMemberForgeries, Z13EntriesDoNotOverlap) {
  const ZipBuilder zip = honest();
  const auto moved = [&](std::size_t which, std::uint64_t to) {
    return lying(which,
                 [&](ZipEntryParts& lie) {
                   lie.central.local_offset =
                       static_cast<std::uint32_t>(to - zip.local_offset(which));
                 })
        .build();
  };
  const auto sized = [](std::uint32_t size) {
    return lying(kVersion,
                 [&](ZipEntryParts& lie) { lie.central.size = lie.central.compressed_size = size; })
        .build();
  };
  const auto wide = [](std::uint64_t size, std::uint64_t offset) {
    return lying(kVersion,
                 [&](ZipEntryParts& lie) {
                   lie.central.extra = zip64_field({size, size, offset});
                   lie.central.size = lie.central.compressed_size = 0xFFFFFFFF;
                   lie.central.local_offset =
                       0xFFFFFFFF - static_cast<std::uint32_t>(honest().local_offset(kVersion));
                 })
        .build();
  };
  constexpr std::string_view kVersionBlamed =
      "an entry overlaps its neighbour or the directory: a/version";
  constexpr std::string_view kStorageBlamed =
      "an entry overlaps its neighbour or the directory: a/data/0";
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const std::uint64_t version_at = zip.local_offset(kVersion);
  const std::uint64_t storage_at = zip.local_offset(kStorage);
  const std::uint64_t inside = zip.data_offset(kStorage) + 3;
  expect_refused({
      {"inside another's data", moved(kVersion, inside), ErrorCode::kCorrupt, storage_at,
       kStorageBlamed},
      {"over the directory", moved(kVersion, zip.directory_offset() - 40), ErrorCode::kCorrupt,
       zip.directory_offset() - 40, kVersionBlamed},
      {"behind the directory", moved(kVersion, zip.end_offset()), ErrorCode::kCorrupt,
       zip.end_offset(), kVersionBlamed},
      {"one byte too long", sized(3), ErrorCode::kCorrupt, version_at, kVersionBlamed},
      {"4 GiB long", sized(0xFFFFFFFE), ErrorCode::kCorrupt, version_at, kVersionBlamed},
      {"2^64 - 1 bytes", wide(kHuge, version_at), ErrorCode::kCorrupt, version_at, kVersionBlamed},
      {"at 2^64 - 1", wide(2, kHuge), ErrorCode::kCorrupt, kHuge, kVersionBlamed},
  });
}

TEST(ZipMemberForgeries, Z13OneRangeUsedByManyIsRefused) {
  // The bomb of overlapping entries: every one of them points to the same data.
  ZipBuilder zip = honest();
  const std::uint64_t shared = zip.local_offset(kStorage);
  for (int i = 0; i < 100; ++i) {
    const std::size_t number = 3 + static_cast<std::size_t>(i);
    zip.stored("a/data/x" + std::to_string(i), raw<float>({1, 2}));
    const std::uint64_t own = zip.local_offset(number);
    zip.lie([&](ZipEntryParts& lie) {
      lie.central.local_offset = static_cast<std::uint32_t>(shared - own);
    });
  }
  const auto opened = open_bytes(zip.build());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(opened.error().offset, shared);
}

TEST(ZipMemberForgeries, Z14LocalHeadersAgreeWithTheDirectory) {
  const std::uint64_t at = honest().local_offset(kStorage);
  std::vector<ForgedFile> rows;
  const auto row = [&](std::string what, ErrorCode code, std::string_view message, auto lie) {
    rows.push_back({std::move(what), lying(kStorage, lie).build(), code, at, message, "a/data/0"});
  };
  constexpr std::string_view kName = "local header and directory name differ: a/data/0";
  constexpr std::string_view kSize = "local header and directory size differ: a/data/0";
  row("signature", ErrorCode::kCorrupt, "no local header where the directory says: a/data/0",
      [](ZipEntryParts& lie) { lie.local.signature += 1; });
  row("another name", ErrorCode::kAmbiguous, kName,
      [](ZipEntryParts& lie) { lie.local.name = "a/data/1"; });
  row("name in capitals", ErrorCode::kAmbiguous, kName,
      [](ZipEntryParts& lie) { lie.local.name = "a/DATA/0"; });
  row("a shorter name", ErrorCode::kAmbiguous, kName, [](ZipEntryParts& lie) {
    lie.local.name = "a/data/";
    lie.local.extra = "0";
  });
  row("a longer name", ErrorCode::kAmbiguous, kName,
      [](ZipEntryParts& lie) { lie.local.name = "a/data/00"; });
  row("method", ErrorCode::kAmbiguous, "local header and directory method differ: a/data/0",
      [](ZipEntryParts& lie) { lie.local.method = 8; });
  for (const std::uint16_t bit : kOpaqueBits)
    row("flag " + std::to_string(bit), ErrorCode::kAmbiguous,
        "local header and directory encryption flags differ: a/data/0",
        [bit](ZipEntryParts& lie) { lie.local.flags = bit; });
  for (const std::string& extra : {"xyz"s, "\1\0\2\0x"s, "\1\0\1\0xy"s})
    row("extra field of " + std::to_string(extra.size()) + " bytes", ErrorCode::kAmbiguous,
        "the extra field of a local header has another length than its parts: a/data/0",
        [&](ZipEntryParts& lie) { lie.local.extra = extra; });
  row("size", ErrorCode::kAmbiguous, kSize, [](ZipEntryParts& lie) { lie.local.size -= 1; });
  row("compressed size", ErrorCode::kAmbiguous, kSize,
      [](ZipEntryParts& lie) { lie.local.compressed_size += 1; });
  row("no size and no descriptor", ErrorCode::kAmbiguous, kSize,
      [](ZipEntryParts& lie) { lie.local.size = lie.local.compressed_size = 0; });
  expect_refused(rows);
}

TEST(ZipMemberForgeries, Z15DataEndsBeforeTheNeighbour) {
  const ZipBuilder zip = honest();
  const auto extra = [&](std::size_t which, std::uint64_t size) {
    return patched(zip.build(), zip.local_offset(which) + 28, little(size, 2));
  };
  expect_refused({
      {"into the next entry", extra(kStorage, 1), ErrorCode::kCorrupt, zip.local_offset(kStorage),
       "the data of an entry reaches into its neighbour: a/data/0", "a/data/0"},
      {"into the directory", extra(kVersion, 1), ErrorCode::kCorrupt, zip.local_offset(kVersion),
       "the data of an entry reaches into its neighbour: a/version", "a/version"},
      {"far away", extra(kPickle, 0xFFFF), ErrorCode::kCorrupt, 0,
       "the data of an entry reaches into its neighbour: a/data.pkl", "a/data.pkl"},
  });
}

// The pickle deflated, with a lie about it.
template <class Lie>
ZipBuilder deflated_pickle(Lie lie) {
  return ZipBuilder()
      .deflated("a/data.pkl", small_pickle())
      .lie(lie)
      .stored("a/data/0", raw<float>({1, 2}));
}

TEST(ZipMemberForgeries, Z16InflatingGivesExactlyTheSize) {
  const auto sized = [](std::uint32_t by) {
    return deflated_pickle([&](ZipEntryParts& lie) {
             lie.central.size += by;
             lie.local.size += by;
           })
        .build();
  };
  std::uint64_t compressed = 0;
  const ZipBuilder followed = deflated_pickle([&](ZipEntryParts& lie) {
    compressed = lie.data.size();
    lie.data += "x";
    lie.central.compressed_size = lie.local.compressed_size += 1;
  });
  const ZipBuilder reserved = deflated_pickle([](ZipEntryParts& lie) { lie.data[0] = 7; });
  const ZipBuilder huge =
      deflated_pickle([](ZipEntryParts& lie) { lie.central.size = 0xFFFFFFFE; });
  expect_refused({
      {"one byte more", sized(1), ErrorCode::kCorrupt, 0,
       "the deflated data is smaller than the directory says: a/data.pkl", "a/data.pkl"},
      {"one byte less", sized(~0u), ErrorCode::kCorrupt, 0,
       "the deflated data is larger than the directory says: a/data.pkl", "a/data.pkl"},
      {"bytes behind", followed.build(), ErrorCode::kCorrupt, compressed,
       "bytes follow the deflated data: a/data.pkl", "a/data.pkl"},
      {"reserved block", reserved.build(), ErrorCode::kCorrupt, 0,
       "the deflated data is damaged: a/data.pkl", "a/data.pkl"},
      {"4 GiB out of a few bytes", huge.build(), ErrorCode::kCorrupt, 0,
       "a size that deflated data cannot reach", "a/data.pkl"},
  });
}

TEST(ZipMemberForgeries, Z16ADamagedStorageFailsAlone) {
  const std::string pickle = dict({text("bad"), tensor(storage("0", 2), 0, {2}, {1}), text("good"),
                                   tensor(storage("1", 2), 0, {2}, {1})});
  const auto opened =
      open_bytes(ZipBuilder()
                     .stored("a/data.pkl", "\x80\2" + pickle + ".")
                     .deflated("a/data/0", raw<float>({1, 2, 3}))
                     .lie([](ZipEntryParts& lie) { lie.central.size = lie.local.size = 8; })
                     .deflated("a/data/1", raw<float>({3, 4}))
                     .build());
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto bad = opened->storage(0).bytes();
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(bad.error().subject(), "a/data/0");
  EXPECT_EQ((*opened->root()["good"].tensor()->as_span<float>())[1], 4.0f);
  EXPECT_FALSE(opened->storage(0).bytes().ok());  // it stays an error
}

TEST(ZipMemberForgeries, Z17TheSumOfInflatedBytesIsLimited) {
  const ZipBuilder zip =
      honest().deflated("a/one", std::string(600, 'x')).deflated("a/two", std::string(600, 'y'));
  OpenOptions options;
  options.limits.max_inflated_ratio = 0;
  options.limits.max_inflated_bytes = 1199;
  constexpr std::string_view kMore = "the records inflate to more than Limits::max_inflated_bytes";
  expect_refused(
      {{"1200 bytes", zip.build(), ErrorCode::kLimit, zip.local_offset(4), kMore, "a/two"}},
      options);
  options.limits.max_inflated_bytes = 599;
  expect_refused(
      {{"600 bytes", zip.build(), ErrorCode::kLimit, zip.local_offset(3), kMore, "a/one"}},
      options);
  options.limits.max_inflated_bytes = 1200;
  EXPECT_TRUE(open_bytes(zip.build(), options).ok());
  options.limits.max_inflated_bytes = 0;
  options.limits.max_inflated_ratio = 2;  // times more than 600 bytes of file
  EXPECT_TRUE(open_bytes(zip.build(), options).ok());
  // A product that would wrap to 0.
  options.limits.max_inflated_ratio = std::uint64_t{1} << 63;
  const std::string file = zip.build();
  EXPECT_TRUE(open_bytes(file + std::string(file.size() % 2, 'x'), options).ok());
}

TEST(ZipMemberForgeries, LargePicklesAndRecordsAreLimited) {
  OpenOptions options;
  options.limits.max_pickle_bytes = small_pickle().size() - 1;
  expect_refused({{"pickle", honest().build(), ErrorCode::kLimit, 0,
                   "a pickle larger than Limits::max_pickle_bytes", "a/data.pkl"}},
                 options);
  options.limits.max_pickle_bytes = small_pickle().size();
  EXPECT_TRUE(open_bytes(honest().build(), options).ok());
}

TEST(ZipMemberForgeries, Z20CaseVariantsOfDataPklAreAmbiguous) {
  const ZipBuilder zip =
      ZipBuilder().stored("a/version", "3\n").stored("a/DATA.PKL", small_pickle());
  expect_refused({{"only DATA.PKL", zip.build(), ErrorCode::kAmbiguous, zip.local_offset(1),
                   "a record whose name torch would take for data.pkl: a/DATA.PKL"}});
}

TEST(ZipMemberForgeries, TwoFoldersWithAPickleAreAmbiguous) {
  const ZipBuilder zip = honest().stored("b/data.pkl", small_pickle());
  expect_refused({{"b/data.pkl", zip.build(), ErrorCode::kAmbiguous, zip.local_offset(3),
                   "two folders hold a data.pkl: b/data.pkl"}});
}

TEST(ZipMemberForgeries, OtherArchivesAreNamed) {
  const auto with = [](std::string_view name) {
    return ZipBuilder().stored("a/x", "").stored(name, "pt2").build();
  };
  constexpr ErrorCode kCode = ErrorCode::kUnsupported;
  expect_refused({
      {"pt2", with("a/archive_format"), kCode, 0, "a torch.export archive without weights"},
      {"package", with("a/.data/extern_modules"), kCode, 0,
       "a torch.package archive without a pickle"},
      {"data.pkl without a folder", ZipBuilder().stored("data.pkl", small_pickle()).build(),
       ErrorCode::kCorrupt, 0, "a data.pkl that is in no top folder, where torch has it: data.pkl"},
      {"data.pkl two folders down", ZipBuilder().stored("a/b/data.pkl", "N.").build(),
       ErrorCode::kCorrupt, 0,
       "a data.pkl that is in no top folder, where torch has it: a/b/data.pkl"},
  });
}

}  // namespace
