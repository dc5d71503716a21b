#include "pickle/text_literals.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

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

bool is_octal(char c) { return c >= '0' && c <= '7'; }

struct Octal {
  unsigned value = 0;
  std::size_t length = 0;
};

// Up to three digits.
Octal read_octal(std::string_view text) {
  Octal octal;
  while (octal.length < std::min<std::size_t>(text.size(), 3) && is_octal(text[octal.length]))
    octal.value = 8 * octal.value + static_cast<unsigned>(text[octal.length++] - '0');
  return octal;
}

}  // namespace

std::optional<std::string> decode_string_literal(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back()) return std::nullopt;
  if (line.front() != '\'' && line.front() != '"') return std::nullopt;
  line = line.substr(1, line.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      out += line[i];
      continue;
    }
    if (++i == line.size()) return std::nullopt;
    if (const auto simple = simple_escape(line[i])) {
      out += *simple;
    } else if (line[i] == 'x') {
      const auto value = digits(line, i + 1, 2, 16);
      if (!value) return std::nullopt;
      out += static_cast<char>(*value);
      i += 2;
    } else if (is_octal(line[i])) {
      const Octal octal = read_octal(line.substr(i));
      out += static_cast<char>(octal.value);
      i += octal.length - 1;
    } else {  // stays as it stands
      out += '\\';
      out += line[i];
    }
  }
  return out;
}

bool has_odd_escape(std::string_view line) {
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    if (line[i] != '\\') continue;
    ++i;
    if (is_octal(line[i]) ? read_octal(line.substr(i)).value > 0xFF
                          : line[i] != 'x' && !simple_escape(line[i]))
      return true;
  }
  return false;
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

}  // namespace safe_load::pickle
