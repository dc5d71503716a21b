#include "archive/sniff.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "decompress/heads.h"

namespace safe_load::archive {
namespace {

using namespace std::string_view_literals;
using decompress::Coding;
using Kind = Sniffed::Kind;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  Sniffed result;
};

constexpr std::string_view kUnpack = "unpack it first, then open what was inside";

// The first pickle of the legacy layout, by protocol: an integer.
constexpr std::string_view kMagicPickles[] = {
    "L119547037146038801333356L\n."sv,
    "\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."sv,
    "\x80\3\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."sv,
    "\x80\4\x95\x0d\0\0\0\0\0\0\0\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."sv,
    "\x80\5\x95\x0d\0\0\0\0\0\0\0\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."sv,
};

constexpr Sniffed kHdf5 = {Kind::kOther, "an HDF5 file", "open it with Keras or h5py"};
constexpr Sniffed kGgml = {Kind::kOther, "a GGML file", "open it with llama.cpp"};
constexpr Sniffed kProgram = {Kind::kProgram, "a program, not a checkpoint", "do not run it"};

// First match wins. Sources: the formats' own documents.
constexpr Magic kMagics[] = {
    {0, "PK\3\4"sv, {Kind::kZip, "a zip file", ""}},
    {0, "PK\5\6"sv, {Kind::kOther, "an empty zip file", "save or download the checkpoint again"}},
    {0, "PK\7\10"sv, {Kind::kOther, "one part of a split zip file", "join the parts first"}},
    {0,
     "version https://git-lfs"sv,
     {Kind::kPointer, "a Git LFS pointer, not the checkpoint itself", "run `git lfs pull`"}},
    {0, "PYTORCH1"sv, {Kind::kOther, "a PyTorch 1.0 preview file", "save it again with torch"}},
    {257, "ustar"sv, {Kind::kTar, "a tar archive", kUnpack}},
    {0, "\x1f\x8b"sv, {Kind::kCompressed, "gzip-compressed data", kUnpack, false, Coding::kGzip}},
    {0,
     "\x28\xb5\x2f\xfd"sv,
     {Kind::kCompressed, "zstd-compressed data", kUnpack, false, Coding::kZstd}},
    {0,
     "\xfd"
     "7zXZ\0"sv,
     {Kind::kCompressed, "xz-compressed data", kUnpack, false, Coding::kXz}},
    {0, "BZh"sv, {Kind::kCompressed, "bzip2-compressed data", kUnpack, false, Coding::kBzip2}},
    {0, "\x04\x22\x4d\x18"sv, {Kind::kCompressed, "lz4-compressed data", kUnpack}},
    {0, "\x02\x21\x4c\x18"sv, {Kind::kCompressed, "lz4-compressed data", kUnpack}},
    {1, "\x2a\x4d\x18"sv, {Kind::kCompressed, "zstd- or lz4-compressed data", kUnpack}},
    {0, "\xff\x06\0\0sNaPpY"sv, {Kind::kCompressed, "snappy-compressed data", kUnpack}},
    {0,
     "ZF0x"sv,
     {Kind::kCompressed, "a compressed file of joblib before 0.10",
      "ask for the file as joblib saves it now"}},
    {0, "LZIP"sv, {Kind::kCompressed, "lzip-compressed data", kUnpack}},
    {0, "\x89LZO"sv, {Kind::kCompressed, "lzop-compressed data", kUnpack}},
    {0, "LRZI"sv, {Kind::kCompressed, "lrzip-compressed data", kUnpack}},
    {0, "\x1f\x9d"sv, {Kind::kCompressed, "compress-compressed data", kUnpack}},
    {0, "MSCF"sv, {Kind::kCompressed, "a cabinet file", kUnpack}},
    {0, "7z\xbc\xaf\x27\x1c"sv, {Kind::kCompressed, "a 7z archive", kUnpack}},
    {0, "Rar!\x1a\x07"sv, {Kind::kCompressed, "a rar archive", kUnpack}},
    {0, "\x89HDF\r\n\x1a\n"sv, kHdf5},
    {0, "lmgg"sv, kGgml},
    {0, "fmgg"sv, kGgml},
    {0, "tjgg"sv, kGgml},
    {0, "GGUF"sv, {Kind::kOther, "a GGUF file", "open it with llama.cpp or the gguf package"}},
    {0, "\x93NUMPY"sv, {Kind::kArray, "a NumPy array file", ""}},
    {0, "\x7f\x45LF"sv, kProgram},
    {0, "MZ"sv, kProgram},
    {0, "\xcf\xfa\xed\xfe"sv, kProgram},
    {0, "\xca\xfe\xba\xbe"sv, kProgram},
    {0, "%PDF"sv, {Kind::kOther, "a PDF document, not a checkpoint", ""}},
    {0, "\x89PNG"sv, {Kind::kOther, "a PNG picture, not a checkpoint", ""}},
    {0, "\xff\xd8\xff"sv, {Kind::kOther, "a JPEG picture, not a checkpoint", ""}},
};

// What is looked for last: it says nothing about the beginning.
constexpr Magic kFarMagics[] = {
    {4, "PTMF"sv, {Kind::kOther, "a PyTorch mobile flatbuffer", "open it with torch.jit.load"}},
    {4, "ET1"sv, {Kind::kOther, "an ExecuTorch program", "open it with ExecuTorch"}},
    {4, "TFL3"sv, {Kind::kOther, "a TensorFlow Lite model", "open it with TensorFlow Lite"}},
    {512, "\x89HDF\r\n\x1a\n"sv, kHdf5},
    {1024, "\x89HDF\r\n\x1a\n"sv, kHdf5},
    {2048, "\x89HDF\r\n\x1a\n"sv, kHdf5},
};

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' && c != '\n') ||
         c == '\x7f';
}
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// `head` may end in the middle of a character.
bool is_text(std::string_view head, std::uint64_t size) {
  const std::size_t cut = head.size() < size ? std::min<std::size_t>(head.size(), 3) : 0;
  bool is_utf8 = base::is_utf8(head, false);
  for (std::size_t i = 1; i <= cut && !is_utf8; ++i)
    is_utf8 = base::is_utf8(head.substr(0, head.size() - i), false);
  return is_utf8 && std::none_of(head.begin(), head.end(), is_control);
}

