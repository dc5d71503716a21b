#include "archive/claims.h"

#include <algorithm>

#include "archive/tar_directory.h"
#include "decompress/heads.h"

namespace safe_load::archive {
namespace {

using namespace std::string_view_literals;

// What programs unpack unasked: joblib, which looks at no more bytes than these, and whoever opens
// ".pkl.gz". "ZF" is joblib's own format before 0.10.
constexpr std::string_view kPacked[] = {"\x1f\x8b"sv,
                                        "BZ"sv,
                                        "ZF"sv,
                                        "]\0"sv,
                                        "\xfd"
                                        "7zXZ"sv,
                                        "\x28\xb5\x2f\xfd"sv,
                                        "\x04\x22\x4d\x18"sv};

bool is_packed(base::Bytes head) {
  const std::string_view text = base::as_text(head);
  return std::any_of(std::begin(kPacked), std::end(kPacked),
                     [&](std::string_view magic) { return text.starts_with(magic); }) ||
         decompress::is_zlib(head) || decompress::is_lzma(head);
}

bool is_tar(base::Bytes head) {
  constexpr std::size_t kMagicAt = 257;
  const std::string_view text = base::as_text(head);
  if (text.size() > kMagicAt && text.substr(kMagicAt).starts_with("ustar")) return true;
  const bool is_zero = std::all_of(text.begin(), text.end(), [](char c) { return c == '\0'; });
  return head.size() >= kTarBlock && !is_zero && could_be_tar_header(head.first(kTarBlock));
}

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

}  // namespace

std::vector<std::string_view> claims(base::Bytes head, std::uint64_t size) {
  const std::string_view text = base::as_text(head);
  const bool is_safetensors = text.size() > 8 && text[8] == '{' &&
                              base::load_little<std::uint64_t>(head.data()) <= size - 8;
  std::vector<std::string_view> found;
  const auto note = [&](bool is_one, std::string_view what) {
    if (is_one) found.push_back(what);
  };
  note(text.starts_with("PK"), "a zip file");
  // Behind PROTO and its number, 0 is no opcode: every unpickler stops there. One header of
  // safetensors in 32 begins like that.
  const bool stops = text.size() > 2 && text[2] == '\0';
  note(text.starts_with('\x80') && !stops, "a pickle");
  note(text.starts_with("\x93NUMPY"), "a NumPy array");
  note(is_packed(head), "compressed data");
  note(is_safetensors, "a safetensors file");
  note(is_json(text), "JSON");
  note(is_tar(head), "a tar archive");
  note(text.size() > 8 && text.substr(4, 4) == "PTMF", "a PyTorch mobile flatbuffer");
  return found;
}

}  // namespace safe_load::archive
