// Containers in containers, and files that are not a checkpoint: sections 11 and 12 of the formats.
#include <gtest/gtest.h>

#include <chrono>

#include "hostile/zip_forgery.h"
#include "support/allocation_meter.h"
#include "support/guarded_buffer.h"
#include "support/legacy_builder.h"
#include "support/safetensors_builder.h"
#include "support/tar_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::OpenOptions;

std::string legacy(float value = 1) {
  return LegacyBuilder(dict({text("w"), tensor(legacy_storage("0", 1), 0, {1}, {1})}))
      .storage("0", raw<float>({value}))
      .build();
}

std::string zipped(float value = 2) {
  return CheckpointBuilder(dict({text("w"), tensor(storage("0", 1), 0, {1}, {1})}))
      .storage("0", raw<float>({value}))
      .build();
}

std::string safetensors_file(float value = 3) {
  return safetensors(json_object({safetensors_entry("w", "F32", {1}, 0, 4)}), raw<float>({value}));
}

std::string tar_file(float value = 4) {
  TarCheckpoint tar;
  tar.value = dict({text("w"), tar_id(2)});
  tar.storages = {tar_storage(1, raw<float>({value}), 1)};
  tar.tensors = {tar_tensor(2, 1, {1}, {1})};
  return tar.build();
}

// ---- zips of checkpoints

TEST(ZipsOfCheckpoints, GiveTheValueOfEachMember) {
  for (const bool is_deflated : {false, true}) {
    ZipBuilder zip;
    const auto add = [&](std::string_view name, std::string_view content) {
      is_deflated ? zip.deflated(name, content) : zip.stored(name, content);
    };
    add("folder/", "");
    add("a.pt", legacy());
    add("folder/b.pt", zipped());
    add("c.safetensors", safetensors_file());
    add("d.tar", tar_file());
    add("e.pkl", pickled(list({integer(7)})));
    add("f.zip", ZipBuilder().stored("x.pt", zipped(5)).deflated("y.pt", legacy(6)).build());
    add("readme.txt", "An ordinary text.");
    const auto opened = open_bytes(zip.build(), {.verify = true});
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_TRUE(opened->issues().empty());
    EXPECT_EQ(opened->container().format, safe_load::Format::kZipOfCheckpoints);
    ASSERT_EQ(opened->container().notes.size(), 1u);
    EXPECT_EQ(opened->container().notes[0], "no checkpoint: readme.txt");
    const auto tensors = opened->tensors();
    ASSERT_EQ(tensors.size(), 6u);
    const std::string_view paths[] = {
        "$[\"a.pt\"][\"w\"]",  "$[\"folder/b.pt\"][\"w\"]",     "$[\"c.safetensors\"][\"w\"]",
        "$[\"d.tar\"][\"w\"]", "$[\"f.zip\"][\"x.pt\"][\"w\"]", "$[\"f.zip\"][\"y.pt\"][\"w\"]"};
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_EQ(tensors[i].path, paths[i]);
      const auto elements = tensors[i].tensor.as_span<float>();
      ASSERT_TRUE(elements) << paths[i] << elements.error();
      EXPECT_EQ((*elements)[0], static_cast<float>(i + 1)) << paths[i];
    }
    EXPECT_TRUE(opened->find("$[\"e.pkl\"][0]").ok());
  }
}

TEST(ZipsOfCheckpoints, KeepTheStoragesOfEachMemberApart) {
  const auto opened =
      open_bytes(ZipBuilder().stored("a", zipped(1)).stored("b", zipped(2)).build());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->storage_count(), 2u);
  EXPECT_EQ((*opened->tensors()[0].tensor.as_span<float>())[0], 1.0f);
  EXPECT_EQ((*opened->tensors()[1].tensor.as_span<float>())[0], 2.0f);
}

TEST(ZipsOfCheckpoints, NameTheMemberThatIsWrong) {
  const std::string cut = legacy().substr(0, legacy().size() - 1);
  expect_refused(
      {{"a legacy member that is cut", ZipBuilder().stored("a.pt", cut).build(),
        ErrorCode::kTruncated, cut.size() - 11,
        "the file ends before the end of a storage: 1 bytes are missing, storage 0", "a.pt"}});
  const auto damaged_value = LegacyBuilder(dict({text("w"), legacy_storage("0", 1)})).build();
  for (const bool is_deflated : {false, true}) {
    ZipBuilder zip;
    zip.stored("first.pt", zipped());
    is_deflated ? zip.deflated("a.pt", damaged_value) : zip.stored("a.pt", damaged_value);
    const auto opened = open_bytes(zip.build());
    ASSERT_TRUE(opened);
    ASSERT_EQ(opened->issues().size(), 1u);
    EXPECT_EQ(opened->issues()[0].member, "a.pt");
    EXPECT_EQ(opened->issues()[0].path, "$[\"a.pt\"][\"w\"]");
  }
  const auto nested = ZipBuilder().stored("b.pt", CheckpointBuilder(storage("7", 1)).build());
  const auto opened = open_bytes(ZipBuilder().stored("a.zip", nested.build()).build());
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_EQ(opened->issues()[0].member, "a.zip/b.pt/archive/data.pkl");
}