// What the first opcode of a pickle without a PROTO can be: all that need nothing on the stack.
constexpr std::string_view kFirstOpcodes =
    "(]})NIJKMLGFSUTVXcBCP\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97";

}  // namespace

Sniffed sniff(base::Bytes head, std::uint64_t size) {
  const std::string_view text = base::as_text(head);
  if (size == 0) return {Kind::kOther, "an empty file", "save or download the checkpoint again"};
  for (const std::string_view magic : kMagicPickles)
    if (text.starts_with(magic)) return {Kind::kLegacy, "legacy pickles of torch.save", ""};
  // The magic at offset 1 is of frames that zstd and lz4 skip: 0x184D2A50 to 0x184D2A5F.
  const bool is_frame = !text.empty() && (text[0] & '\xf0') == 0x50;
  for (const Magic& magic : kMagics)
    if ((magic.offset != 1 || is_frame) && text.size() > magic.offset &&
        text.substr(magic.offset).starts_with(magic.bytes))
      return magic.result;
  if (head.size() > 8 && text[8] == '{' &&
      base::load_little<std::uint64_t>(head.data()) <= size - 8)
    return {Kind::kSafetensors, "a safetensors file", ""};
  if (head.size() > 1 && text[0] == '\x80' && static_cast<std::uint8_t>(text[1]) <= 5)
    return {Kind::kPickle, "a pickle outside of any container", ""};
  std::string_view body = text;
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  while (!body.empty() && is_blank(body.front())) body.remove_prefix(1);
  if (body.starts_with('<'))
    return {Kind::kPage, "a web page (HTML or XML), not the checkpoint",
            "the download gave a page instead of the file, perhaps a login; download it again"};
  if (body.starts_with('{') || body.starts_with('['))
    return {Kind::kJson, "JSON text, not a checkpoint",
            "look into it: it may be an error message or the index of a sharded checkpoint"};
  if (std::all_of(text.begin(), text.end(), [](char c) { return c == '\0'; }))
    return {Kind::kZeros, "nothing but zero bytes at its start",
            "a sparse or unfinished copy; download or copy it again"};
  // Protobuf has no magic: a field number, a small version, and the next field.
  if (text.size() > 2 && text[0] == '\x08' && text[1] >= 1 && text[1] <= 13 &&
      (text[2] == '\x12' || text[2] == '\x1a' || text[2] == '\x3a'))
    return {Kind::kOther, "perhaps an ONNX or TensorFlow model (protobuf)",
            "open it with onnxruntime or TensorFlow"};
  const bool may_be_pickle = kFirstOpcodes.find(text[0]) != std::string_view::npos;
  if (decompress::is_zlib(head))
    return {Kind::kCompressed, "zlib-compressed data", kUnpack, may_be_pickle, Coding::kZlib};
  if (decompress::is_lzma(head))
    return {Kind::kCompressed, "lzma-compressed data", kUnpack, may_be_pickle, Coding::kLzma};
  for (const Magic& magic : kFarMagics)
    if (text.size() > magic.offset && text.substr(magic.offset).starts_with(magic.bytes))
      return magic.result;
  if (is_text(text, size))
    return {Kind::kText, "plain text, not a checkpoint", "look into it: it may be a message",
            may_be_pickle};
  return {Kind::kOther, "in no format that is known here", "check where the file came from",
          may_be_pickle};
}

}  // namespace safe_load::archive
