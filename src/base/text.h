// Text of a file: UTF-8 that Python would accept, and escaping for everything a person reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace safe_load::base {

// Whether every sequence is well-formed UTF-8. Encoded lone surrogates (ED A0..BF xx) pass if
// `surrogates`: Python pickles hold them.
bool is_utf8(std::string_view text, bool surrogates);

// In the header: pickles are full of short texts.
inline bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; text.size() - i >= sizeof(seen); i += sizeof(seen))
    seen |= load_little<std::uint64_t>(as_bytes(text).data() + i);
  for (; i < text.size(); ++i) seen |= static_cast<std::uint8_t>(text[i]);
  return (seen & kHighBits) == 0;
}

// Of ASCII letters only, whatever the locale.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The code point at `position`, which moves behind it. REQUIRES: is_utf8(text, true).
std::uint32_t next_code_point(std::string_view text, std::size_t& position);
void append_utf8(std::string& out, std::uint32_t code_point);

// The last so many hexadecimal digits, leading zeros too.
void append_hex(std::string& out, std::uint32_t value, int digits);

// A name, printable on any terminal and inside quotes: control characters, quotes, backslashes,
// bidirectional marks, surrogates and broken bytes become \n, \xNN, \uNNNN or \UNNNNNNNN. Of more
// than kMostName bytes the beginning and the end, and between them the length and a hash of all, so
// that two names do not look alike: model.lay...(5000 bytes, 1f2e3d4c)...er.weight.
inline constexpr std::size_t kMostName = 1024;
std::string escaped(std::string_view text);
// The same of a name of which there is room for `most` bytes; quotes and backslashes stay as they
// are if nothing is around it.
enum class Around : std::uint8_t { kQuotes, kNothing };
std::string shortened(std::string_view text, std::size_t most, Around around = Around::kQuotes);

// The beginning of a text, escaped likewise: at most `limit` bytes of it, then "...".
std::string escaped(std::string_view text, std::size_t limit);

// escaped() between double quotes.
std::string quoted(std::string_view text);
std::string quoted(std::string_view text, std::size_t limit);

// A decimal integer as pickles write it: an optional minus, digits only, at most 4300 of them.
bool is_decimal(std::string_view text);
std::optional<std::int64_t> parse_int64(std::string_view text);
std::optional<std::uint64_t> parse_uint64(std::string_view text);

// A float as Python's repr writes it, "nan", "inf" and "-inf" included; the locale plays no part.
std::optional<double> parse_double(std::string_view text);

// The shortest text that gives the same double back, as Python's repr writes it.
std::string to_text(double value);

// Whether `name` is one component that stays in its folder, on any system: no separator, no drive,
// no NUL, neither "." nor "..".
bool is_file_name(std::string_view name);

}  // namespace safe_load::base