TEST(ZipsOfCheckpoints, HaveKeysThatAreText) {
  const auto opened = open_bytes(
      ZipBuilder().stored("\xff\xfe.pt", zipped()).stored("\u00e9.pt", legacy()).build());
  ASSERT_TRUE(opened);
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, R"(\\xff\\xfe.pt.w)");
  EXPECT_EQ(tensors[1].name, "\u00e9.pt.w");
}

std::string nested_zips(std::string inner, int depth, bool is_deflated) {
  for (int i = 0; i < depth; ++i)
    inner = is_deflated ? ZipBuilder().deflated("x", inner).build()
                        : ZipBuilder().stored("x", inner).build();
  return inner;
}

TEST(ZipsOfCheckpoints, NestAtMostEightDeep) {
  for (const bool is_deflated : {false, true}) {
    EXPECT_EQ(complaint(nested_zips(legacy(), 8, is_deflated)), "");
    for (const int depth : {9, 60}) {
      const auto opened = open_bytes(nested_zips(legacy(), depth, is_deflated));
      ASSERT_FALSE(opened) << depth;
      EXPECT_EQ(opened.error().code, ErrorCode::kLimit);
      EXPECT_EQ(opened.error().message, "more than eight containers inside each other");
      EXPECT_EQ(opened.error().member, "x/x/x/x/x/x/x/x/x");
    }
  }
}

// What may be inflated is counted once for the whole file, not anew at each level.
TEST(ZipsOfCheckpoints, ShareWhatTheyMayInflate) {
  OpenOptions options;
  options.limits.max_inflated_bytes = 100'000;
  options.limits.max_inflated_ratio = 1;
  const std::string zeros(60'000, '\0');
  const auto zip_of = [&](std::string_view name) {
    return ZipBuilder().deflated(name, zeros).stored("w", legacy()).build();
  };
  EXPECT_EQ(complaint(zip_of("a"), options), "");
  EXPECT_EQ(complaint(ZipBuilder().stored("i", zip_of("a")).build(), options), "");
  for (const std::string& file :
       {ZipBuilder().stored("i", zip_of("a")).stored("j", zip_of("b")).build(),
        ZipBuilder()
            .deflated("i", zip_of("a") + std::string(39'000, '\0'))
            .deflated("j", zip_of("b"))
            .build(),
        ZipBuilder()
            .stored("i", ZipBuilder().deflated("k", zeros).stored("l", zip_of("a")).build())
            .build()}) {
    const auto opened = open_bytes(file, options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kLimit) << opened.error();
  }
}

TEST(ZipsOfCheckpoints, InflateNoBomb) {
  ZipBuilder inner;
  const std::string zeros(std::size_t{1} << 20, '\0');
  for (int i = 0; i < 300; ++i)
    inner.deflated("x" + std::to_string(i), zeros).lie([](ZipEntryParts& entry) {
      entry.local.size = entry.central.size = 1'000'000'000;
    });
  const std::string file = ZipBuilder().deflated("i", inner.build()).build();
  const AllocationMeter meter;
  const auto opened = open_bytes(file);
  ASSERT_FALSE(opened);
  EXPECT_LT(meter.peak(), std::size_t{64} << 20);
}

// ---- tars of checkpoints

TarBuilder tar_of_checkpoints() {
  return TarBuilder()
      .member("./config.yaml", "name: x")
      .member("./weights.ckpt", zipped(3))
      .member("old/legacy.pt", legacy(4));
}

TEST(TarsOfCheckpoints, GiveTheValueOfEachMember) {
  const auto opened = open_bytes(tar_of_checkpoints().build(), {.verify = true});
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_TRUE(opened->issues().empty());
  EXPECT_EQ(opened->container().format, safe_load::Format::kTarOfCheckpoints);
  EXPECT_EQ(opened->container().notes, std::vector<std::string>{"no checkpoint: config.yaml"});
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].path, "$[\"weights.ckpt\"][\"w\"]");
  EXPECT_EQ(tensors[1].path, "$[\"old/legacy.pt\"][\"w\"]");
  EXPECT_EQ((*tensors[0].tensor.as_span<float>())[0], 3.0f);
  EXPECT_EQ((*tensors[1].tensor.as_span<float>())[0], 4.0f);
}

TEST(TarsOfCheckpoints, HoldEachNameOnce) {
  const std::string twice =
      TarBuilder().member("a.pt", zipped()).member("./a.pt", zipped()).build();
  const auto opened = open_bytes(twice);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kAmbiguous);
  EXPECT_NE(opened.error().message.find("two members of one name: a.pt"), std::string::npos);
}

