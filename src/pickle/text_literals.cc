#include "pickle/text_literals.h"

#include <charconv>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace safe_load::pickle {
namespace {

// A number of exactly so many digits at `position`.
std::optional<std::uint32_t> digits(std::string_view text, std::size_t position, std::size_t count,
                                    int radix) {
  if (text.size() < position + count) return std::nullopt;
  std::uint32_t value = 0;
  const char* begin = text.data() + position;
  const auto [end, error] = std::from_chars(begin, begin + count, value, radix);
  if (error != std::errc() || end != begin + count) return std::nullopt;
  return value;
}

std::optional<char> simple_escape(char c) {
  constexpr std::string_view kLetters = "\\'\"nrtabfv";
  constexpr std::string_view kMeanings = "\\'\"\n\r\t\a\b\f\v";
  const std::size_t at = kLetters.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return kMeanings[at];
}

}  // namespace

std::optional<std::string> decode_string_literal(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back()) return std::nullopt;
  const char quote = line.front();
  if (quote != '\'' && quote != '"') return std::nullopt;
  line = line.substr(1, line.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == quote) return std::nullopt;
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size()) return std::nullopt;
    if (const auto simple = simple_escape(line[i])) {
      out += *simple;
      continue;
    }
    const bool hex = line[i] == 'x';
    const auto value = hex ? digits(line, i + 1, 2, 16) : digits(line, i, 3, 8);
    if (!value || *value > 0xFF) return std::nullopt;
    out += static_cast<char>(*value);
    i += 2;
  }
  return out;
}

// A backslash takes the character behind it along: of "\\u0041" the second begins no escape.
// Source: CPython Objects/unicodeobject.c, _PyUnicode_DecodeRawUnicodeEscapeStateful.
std::optional<std::string> decode_raw_unicode_escape(std::string_view line) {
  std::string out;
  const auto copy = [&](char c) { base::append_utf8(out, static_cast<std::uint8_t>(c)); };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool is_pair = line[i] == '\\' && i + 1 < line.size();
    if (!is_pair || (line[i + 1] != 'u' && line[i + 1] != 'U')) {
      copy(line[i]);
      if (is_pair) copy(line[++i]);
      continue;
    }
    const std::size_t count = line[i + 1] == 'u' ? 4 : 8;
    const auto value = digits(line, i + 2, count, 16);
    if (!value || *value > 0x10FFFF) return std::nullopt;
    base::append_utf8(out, *value);
    i += 1 + count;
  }
  return out;
}

std::string decode_decimal(std::string_view digits) {
  __extension__ using Wide = unsigned __int128;
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  std::vector<std::uint64_t> words;  // of the absolute value, lowest first
  constexpr std::size_t kStep = 18;  // digits that fit a word
  for (std::size_t size = digits.size() % kStep; !digits.empty(); size = kStep) {
    Wide carry = 0;
    std::uint64_t scale = 1;
    for (const char digit : digits.substr(0, size)) {
      carry = 10 * carry + static_cast<Wide>(digit - '0');
      scale *= 10;
    }
    digits.remove_prefix(size);
    for (std::uint64_t& word : words) {
      carry += Wide{word} * scale;
      word = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) words.push_back(static_cast<std::uint64_t>(carry));
  }
  words.push_back(0);  // room for the sign
  bool adds_one = negative;
  std::string bytes;
  for (std::uint64_t word : words) {
    if (negative) word = ~word + (adds_one ? 1 : 0);
    adds_one = adds_one && word == 0;
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  const char filler = negative ? '\xff' : '\0';
  while (bytes.size() > 1 && bytes.back() == filler &&
         ((static_cast<std::uint8_t>(bytes[bytes.size() - 2]) >= 0x80) == negative))
    bytes.pop_back();
  return bytes;
}

}  // namespace safe_load::pickle
