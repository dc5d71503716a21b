// Source: torch/csrc/jit/frontend/lexer.h. Comments, a backslash outside of strings and bytes
// above 0x7E are odd: torch prints none of them, so that nothing can be hidden by them.
#include "scan/script_lexer.h"

#include <algorithm>

namespace safe_load::scanner {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr std::size_t kNone = std::string_view::npos;

}  // namespace

std::size_t ScriptLexer::end_of_name(std::size_t begin) const {
  while (is_letter(at(begin)) || is_digit(at(begin))) ++begin;
  return begin;
}

// As strtod() takes it, but for numbers to base 16. Letters that follow at once are odd, except the
// "j" of an imaginary number.
std::size_t ScriptLexer::end_of_number(std::size_t begin) const {
  std::size_t end = begin;
  const auto digits = [&] {
    while (is_digit(at(end))) ++end;
  };
  digits();
  if (at(end) == '.') ++end;
  digits();
  if (at(end) == 'e' || at(end) == 'E') {
    const bool is_signed = at(end + 1) == '+' || at(end + 1) == '-';
    const std::size_t exponent = end + (is_signed ? 2 : 1);
    if (!is_digit(at(exponent))) return kNone;
    end = exponent;
    digits();
  }
  if (at(end) == 'j') ++end;
  return is_letter(at(end)) || is_digit(at(end)) ? kNone : end;
}

// One or three quotation marks; a line ends the first form.
std::size_t ScriptLexer::end_of_string(std::size_t begin) const {
  const char quote = source_[begin];
  const std::size_t count = at(begin + 1) == quote && at(begin + 2) == quote ? 3 : 1;
  const auto closes = [&](std::size_t place) {
    return at(place) == quote && (count == 1 || (at(place + 1) == quote && at(place + 2) == quote));
  };
  std::size_t end = begin + count;
  while (end < source_.size() && !closes(end)) {
    if (source_[end] == '\n' && count == 1) return kNone;
    end += source_[end] == '\\' ? 2u : 1u;
  }
  return end < source_.size() ? end + count : kNone;
}

ScriptToken ScriptLexer::next() {
  using enum ScriptToken::Kind;
  while (place_ < source_.size() && is_blank(source_[place_])) ++place_;
  if (place_ >= source_.size()) return {kEnd, {}, source_.size()};
  const std::size_t begin = place_;
  const char first = source_[begin];
  ScriptToken::Kind kind = kSign;
  std::size_t end = begin + 1;
  constexpr std::string_view kSigns = "()[]{},:.=+-*/%<>&|^~@!;?$";
  if (is_letter(first)) {
    kind = kName;
    end = end_of_name(begin);
    // A prefix of a string, which torch has not.
    if (at(end) == '"' || at(end) == '\'') end = kNone;
  } else if (is_digit(first) || (first == '.' && is_digit(at(begin + 1)))) {
    kind = kNumber;
    end = end_of_number(begin);
  } else if (first == '"' || first == '\'') {
    kind = kString;
    end = end_of_string(begin);
  } else if (kSigns.find(first) == kNone) {
    end = kNone;
  }
  if (end == kNone) {
    kind = kOdd;
    end = begin + 1;
  }
  place_ = end;
  return {kind, source_.substr(begin, end - begin), begin};
}

}  // namespace safe_load::scanner