TEST(TarsOfCheckpoints, AreRefusedWhereverTheyAreCut) {
  const std::string whole = tar_of_checkpoints().build();
  const std::size_t end = whole.size() - 1024;  // the mark of its end
  for (std::size_t size = 512; size < end + 512; ++size)
    ASSERT_FALSE(open_bytes(whole.substr(0, size))) << size;
}

// ---- bare pickles

TEST(BarePickles, GiveNoMeaningToPersistentIds) {
  for (const std::string& id : {text("0") + "Q", "P0\n"s}) {
    const std::string found = complaint(pickled(list({id})));
    EXPECT_NE(
        found.find(": a persistent id in a plain pickle, where nothing says what it stands for"),
        std::string::npos)
        << found;
  }
}

TEST(BarePickles, SayWhereTheStoragesOfAnUnpackedCheckpointAre) {
  EXPECT_NE(complaint(pickled(list({storage("0", 1)}))).find("pack the folder again"),
            std::string::npos);
}

TEST(BarePickles, AreNoMagicNumber) {
  const std::string number = "L119547037146038801333356L\n.";
  // recognise() looks at the first 4096 bytes.
  std::string behind;
  for (int i = 0; i < 2100; ++i) behind += "N0";
  EXPECT_EQ(told(behind + number),
            "ambiguous: a pickle of torch's magic number, behind which torch would read on");
}

TEST(BarePickles, HaveTheirRestNoted) {
  const auto opened = open_bytes(pickled(list({integer(1)})) + "rest");
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->container().format, safe_load::Format::kPickle);
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_EQ(opened->container().notes[0], "4 bytes follow the pickle");
  EXPECT_EQ(opened->container().end, opened->container().file_size - 4);
}

TEST(BarePickles, OpenInEveryProtocol) {
  for (const int protocol : {2, 3, 4, 5})
    EXPECT_EQ(complaint(pickled(list({integer(1)}), protocol)), "") << protocol;
  EXPECT_EQ(complaint("(lp0\nI1\na."), "");
  EXPECT_EQ(complaint("I1\n."), "");
  EXPECT_EQ(complaint("}."), "");
}

TEST(BarePickles, OpenWhatIsLargerThanTheFirstRead) {
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{9} << 20}) {
    const std::string file = pickled(list({text(std::string(size, 'x')), integer(5)}));
    EXPECT_EQ(complaint(file), "");
    const std::string cut = complaint(file.substr(0, file.size() - 1));
    EXPECT_TRUE(cut.starts_with("truncated at ")) << cut;
    EXPECT_EQ(complaint("](" + text(std::string(size, 'x')) + "e."), "");
  }
}

// ---- what is not a checkpoint

struct Foreign {
  std::string what;
  std::string file;
  std::string message;  // a part of it
};

