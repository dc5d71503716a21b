// Unusual but honest zip files: each opens, its tensor is there, and what is odd is noted.
#include "hostile/zip_forgery.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Checkpoint;

struct Oddity {
  std::string what;
  std::string file;
  std::string notes = "";  // joined by " | "
};

std::string notes(const Checkpoint& checkpoint) {
  std::string out;
  for (const std::string& note : checkpoint.container().notes)
    out += (out.empty() ? "" : " | ") + note;
  return out;
}

// The tensor of small_pickle(), or why there is none.
std::string weights(const Checkpoint& checkpoint) {
  const auto tensor = checkpoint.root()["w"].tensor();
  if (!tensor) return std::string(tensor.error().reason());
  float values[2];
  const auto copied = tensor->copy_to(std::span<float>(values));
  if (!copied) return std::string(copied.error().reason());
  return std::to_string(values[0]) + " " + std::to_string(values[1]);
}

void expect_opened(const std::vector<Oddity>& oddities) {
  for (const Oddity& oddity : oddities) {
    const auto opened = open_bytes(oddity.file);
    if (!opened) {
      ADD_FAILURE() << oddity.what << ": " << opened.error();
      continue;
    }
    EXPECT_TRUE(opened->issues().empty()) << oddity.what << ": " << opened->issues()[0];
    EXPECT_EQ(notes(*opened), oddity.notes) << oddity.what;
    EXPECT_EQ(weights(*opened), "1.000000 2.000000") << oddity.what;
  }
}

// As torch writes it: sizes behind the data, padding in front of it, zip64 records always.
ZipBuilder torch_file() {
  const auto as_torch = [](ZipEntryParts& entry) {
    ZipHeader& local = entry.local;
    local.flags = entry.central.flags = 0x0808;
    local.crc = local.size = local.compressed_size = 0;
    local.extra = "FB" + little(20, 2) + std::string(20, 'Z');
  };
  const auto descriptor = [](const ZipEntryParts& entry) {
    return "PK\7\10" + little(entry.central.crc, 4) + little(entry.central.size, 4) +
           little(entry.central.size, 4);
  };
  ZipBuilder zip;
  std::string behind;
  const auto add = [&](std::string_view name, std::string_view content) {
    zip.stored(name, content).lie([&](ZipEntryParts& entry) {
      as_torch(entry);
      entry.before = behind;
      behind = descriptor(entry);
    });
  };
  add("x/data.pkl", small_pickle());
  add("x/.format_version", "1");
  add("x/.storage_alignment", "64");
  add("x/byteorder", "little");
  add("x/data/0", raw<float>({1, 2}));
  add("x/version", "3\n");
  add("x/.data/serialization_id", "0123456789012345678901234567890123456789");
  return zip.zip64();
}

TEST(ZipOddities, FilesOfEveryWriterOpen) {
  const std::string floats = raw<float>({1, 2});
  const ZipBuilder repacked = ZipBuilder()
                                  .stored("best model/x", "")
                                  .stored("best model/data/0", floats)
                                  .stored("best model/data.pkl", small_pickle())
                                  .stored("best model/version", "3\n");
  const ZipBuilder deflated = ZipBuilder()
                                  .deflated("a/data.pkl", small_pickle())
                                  .deflated("a/byteorder", "little")
                                  .deflated("a/data/0", floats)
                                  .deflated("a/version", "3\n")
                                  .deflated("a/empty", "");
  ZipBuilder saturated = honest().zip64().lie_about_end([](auto& end) { end.saturate = true; });
  const ZipBuilder local_zip64 = lying(kStorage, [](ZipEntryParts& entry) {
    entry.local.extra = zip64_field({8, 8});
    entry.local.size = entry.local.compressed_size = 0xFFFFFFFF;
  });
  const ZipBuilder wide = lying(kStorage, [](ZipEntryParts& entry) {
    entry.central.extra = "XX" + little(0, 2) + zip64_field({8, 8}) + "YY" + little(1, 2) + "y";
    entry.central.size = entry.central.compressed_size = 0xFFFFFFFF;
  });
  expect_opened({
      {"torch", torch_file().build()},
      {"stored anew, not aligned, in another order", repacked.build()},
      {"deflated", deflated.build()},
      {"zip64 records that repeat the end record", honest().zip64().build()},
      {"zip64 records that the end record leaves to them", saturated.build()},
      {"zip64 in a local header", local_zip64.build()},
      {"zip64 between other fields", wide.build()},
      {"no CRC anywhere",
       lying(kStorage, [](ZipEntryParts& entry) { entry.central.crc = 0; }).build()},
      {"a comment", honest().comment("made by hand").build()},
      {"a comment on an entry",
       lying(kStorage, [](ZipEntryParts& entry) { entry.central.comment = "best so far"; })
           .build()},
  });
}

