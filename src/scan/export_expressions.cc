#include "scan/export_expressions.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "json/fields.h"
#include "scan/danger.h"

namespace safe_load::scanner {
namespace {

using json::Json;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Of Python, which lies behind the names of sympy: what makes text, or reaches behind a value.
bool is_evil_name(std::string_view name) {
  constexpr std::string_view kNames[] = {"lambda", "getattr", "chr",  "str",    "bytes",
                                         "type",   "format",  "vars", "import", "object"};
  return name.starts_with('_') || find_danger("builtins", name) ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// The end of a word that begins at `begin`.
std::size_t end_of_word(std::string_view text, std::size_t begin) {
  while (begin < text.size() && (is_letter(text[begin]) || is_digit(text[begin]))) ++begin;
  return begin;
}

// An honest one is s0 + 2*Mod(s1, 8), Max(1, u0), 0.5 or Symbol('s77', integer=True).
bool is_evil(std::string_view expression) {
  constexpr std::string_view kOperators = "+-*/%<>=!&|~(), ";
  for (std::size_t i = 0; i < expression.size();) {
    const char c = expression[i];
    const auto at = [&](std::size_t place) {
      return place < expression.size() ? expression[place] : '\0';
    };
    if (is_letter(c)) {
      const std::size_t end = end_of_word(expression, i);
      if (is_evil_name(expression.substr(i, end - i))) return true;
      i = end;
    } else if (c == '\'') {  // the name of a symbol
      const std::size_t end = end_of_word(expression, i + 1);
      if (at(end) != '\'' || at(i + 1) == '_') return true;
      i = end + 1;
    } else if (c == '.') {  // of a number, not of an object
      const bool is_exponent = base::to_lower(at(i + 1)) == 'e' && i > 0 && is_digit(at(i - 1));
      const bool is_number = is_digit(at(i + 1)) || (i > 0 && is_digit(at(i - 1)));
      if (!is_number || (is_letter(at(i + 1)) && !is_exponent)) return true;
      ++i;
    } else if (is_digit(c) || kOperators.find(c) != std::string_view::npos) {
      ++i;
    } else {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::string> find_evil_expression(std::string_view program) {
  const auto root = json::read(program);
  if (!root) return std::nullopt;
  std::vector<const Json*> open = {&*root};
  while (!open.empty()) {
    const Json* const value = open.back();
    open.pop_back();
    const std::string_view expression = text_of(field(value, "expr_str"));
    if (is_evil(expression)) return std::string(expression);
    if (value->object() != nullptr)
      for (const auto& [key, part] : *value->object()) open.push_back(&part);
    for (const Json& part : json::items_of(value)) open.push_back(&part);
  }
  return std::nullopt;
}

}  // namespace safe_load::scanner
