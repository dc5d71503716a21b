// The text notations of protocol 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace safe_load::pickle {

// STRING: a Python 2 string literal in single or double quotes. The bytes it stands for, or nothing
// if it has no quotes around, a broken \x or a backslash at its end.
// Source: CPython Objects/bytesobject.c, _PyBytes_DecodeEscape().
std::optional<std::string> decode_string_literal(std::string_view line);
// Whether it has an escape that means something only by mistake: of no letter, or beyond \377.
bool has_odd_escape(std::string_view line);

// UNICODE: Latin-1 bytes with \uXXXX and \UXXXXXXXX. As UTF-8, surrogates included.
std::optional<std::string> decode_raw_unicode_escape(std::string_view line);

}  // namespace safe_load::pickle