TEST(ZipOddities, AnyFolderHoldsTheRecords) {
  for (const auto& [folder, shown] : {std::pair("archive"s, "archive/"s),
                                      std::pair("epoch 12 (best).pt"s, "epoch 12 (best).pt/"s),
                                      std::pair("\xc3\xa9t\xc3\xa9"s, "\xc3\xa9t\xc3\xa9/"s),
                                      std::pair("\xff\x1b"s, "\\xff\\x1b/"s),
                                      std::pair(".."s, "../"s), std::pair("C:\\x"s, "C:\\\\x/"s)}) {
    const auto opened = open_bytes(ZipBuilder()
                                       .stored(folder + "/data.pkl", small_pickle())
                                       .stored(folder + "/data/0", raw<float>({1, 2}))
                                       .build());
    ASSERT_TRUE(opened.ok()) << opened.error();
    EXPECT_EQ(opened->container().prefix, shown);
    EXPECT_EQ(weights(*opened), "1.000000 2.000000");
  }
}

TEST(ZipOddities, FoldersAndStrangersAreLeftAlone) {
  ZipBuilder folders;
  folders.stored("a/", "").stored("a/data/", "");
  folders.stored("a/data.pkl", small_pickle()).stored("a/data/0", raw<float>({1, 2}));
  folders.stored("a/version", "3\n");
  ZipBuilder stranger;
  stranger.stored("__MACOSX/._a", "x");
  stranger.stored("a/data.pkl", small_pickle()).stored("a/data/0", raw<float>({1, 2}));
  stranger.stored("a/version", "3\n");
  expect_opened({
      {"folder entries", folders.build()},
      {"a stranger behind", honest().stored("__MACOSX/._a", "x").build()},
      {"a stranger in front", stranger.build(),
       "the first entry lies outside of the checkpoint's folder"},
      {"names that would be dangerous as paths",
       honest().stored("../../etc/passwd", "x").stored("/x", "x").stored("c:\\x", "x").build()},
      {"a storage that nothing names", honest().stored("a/data/1", "x").build()},
      {"a gap between entries",
       lying(kStorage, [](ZipEntryParts& entry) { entry.before = "gap PK\3\4"; }).build()},
  });
}

TEST(ZipOddities, BytesBehindAreNoted) {
  expect_opened({
      {"40 bytes", honest().trailing(std::string(40, 'x')).build(), "bytes follow the zip file"},
      {"an end record without room", honest().trailing("PK\5\6" + std::string(17, '\0')).build(),
       "bytes follow the zip file"},
      {"a comment that is cut off",
       honest().lie_about_end([](auto& end) { end.comment_size = 100; }).build()},
      {"bytes behind the pickle",
       lying(kPickle,
             [](ZipEntryParts& entry) {
               entry.data += "N.";
               for (ZipHeader* header : {&entry.local, &entry.central})
                 header->size = header->compressed_size += 2;
             })
           .build(),
       "2 bytes follow the pickle"},
  });
}

TEST(ZipOddities, ArchivesInTheArchiveAreData) {
  // One that would lead to a directory of the outer file, too: it begins where the outer one does.
  const std::string nested = honest().build();
  ZipBuilder outer = honest().stored("a/nested.pt", nested);
  ZipBuilder padded = outer;
  padded.lie([](ZipEntryParts& entry) {
    entry.local.extra = "FB" + little(60, 2) + std::string(60, 'Z');
  });
  // An end record as data, which leads to a directory entry as data, with the offsets of this file.
  const std::string entry = "PK\1\2" + std::string(42, '\0') + "n";
  ZipBuilder exact = honest();
  exact.stored("a/inner.zip", entry + end_record(1, entry.size(), 0));
  const std::uint64_t entry_at = exact.data_offset(3);
  exact = honest().stored("a/inner.zip", entry + end_record(1, entry.size(), entry_at));
  ZipBuilder exact_padded = exact;
  exact_padded.lie([&](ZipEntryParts& parts) {
    parts.local.extra = "FB" + little(60, 2) + std::string(60, 'Z');
    parts.data = entry + end_record(1, entry.size(), entry_at + 64);
  });
  expect_opened({
      {"stored", outer.build()},
      {"stored behind padding", padded.build()},
      {"with an end record that leads to itself", exact.build()},
      {"the same behind padding", exact_padded.build()},
  });
}

TEST(ZipOddities, VersionsAreShownAndNotNeeded) {
  const auto with = [](std::string_view name, std::string_view content) {
    ZipBuilder zip;
    zip.stored("a/data.pkl", small_pickle()).stored("a/data/0", raw<float>({1, 2}));
    if (!name.empty()) zip.stored(name, content);
    return zip;
  };
  const struct {
    ZipBuilder zip;
    std::string_view version;
    std::string_view notes;
  } cases[] = {
      {with("a/version", "3\n"), "3", ""},
      {with("a/version", "11"), "11", ""},
      {with("a/version", " 3abc\n"), " 3abc", ""},
      {with("a/version", "\x1b[31m"), "\\x1b[31m", ""},
      {with("a/version", ""), "", ""},
      {with("a/version", std::string(65, '3')), "", ""},
      {with("a/.data/version", "6\n"), "6", ""},
      {with("a/version", "3\n").stored("a/.data/version", "6\n"), "3", "two version records"},
      {with("", ""), "", "no version record"},
  };
  for (const auto& c : cases) {
    const auto opened = open_bytes(c.zip.build());
    ASSERT_TRUE(opened.ok()) << opened.error();
    EXPECT_EQ(opened->container().version, c.version);
    EXPECT_EQ(notes(*opened), c.notes) << c.version;
    EXPECT_EQ(weights(*opened), "1.000000 2.000000");
  }
}

}  // namespace
