// ZipLayout: which records make a checkpoint, and what other zip files of torch are called.
#include "torch/zip_layout.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/source.h"
#include "support/zip_builder.h"

namespace {

using safe_load::archive::ZipDirectory;
using safe_load::torch::find_layout;
using safe_load::torch::is_big_endian;
using test_support::ZipBuilder;

ZipBuilder zip(const std::vector<std::string>& names) {
  ZipBuilder builder;
  for (const std::string& name : names) builder.stored(name, "x");
  return builder;
}

// "prefix pickle byteorder version" of the layout and its notes, or "code at offset: reason".
std::string layout_text(const ZipBuilder& builder) {
  const std::string file = builder.build();
  const safe_load::base::MemorySource source(safe_load::base::as_bytes(file));
  const auto directory = ZipDirectory::read(source, {});
  if (!directory) return "no directory";
  const auto layout = find_layout(*directory);
  if (!layout)
    return std::string(to_text(layout.error().code())) + " at " +
           std::to_string(layout.error().offset()) + ": " + std::string(layout.error().reason());
  std::string out = layout->prefix;
  for (const auto* entry : {layout->pickle, layout->byte_order, layout->version})
    out += ' ' + (entry == nullptr ? "-" : std::string(entry->name.substr(layout->prefix.size())));
  for (const std::string_view note : layout->notes) out += "; " + std::string(note);
  return out;
}

struct Case {
  std::vector<std::string> names;
  std::string_view text;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_EQ(layout_text(zip(c.names)), c.text) << testing::PrintToString(c.names);
}

TEST(ZipLayout, FindsTheFolderOfThePickle) {
  expect_all({
      {{"archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version"},
       "archive/ data.pkl byteorder version"},
      {{"best model/version", "best model/data.pkl"}, "best model/ data.pkl - version"},
      {{"a/data.pkl", "a/version", "a/x/data.pkl", "a/mydata.pkl", "a/data.pkl.bak"},
       "a/ data.pkl - version"},
      {{"a/", "a/data.pkl", "a/version"}, "a/ data.pkl - version"},
  });
}

TEST(ZipLayout, NotesWhatIsUnusual) {
  expect_all({
      {{"a/data.pkl"}, "a/ data.pkl - -; no version record"},
      {{"a/data.pkl", "a/.data/version"}, "a/ data.pkl - .data/version"},
      {{"a/data.pkl", "a/version", "a/.data/version"},
       "a/ data.pkl - version; two version records"},
      {{"__MACOSX/x", "a/data.pkl", "a/version"},
       "a/ data.pkl - version; the first entry lies outside of the checkpoint's folder"},
      {{"a/data.pkl", "a/version", "b/version", "b/data/0"}, "a/ data.pkl - version"},
  });
  EXPECT_EQ(layout_text(zip({"a/data.pkl", "a/version"}).trailing(std::string(40, 'x'))),
            "a/ data.pkl - version; bytes follow the zip file");
}

TEST(ZipLayout, RefusesTwoPickles) {
  const ZipBuilder two = zip({"a/data.pkl", "a/version", "b/data.pkl"});
  EXPECT_EQ(layout_text(two), "ambiguous at " + std::to_string(two.local_offset(2)) +
                                  ": two folders hold a data.pkl");
}

TEST(ZipLayout, RefusesAPickleThatOnlyTorchWouldFind) {
  const ZipBuilder odd = zip({"a/version", "a/Data.PKL"});
  EXPECT_EQ(layout_text(odd), "ambiguous at " + std::to_string(odd.local_offset(1)) +
                                  ": a record whose name torch would take for data.pkl");
}

TEST(ZipLayout, RefusesAPickleWithoutAFolderName) {
  EXPECT_EQ(layout_text(zip({"/data.pkl"})),
            "ambiguous at 0: a record whose name torch would take for data.pkl");
}

TEST(ZipLayout, NamesOtherKindsOfArchives) {
  expect_all({
      {{"a/archive_format", "a/models/model.json"},
       "unsupported at 0: a torch.export archive inside of a deflated record; extract it first"},
      {{"a/.data/extern_modules", "a/m.py"},
       "unsupported at 0: a torch.package archive inside of a deflated record; extract it first"},
      {{"a/.data/extern_modules", "a/.data/ts_code/0/data.pkl"},
       "unsupported at 0: a torch.package archive inside of a deflated record; extract it first"},
      {{"word/document.xml"},
       "unsupported at 0: a zip file without a data.pkl: not a checkpoint of torch.save"},
      {{"a/.data/serialization_id"},
       "truncated at 0: torch.save broke off: there is no data.pkl, only what it writes last"},
      {{"data.pkl"}, "corrupt at 0: a data.pkl that is in no top folder, where torch has it"},
      {{"a/b/data.pkl"}, "corrupt at 0: a data.pkl that is in no top folder, where torch has it"},
      // A file in another folder does not make it one of these.
      {{"a/data.pkl", "a/version", "b/constants.pkl"}, "a/ data.pkl - version"},
  });
}

TEST(ZipLayout, FindsStoragesByTheirWholeKey) {
  const std::string file =
      zip({"a/data.pkl", "a/version", "a/data/0", "a/data/x/y", "a/data/"}).build();
  const safe_load::base::MemorySource source(safe_load::base::as_bytes(file));
  const auto directory = ZipDirectory::read(source, {});
  ASSERT_TRUE(directory);
  const auto layout = find_layout(*directory);
  ASSERT_TRUE(layout);
  const auto storages = layout->storages_of(*layout->pickle);
  ASSERT_NE(storages.find("0"), nullptr);
  EXPECT_EQ(storages.find("0")->name, "a/data/0");
  EXPECT_NE(storages.find("x/y"), nullptr);
  for (const std::string_view key : {"1", "00", "0 ", "x", "../version", "../data/0", "X/y"})
    EXPECT_EQ(storages.find(key), nullptr) << key;
}

TEST(ZipLayout, KeepsTheStoragesOfConstantsApart) {
  const std::string file =
      zip({"a/data.pkl", "a/constants.pkl", "a/version", "a/data/0", "a/constants/1.storage"})
          .build();
  const safe_load::base::MemorySource source(safe_load::base::as_bytes(file));
  const auto directory = ZipDirectory::read(source, {});
  ASSERT_TRUE(directory);
  const auto layout = find_layout(*directory);
  ASSERT_TRUE(layout);
  ASSERT_TRUE(layout->is_script());
  const auto storages = layout->storages_of(*layout->constants);
  EXPECT_EQ(storages.find("0"), nullptr);
  ASSERT_NE(storages.find("1.storage"), nullptr);
  EXPECT_EQ(storages.find("1.storage")->name, "a/constants/1.storage");
}

TEST(ByteOrder, IsOneOfTwoWords) {
  EXPECT_EQ(*is_big_endian("little"), false);
  EXPECT_EQ(*is_big_endian("big"), true);
  for (const std::string_view text :
       {"", "Little", "BIG", "little\n", " little", "bigger", "lit"}) {
    const auto order = is_big_endian(text);
    ASSERT_FALSE(order) << text;
    EXPECT_EQ(order.error().code(), safe_load::ErrorCode::kCorrupt);
  }
}

}  // namespace
