#include "pickle/number_literals.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>
#include <vector>

#include "base/text.h"

namespace safe_load::pickle {
namespace {

constexpr std::size_t kMostDigits = 4300;  // that int() reads without being told to

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the sign off `text`; whether it is negative.
bool take_sign(std::string_view& text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  return is_negative;
}

std::string with_sign(std::string_view digits, bool is_negative) {
  std::string text;
  if (is_negative) text += '-';
  return text += digits;
}

// 36: no digit.
unsigned digit_of(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char low = base::to_lower(c);
  return low >= 'a' && low <= 'z' ? static_cast<unsigned>(low - 'a') + 10 : 36;
}

// 0x, 0o, 0b
int base_of_prefix(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char letter = base::to_lower(text[1]);
  return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
}

// Digits without what may stand between them, or nothing.
std::optional<std::string> digits_of(std::string_view text, int base) {
  std::string digits;
  char before = '_';
  for (const char c : text) {
    if (c == '_' ? before == '_' : digit_of(c) >= static_cast<unsigned>(base)) return std::nullopt;
    if (c != '_') digits += c;
    before = c;
  }
  if (before == '_') return std::nullopt;
  return digits;
}

// The shortest two's complement, little-endian. Takes time in proportion to the square of the
// number of digits.
std::string twos_complement(std::string_view digits, unsigned base, bool is_negative) {
  __extension__ using Wide = unsigned __int128;
  std::vector<std::uint64_t> words;  // of the absolute value, lowest first
  constexpr std::size_t kStep = 15;  // digits that fit a word
  for (std::size_t size = digits.size() % kStep; !digits.empty(); size = kStep) {
    Wide carry = 0;
    std::uint64_t scale = 1;
    for (const char digit : digits.substr(0, size)) {
      carry = base * carry + digit_of(digit);
      scale *= base;
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
  bool adds_one = is_negative;
  std::string bytes;
  for (std::uint64_t word : words) {
    if (is_negative) word = ~word + (adds_one ? 1 : 0);
    adds_one = adds_one && word == 0;
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  const char filler = is_negative ? '\xff' : '\0';
  while (bytes.size() > 1 && bytes.back() == filler &&
         ((static_cast<std::uint8_t>(bytes[bytes.size() - 2]) >= 0x80) == is_negative))
    bytes.pop_back();
  return bytes;
}

Integer integer_of(std::string_view digits, int base, bool is_negative) {
  if (digits.size() > kMostDigits) {
    const bool is_zero = digits.find_first_not_of('0') == std::string_view::npos;
    return {is_zero ? 0 : is_negative ? -1 : 1, "", false};
  }
  const std::string signed_digits = with_sign(digits, is_negative);
  Integer integer;
  const char* const end = signed_digits.data() + signed_digits.size();
  if (std::from_chars(signed_digits.data(), end, integer.small, base).ec != std::errc()) {
    integer.small = 0;
    integer.large = twos_complement(digits, static_cast<unsigned>(base), is_negative);
  }
  return integer;
}

// Sign, digits with a point, exponent; at least one digit.
bool is_float(std::string_view text) {
  take_sign(text);
  const auto take_digits = [&] {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto count = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(count);
    return count;
  };
  std::size_t digits = take_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits();
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  take_sign(text);
  return take_digits() != 0 && text.empty();
}

// Whether a number that no double is near to is too large, not too small. REQUIRES: is_float().
bool is_beyond(std::string_view text) {
  const std::size_t letter = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, letter);
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return false;
  if (letter != text.size()) {
    std::string_view exponent = text.substr(letter + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
    std::int64_t shift = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift);
    if (read.ec != std::errc()) return !exponent.starts_with('-');
    return point - static_cast<std::int64_t>(first) + shift > 0;
  }
  return first < digits.find('.');
}

// `a_b` as `ab`; nothing if an underscore stands elsewhere than between digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  char before = '\0';
  for (const char c : text) {
    if (c == '_' ? !is_digit(before) : before == '_' && !is_digit(c)) return std::nullopt;
    if (c != '_') out += c;
    before = c;
  }
  if (before == '_') return std::nullopt;
  return out;
}

}  // namespace

bool is_plain_decimal(std::string_view text) {
  if (!base::is_decimal(text)) return false;
  if (text == "0") return true;
  take_sign(text);
  return text[0] != '0';
}

std::optional<Integer> parse_python_integer(std::string_view text, int base) {
  text = without_blanks(text);
  const bool is_negative = take_sign(text);
  const int prefix = base == 0 ? base_of_prefix(text) : 0;
  if (prefix != 0) {
    text.remove_prefix(2);
    if (text.starts_with('_')) text.remove_prefix(1);
  }
  const int actual = prefix != 0 ? prefix : 10;
  const auto digits = digits_of(text, actual);
  if (!digits) return std::nullopt;
  const bool is_octal_of_c = base == 0 && prefix == 0 && digits->starts_with('0');
  if (is_octal_of_c && digits->find_first_not_of('0') != std::string::npos) return std::nullopt;
  return integer_of(*digits, actual, is_negative);
}

std::optional<std::int64_t> parse_c_long(std::string_view text) {
  if (text.empty()) return 0;
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  const bool is_negative = take_sign(text);
  const bool is_hex = base_of_prefix(text) == 16;
  const int base = is_hex ? 16 : text.starts_with('0') ? 8 : 10;
  if (is_hex) text.remove_prefix(2);
  if (text.empty() || digit_of(text[0]) >= 16) return std::nullopt;
  const std::string signed_digits = with_sign(text, is_negative);
  std::int64_t value = 0;
  const char* const end = signed_digits.data() + signed_digits.size();
  const auto read = std::from_chars(signed_digits.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

bool is_named_float(std::string_view text) {
  take_sign(text);
  std::string low(text);
  for (char& c : low) c = base::to_lower(c);
  return low == "inf" || low == "infinity" || low == "nan";
}

std::optional<double> parse_c_double(std::string_view text) {
  std::string_view number = text;
  const bool is_negative = take_sign(number);
  if (is_named_float(text)) {
    using Limits = std::numeric_limits<double>;
    const double named =
        base::to_lower(number[0]) == 'n' ? Limits::quiet_NaN() : Limits::infinity();
    return is_negative ? -named : named;
  }
  if (!is_float(text)) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  if (read.ec != std::errc())
    value = is_beyond(text) ? std::numeric_limits<double>::infinity() : 0.0;
  return is_negative ? -value : value;
}

std::optional<double> parse_python_double(std::string_view text) {
  const auto number = without_underscores(without_blanks(text));
  if (!number) return std::nullopt;
  return parse_c_double(*number);
}

}  // namespace safe_load::pickle
