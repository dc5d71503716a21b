#include "base/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace safe_load::base {
namespace {

constexpr std::uint32_t kBroken = 0xFFFFFFFF;

// Decodes one sequence and says how long it is; kBroken (length 1) if it is malformed.
struct Decoded {
  std::uint32_t code_point;
  std::size_t length;
};

Decoded decode(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[position + i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - position < length) return {kBroken, 1};
  std::uint32_t code_point = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kBroken, 1};
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  const std::uint32_t least = length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80;
  if (code_point < least || code_point > 0x10FFFF) return {kBroken, 1};
  return {code_point, length};
}

bool is_surrogate(std::uint32_t c) { return c >= 0xD800 && c <= 0xDFFF; }

// Characters that move the cursor, reorder text or cannot be seen.
bool is_deceptive(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0x1D173 && c <= 0x1D17A) || (c >= 0xE0000 && c <= 0xE0FFF) || is_surrogate(c);
}

void append_escape(std::string& out, std::uint32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c < 0x100) {
    append_hex(out += "\\x", c, 2);
  } else if (c < 0x10000) {
    append_hex(out += "\\u", c, 4);
  } else {
    append_hex(out += "\\U", c, 8);
  }
}

// How many bytes from `position` on are printable ASCII, and need no escape whatever is around
// them.
std::size_t plain_run(std::string_view text, std::size_t position, std::size_t limit) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  std::size_t end = position;
  while (end < text.size() && end < limit && is_plain(text[end])) ++end;
  return end - position;
}

std::string escape(std::string_view text, std::size_t limit, Around around) {
  std::string out;
  std::size_t position = 0;
  while (position < text.size() && position < limit) {
    if (const std::size_t plain = plain_run(text, position, limit)) {
      out += text.substr(position, plain);
      position += plain;
      continue;
    }
    const Decoded decoded = decode(text, position);
    if (decoded.code_point == kBroken) {
      append_escape(out, static_cast<std::uint8_t>(text[position]));
    } else if (around == Around::kQuotes &&
               (decoded.code_point == '"' || decoded.code_point == '\\')) {
      out += '\\';
      out += text[position];
    } else if (is_deceptive(decoded.code_point)) {
      append_escape(out, decoded.code_point);
    } else {
      out += text.substr(position, decoded.length);
    }
    position += decoded.length;
  }
  if (position < text.size()) out += "...";
  return out;
}

// The first place from `position` on where a sequence begins, which is near: bytes that go on and
// on are no sequence, and may be parted anywhere.
std::size_t boundary(std::string_view text, std::size_t position) {
  constexpr int kMostContinuation = 3;
  for (int i = 0; i < kMostContinuation && position < text.size(); ++i, ++position)
    if ((static_cast<std::uint8_t>(text[position]) & 0xC0) != 0x80) break;
  return position;
}

// FNV-1a, 32 bits: the same in every process.
std::string fingerprint(std::string_view text) {
  std::uint32_t hash = 0x811C9DC5;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x01000193;
  std::string out;
  append_hex(out += "", hash, 8);
  return out;
}

}  // namespace

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[value >> shift & 0xF];
}

bool is_utf8(std::string_view text, bool surrogates) {
  if (is_ascii(text)) return true;
  std::size_t position = 0;
  while (position < text.size()) {
    if (static_cast<std::uint8_t>(text[position]) < 0x80) {
      ++position;
      continue;
    }
    const Decoded decoded = decode(text, position);
    if (decoded.code_point == kBroken) return false;
    if (!surrogates && is_surrogate(decoded.code_point)) return false;
    position += decoded.length;
  }
  return true;
}

std::uint32_t next_code_point(std::string_view text, std::size_t& position) {
  const Decoded decoded = decode(text, position);
  position += decoded.length;
  return decoded.code_point;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::string escaped(std::string_view text, std::size_t limit) {
  return escape(text, limit, Around::kQuotes);
}

std::string shortened(std::string_view text, std::size_t most, Around around) {
  if (text.size() <= most) {
    std::string whole = escape(text, text.size(), around);
    if (whole.size() <= most) return whole;
  }
  std::string middle =
      "...(" + std::to_string(text.size()) + " bytes, " + fingerprint(text) + ")...";
  std::size_t half = most > middle.size() ? (most - middle.size()) / 2 : 0;
  for (half = std::min(half, text.size() / 2); half != 0; half = half * 3 / 4) {
    const std::string beginning = escape(text.substr(0, boundary(text, half)), most, around);
    const std::string end = escape(text.substr(boundary(text, text.size() - half)), most, around);
    if (beginning.size() + middle.size() + end.size() <= most)
      return std::string(beginning).append(middle).append(end);
  }
  return middle;
}

std::string escaped(std::string_view text) {
  return text.size() <= kMostName ? escaped(text, kMostName) : shortened(text, kMostName);
}

std::string quoted(std::string_view text) { return '"' + escaped(text) + '"'; }

std::string quoted(std::string_view text, std::size_t limit) {
  return '"' + escaped(text, limit) + '"';
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 4300 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::int64_t> parse_int64(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_uint64(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  const bool named = text == "nan" || text == "inf" || text == "-inf";
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
  };
  if (!named && !std::all_of(text.begin(), text.end(), is_part)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc()) return value;
  return std::nullopt;
}

std::string to_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string text(buffer, end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

}  // namespace safe_load::base
