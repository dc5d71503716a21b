// sniff: a name for every kind of file that people take for a checkpoint.
#include "archive/sniff.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/guarded_buffer.h"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using safe_load::archive::Sniffed;
using Kind = Sniffed::Kind;

// As the opener calls it: the first 4096 bytes, and the size of the whole file.
Sniffed sniff(std::string_view file) {
  const test_support::GuardedBuffer head(file.substr(0, 4096));
  return safe_load::archive::sniff(head.bytes(), file.size());
}

struct Case {
  std::string file;
  std::string_view what;
  Kind kind = Kind::kOther;
};

std::vector<Case> foreign_files() {
  return {
      {"", "an empty file"},
      {"PK\5\6" + std::string(18, '\0'), "an empty zip file"},
      {"PK\7\10rest", "one part of a split zip file"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
       "a Git LFS pointer, not the checkpoint itself", Kind::kPointer},
      {"PYTORCH1rest", "a PyTorch 1.0 preview file"},
      {std::string(257, '\0') + "ustar  ", "a tar archive", Kind::kTar},
      {"\x1f\x8b\x08rest", "gzip-compressed data", Kind::kCompressed},
      {"\x28\xb5\x2f\xfdrest", "zstd-compressed data", Kind::kCompressed},
      {"\xfd\x37zXZ\0rest"s, "xz-compressed data", Kind::kCompressed},
      {"BZh9rest", "bzip2-compressed data", Kind::kCompressed},
      {"\x04\x22\x4d\x18rest", "lz4-compressed data", Kind::kCompressed},
      {"ZF0x210    rest", "a compressed file of joblib before 0.10", Kind::kCompressed},
      {"7z\xbc\xaf\x27\x1crest", "a 7z archive", Kind::kCompressed},
      {"Rar!\x1a\x07rest", "a rar archive", Kind::kCompressed},
      {"\x89HDF\r\n\x1a\nrest", "an HDF5 file"},
      {"GGUF\3", "a GGUF file"},
      {"\x93NUMPY\1", "a NumPy array file", Kind::kArray},
      {std::string(512, ' ') + "\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"lmggrest", "a GGML file"},
      {"MZ\x90", "a program, not a checkpoint", Kind::kProgram},
      {"\xcf\xfa\xed\xferest", "a program, not a checkpoint", Kind::kProgram},
      {"\xff\xd8\xff\xe0", "a JPEG picture, not a checkpoint"},
      {"\x20\0\0\0TFL3rest"s, "a TensorFlow Lite model"},
      {"\x08\x07\x12\x07pytorch", "perhaps an ONNX or TensorFlow model (protobuf)"},
      {"\x7f\x45LF\2", "a program, not a checkpoint", Kind::kProgram},
      {"%PDF-1.7", "a PDF document, not a checkpoint"},
      {"\x89PNG\r\n\x1a\n", "a PNG picture, not a checkpoint"},
      {"\x20\0\0\0PTMFrest"s, "a PyTorch mobile flatbuffer"},
      {"\x20\0\0\0ET12rest"s, "an ExecuTorch program"},
      {"\x10\0\0\0\0\0\0\0{\"a\":{}}        "s, "a safetensors file", Kind::kSafetensors},
      {"<!DOCTYPE html><html>", "a web page (HTML or XML), not the checkpoint", Kind::kPage},
      {"\xef\xbb\xbf \r\n\t<html>", "a web page (HTML or XML), not the checkpoint", Kind::kPage},
      {"{\"error\": \"Entry not found\"}", "JSON text, not a checkpoint", Kind::kJson},
      {"\n[1]", "JSON text, not a checkpoint", Kind::kJson},
      {std::string(2000, '\0'), "nothing but zero bytes at its start", Kind::kZeros},
      {"an ordinary text", "plain text, not a checkpoint", Kind::kText},
      {"Some text", "plain text, not a checkpoint", Kind::kText},
      {"\x80\x06rest", "in no format that is known here"},  // no pickle has protocol 6
      {"PK\3", "in no format that is known here"},
  };
}

TEST(Sniff, NamesWhatItDoesNotOpenAndSaysWhatToDo) {
  for (const auto& [file, what, kind] : foreign_files()) {
    const Sniffed sniffed = sniff(file);
    EXPECT_EQ(sniffed.kind, kind) << what;
    EXPECT_EQ(sniffed.what, what);
  }
}

TEST(Sniff, KnowsZipFilesAndPickles) {
  EXPECT_EQ(sniff("PK\3\4rest").kind, Kind::kZip);
  EXPECT_EQ(sniff("PK\3\4\x14").kind, Kind::kZip);
  for (char protocol = 0; protocol <= 5; ++protocol)
    EXPECT_EQ(sniff("\x80"s + protocol + "N.").kind, Kind::kPickle);
}

TEST(Sniff, KnowsLegacyPicklesOfEveryProtocol) {
  const std::string number = "\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.";
  EXPECT_EQ(sniff("L119547037146038801333356L\n.M").kind, Kind::kLegacy);
  for (char protocol = 2; protocol <= 3; ++protocol)
    EXPECT_EQ(sniff("\x80"s + protocol + number).kind, Kind::kLegacy);
  for (char protocol = 4; protocol <= 5; ++protocol)
    EXPECT_EQ(sniff("\x80"s + protocol + "\x95\x0d\0\0\0\0\0\0\0"s + number).kind, Kind::kLegacy);
  EXPECT_EQ(sniff("\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x18.").kind, Kind::kPickle);
}

TEST(Sniff, TakesAHeaderForSafetensorsOnlyIfItFitsInTheFile) {
  const std::string file = "\x10\0\0\0\0\0\0\0{\"a\":{}}        "s;
  EXPECT_EQ(sniff(file).what, "a safetensors file");
  EXPECT_NE(sniff(file.substr(0, file.size() - 1)).what, "a safetensors file");
  EXPECT_NE(sniff("\xff\xff\xff\xff\xff\xff\xff\xff{}"s).what, "a safetensors file");
}

TEST(Sniff, ReadsNothingBehindAShortHead) {
  for (const auto& [file, what, kind] : foreign_files())
    for (const std::size_t size : {1u, 2u, 4u, 8u, 9u, 15u})
      if (size < file.size()) {
        EXPECT_FALSE(sniff(file.substr(0, size)).what.empty()) << what << " cut at " << size;
      }
}

}  // namespace
