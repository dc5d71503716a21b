// Numbers as text, as C and Python read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace safe_load::pickle {

struct Integer {
  std::int64_t small = 0;
  std::string large;  // beyond 64 bits: the shortest two's complement, little-endian; else empty
  // False: more digits than every version of Python reads, or than we do; of `small` the sign
  // holds.
  bool is_known = true;
};

// As repr() writes integers.
bool is_plain_decimal(std::string_view text);

// int(text, base): blanks around, a sign, with base 0 a prefix, underscores between digits. A NUL
// is not a digit. REQUIRES: base 0 or 10. Source: CPython Objects/longobject.c,
// PyLong_FromString().
std::optional<Integer> parse_python_integer(std::string_view text, int base);

// strtol(text, &end, 0), if it reads the whole text into 64 bits; of no text at all, 0.
std::optional<std::int64_t> parse_c_long(std::string_view text);

// PyOS_string_to_double(), if it reads the whole text; infinity where that is an overflow.
std::optional<double> parse_c_double(std::string_view text);
// "inf", "-Infinity", "nan", in any case.
bool is_named_float(std::string_view text);

// float(text): blanks around, underscores between digits.
std::optional<double> parse_python_double(std::string_view text);

}  // namespace safe_load::pickle
