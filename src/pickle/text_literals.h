// The text notations of protocol 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace safe_load::pickle {

// STRING: a Python 2 string literal in single or double quotes. The bytes it stands for, or nothing
// if no pickler writes it so.
std::optional<std::string> decode_string_literal(std::string_view line);

// UNICODE: Latin-1 bytes with \uXXXX and \UXXXXXXXX. As UTF-8, surrogates included.
std::optional<std::string> decode_raw_unicode_escape(std::string_view line);

// INT and LONG: decimal digits as the shortest two's complement, little-endian. REQUIRES:
// base::is_decimal(digits). Takes time in proportion to the square of at most 4300 digits.
std::string decode_decimal(std::string_view digits);

}  // namespace safe_load::pickle
