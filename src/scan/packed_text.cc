#include "scan/packed_text.h"

#include <optional>
#include <string>
#include <utility>

namespace safe_load::scanner {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// As Python's base64.b64decode reads it: what is no digit is passed over, padding ends it.
std::vector<std::byte> from_base64(std::string_view text) {
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned value = 0;
  int digits = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == '=') {
      if (digits % 4 >= 2 && digits % 4 + ++padding >= 4) break;
      continue;
    }
    const int digit = base64_digit(c);
    if (digit < 0) continue;
    padding = 0;
    value = (value << 6 | static_cast<unsigned>(digit)) & 0xFFFFFF;
    if (++digits % 4 != 1)
      bytes.push_back(static_cast<std::byte>(value >> (6 - 2 * ((digits - 1) % 4)) & 0xFF));
  }
  return bytes;
}

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1])));
  return bytes;
}

bool is_hex_of_pickle(std::string_view text) {
  if (text.size() < 16 || text.size() % 2 != 0 || !text.starts_with("800")) return false;
  for (const char c : text)
    if (hex_digit(c) < 0) return false;
  return text.ends_with("2e") || text.ends_with("2E");
}

// Of a pickle of protocol 2 to 5.
bool is_base64_of_pickle(std::string_view text) {
  return text.size() >= 16 && text.starts_with("gA") && text[2] >= 'I' && text[2] <= 'X';
}

// A string of JSON, without its quotes. What is no ASCII becomes "?": no pickle as text has it.
class Strings {
 public:
  explicit Strings(std::string_view json) : json_(json) {}

  // The next one, or nothing.
  std::optional<std::string> next() {
    const std::size_t quote = json_.find('"', at_);
    if (quote == std::string_view::npos) return std::nullopt;
    std::string text;
    for (at_ = quote + 1; at_ < json_.size() && json_[at_] != '"'; ++at_)
      text += json_[at_] == '\\' ? escape() : json_[at_];
    ++at_;
    return text;
  }
  // Whether the last one is a key.
  bool is_key() const {
    const std::size_t next = json_.find_first_not_of(" \t\r\n", at_);
    return next != std::string_view::npos && json_[next] == ':';
  }

 private:
  // Stands at the last character of it afterwards.
  char escape() {
    if (++at_ >= json_.size()) return '?';
    switch (json_[at_]) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u':
        break;
      default:
        return json_[at_];
    }
    unsigned code = 0;
    for (int i = 0; i < 4 && at_ + 1 < json_.size() && hex_digit(json_[at_ + 1]) >= 0; ++i)
      code = code << 4 | static_cast<unsigned>(hex_digit(json_[++at_]));
    return code < 0x80 ? static_cast<char>(code) : '?';
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

}  // namespace

bool looks_like_pickle(std::string_view text) {
  if (text.size() < 5) return false;
  const bool is_binary = text[0] == '\x80' && text[1] >= 2 && text[1] <= 5 && text.back() == '.';
  return is_binary || is_base64_of_pickle(text) || is_hex_of_pickle(text);
}

void for_each_packed_pickle(
    std::string_view json,
    const std::function<void(std::string_view key, std::vector<std::byte> pickle)>& found) {
  constexpr std::string_view kSerialized = ":serialized:";  // Source: SB3, common/save_util.py
  Strings strings(json);
  std::string key;
  while (auto text = strings.next()) {
    if (strings.is_key()) {
      key = *std::move(text);
    } else if (is_hex_of_pickle(*text) && key != kSerialized) {
      found(key, from_hex(*text));
    } else if (is_base64_of_pickle(*text) || key == kSerialized) {
      found(key, from_base64(*text));
    }
  }
}

}  // namespace safe_load::scanner