std::vector<Foreign> foreign_files() {
  const std::string pad(600, '\0');
  return {
      {"empty", "", "this is an empty file (0 bytes)"},
      {"zeros", std::string(5000, '\0'), "nothing but zero bytes at its start (5000 bytes"},
      {"LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
       "the real file has 12345 bytes, oid sha256:4d7a"},
      {"HTML", "<!DOCTYPE html><html><head><title>Sign in</title>", "title \"Sign in\""},
      {"XML", "\xef\xbb\xbf \n<?xml version='1.0'?><Error/>",
       "begins with \"<?xml version='1.0'?>\""},
      {"JSON", "{\"error\": \"Entry not found\"}", "which says \"Entry not found\""},
      {"JSON keys", "{\"weight_map\": {}, \"metadata\": 1}",
       "with the keys \"weight_map\", \"metadata\""},
      {"text", "an ordinary text\nof two lines",
       "plain text, not a checkpoint (29 bytes, first line"},
      {"text like a pickle", "Some text", "plain text, not a checkpoint (9 bytes, first line"},
      {"lz4", "\x04\x22\x4d\x18rest", "lz4-compressed data"},
      {"7z", "7z\xbc\xaf\x27\x1crest", "a 7z archive"},
      {"rar", "Rar!\x1a\x07rest", "a rar archive"},
      {"GGUF", "GGUF\3\0\0\0"s, "a GGUF file"},
      {"GGML", "lmggrest", "a GGML file"},
      {"HDF5", "\x89HDF\r\n\x1a\nrest", "an HDF5 file"},
      {"HDF5 at 512", std::string(512, ' ') + "\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"ONNX", "\x08\x07\x12\x07pytorch", "perhaps an ONNX or TensorFlow model"},
      {"TFLite", "\x20\0\0\0TFL3rest"s, "a TensorFlow Lite model"},
      {"flatbuffer", "\x20\0\0\0PTMFrest"s, "a PyTorch mobile flatbuffer"},
      {"ExecuTorch", "\x20\0\0\0ET12rest"s, "an ExecuTorch program"},
      {"2018 preview", "PYTORCH1rest", "a PyTorch 1.0 preview file"},
      {"ELF", "\x7f\x45LF\2", "a program, not a checkpoint"},
      {"PE", "MZ\x90\0\3\0"s, "a program, not a checkpoint"},
      {"PDF", "%PDF-1.7", "a PDF document"},
      {"PNG", "\x89PNG\r\n\x1a\n", "a PNG picture"},
      {"JPEG", "\xff\xd8\xff\xe0", "a JPEG picture"},
      {"empty zip", "PK\5\6" + std::string(18, '\0'), "an empty zip file"},
      {"spanned zip", "PK\7\10rest", "one part of a split zip file"},
      {"tar", TarBuilder().member("a.txt", "x").build(), "a tar archive"},
      {"unknown", "\xfe\xfd\x01\x02",
       "in no format that is known here (4 bytes, first bytes fe fd 01 02)"},
  };
}

TEST(ForeignFiles, AreNamedWithWhatProvesIt) {
  for (const Foreign& row : foreign_files()) {
    const auto opened = open_bytes(row.file);
    ASSERT_FALSE(opened) << row.what;
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported) << row.what << opened.error();
    EXPECT_NE(opened.error().message.find(row.message), std::string::npos)
        << row.what << ": " << opened.error().message;
  }
}

TEST(ForeignFiles, EndWellIfTheyAreCut) {
  std::vector<Foreign> files = foreign_files();
  files.push_back({"zip", zipped(), ""});
  files.push_back({"legacy", legacy(), ""});
  files.push_back({"tar checkpoint", tar_file(), ""});
  files.push_back({"safetensors", safetensors_file(), ""});
  files.push_back({"pickle", pickled(list({text("a"), text("b"), text("c")})), ""});
  for (const Foreign& row : files)
    for (const std::size_t size : {1u, 2u, 4u, 8u, 15u, 300u, 513u}) {
      const GuardedBuffer cut(row.file.substr(0, size));
      const auto opened = Checkpoint::open(cut.bytes());
      if (opened) continue;  // "I" of a text may be a pickle by chance, but none here is
      EXPECT_FALSE(opened.error().message.empty()) << row.what << size;
      EXPECT_FALSE(opened.error().message.find('\n') != std::string::npos) << row.what;
    }
}

// A transfer in text mode puts bytes in, or takes some away.
TEST(ForeignFiles, SayByHowMuchADirectoryIsMisplaced) {
  const std::string whole = zipped();
  const auto inserted = open_bytes(whole.substr(0, 200) + "123456789012" + whole.substr(200));
  ASSERT_FALSE(inserted);
  EXPECT_NE(inserted.error().message.find("12 bytes later than the file says"), std::string::npos)
      << inserted.error();
  const auto lost = open_bytes(whole.substr(0, 200) + whole.substr(203));
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().message.find("3 bytes earlier than the file says"), std::string::npos)
      << lost.error();
}

TEST(ForeignFiles, SayWhatIsLeftOfAZipFile) {
  const std::string whole = zipped();
  const auto cut = open_bytes(whole.substr(0, whole.size() - 100));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kTruncated);
  EXPECT_NE(cut.error().message.find("a zip file that is cut off after"), std::string::npos);
  EXPECT_NE(cut.error().message.find("the last whole record is archive/"), std::string::npos)
      << cut.error();
}

TEST(ForeignFiles, SayWhereTwoZipFilesMeet) {
  const auto second = CheckpointBuilder(kNone).storage("0", std::string(70'000, '\1'));
  const auto opened = open_bytes(zipped(1) + second.build());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message.find("several zip files, one behind the other"),
            std::string::npos)
      << opened.error();
}

}  // namespace
