#include "archive/sniff.h"

#include <algorithm>
#include <cstdint>

namespace safe_load::archive {
namespace {

using namespace std::string_view_literals;
using Kind = Sniffed::Kind;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  Sniffed result;
};

constexpr std::string_view kUnpack = "unpack it first, then open what was inside";
constexpr std::string_view kLegacy =
    "this version opens torch zip files (torch 1.6 and later); the stacked layout comes later";

// First match wins. Sources: the formats' own documents.
constexpr Magic kMagics[] = {
    {0, "PK\3\4"sv, {Kind::kZip, "a zip file", ""}},
    {0, "PK\5\6"sv, {Kind::kOther, "an empty zip file", "save or download the checkpoint again"}},
    {0, "PK\7\10"sv, {Kind::kOther, "one part of a split zip file", "join the parts first"}},
    {0,
     "version https://git-lfs"sv,
     {Kind::kOther, "a Git LFS pointer, not the checkpoint itself", "run `git lfs pull`"}},
    {0,
     "\x80\2\x8a\x0al\xfc\x9c"
     "F\xf9 j\xa8P\x19."sv,
     {Kind::kOther, "a checkpoint in the stacked layout of torch before 1.6", kLegacy}},
    {0, "PYTORCH1"sv, {Kind::kOther, "a PyTorch 1.0 preview file", "save it again with torch"}},
    {257, "ustar"sv, {Kind::kOther, "a tar archive", kUnpack}},
    {0, "\x1f\x8b"sv, {Kind::kOther, "gzip-compressed data", kUnpack}},
    {0, "\x28\xb5\x2f\xfd"sv, {Kind::kOther, "zstd-compressed data", kUnpack}},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     {Kind::kOther, "xz-compressed data", kUnpack}},
    {0, "BZh"sv, {Kind::kOther, "bzip2-compressed data", kUnpack}},
    {0, "\x04\x22\x4d\x18"sv, {Kind::kOther, "lz4-compressed data", kUnpack}},
    {0, "7z\xbc\xaf\x27\x1c"sv, {Kind::kOther, "a 7z archive", kUnpack}},
    {0, "Rar!\x1a\x07"sv, {Kind::kOther, "a rar archive", kUnpack}},
    {0, "\x89HDF\r\n\x1a\n"sv, {Kind::kOther, "an HDF5 file", "open it with Keras or h5py"}},
    {0, "GGUF"sv, {Kind::kOther, "a GGUF file", "open it with llama.cpp or the gguf package"}},
    {0, "\x93NUMPY"sv, {Kind::kOther, "a NumPy array file", "open it with numpy.load"}},
    {0,
     "\x7f"
     "ELF"sv,
     {Kind::kOther, "a program (ELF), not a checkpoint", ""}},
    {0, "%PDF"sv, {Kind::kOther, "a PDF document, not a checkpoint", ""}},
    {0, "\x89PNG"sv, {Kind::kOther, "a PNG picture, not a checkpoint", ""}},
    {4, "PTMF"sv, {Kind::kOther, "a PyTorch mobile flatbuffer", "open it with torch.jit.load"}},
    {4, "ET1"sv, {Kind::kOther, "an ExecuTorch program", "open it with ExecuTorch"}},
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Sniffed sniff(base::Bytes head, std::uint64_t size) {
  const std::string_view text = base::as_text(head);
  if (size == 0) return {Kind::kOther, "an empty file", "save or download the checkpoint again"};
  for (const Magic& magic : kMagics)
    if (text.size() > magic.offset && text.substr(magic.offset).starts_with(magic.bytes))
      return magic.result;
  if (head.size() > 8 && text[8] == '{' &&
      base::load_little<std::uint64_t>(head.data()) <= size - 8)
    return {Kind::kOther, "a safetensors file", "open it with the safetensors package"};
  if (head.size() > 1 && text[0] == '\x80' && static_cast<std::uint8_t>(text[1]) <= 5)
    return {Kind::kPickle, "a pickle outside of any container", kLegacy};
  std::string_view body = text;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  while (!body.empty() && is_blank(body.front())) body.remove_prefix(1);
  if (body.starts_with('<'))
    return {Kind::kOther, "a web page (HTML or XML), not the checkpoint",
            "the download gave a page instead of the file, perhaps a login; download it again"};
  if (body.starts_with('{') || body.starts_with('['))
    return {Kind::kOther, "JSON text, not a checkpoint",
            "look into it: it may be an error message or the index of a sharded checkpoint"};
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == '\0'; }))
    return {Kind::kOther, "nothing but zero bytes at its start",
            "a sparse or unfinished copy; download or copy it again"};
  return {Kind::kOther, "in no format that is known here", "check where the file came from"};
}

}  // namespace safe_load::archive
