#include "glob.h"

#include <cstddef>

namespace cli {
namespace {

// Whether `c` is in the set that begins behind "["; `at` moves behind its "]".
bool is_in_set(const std::string& pattern, std::size_t& at, char c) {
  const bool is_negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (is_negated) ++at;
  bool found = false;
  for (bool first = true; at < pattern.size() && (first || pattern[at] != ']'); first = false) {
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      found |= pattern[at] <= c && c <= pattern[at + 2];
      at += 3;
    } else {
      found |= pattern[at++] == c;
    }
  }
  if (at < pattern.size()) ++at;
  return found != is_negated;
}

// With one place to come back to for `*` and one for `**`: no more work than length times length.
bool matches(const std::string& pattern, const std::string& text) {
  constexpr std::size_t kNone = std::string::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;
  std::size_t star_text = 0;
  std::size_t deep = kNone;
  std::size_t deep_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern.compare(p, 2, "**") == 0) {
      p += 2;
      if (p < pattern.size() && pattern[p] == '/') ++p;  // also no folder at all
      deep = p;
      deep_text = t;
      star = kNone;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    std::size_t next = p + 1;
    const bool fits = p < pattern.size() &&
                      (pattern[p] == '[' && text[t] != '/' ? is_in_set(pattern, next, text[t])
                       : pattern[p] == '?'                 ? text[t] != '/'
                                                           : pattern[p] == text[t]);
    if (fits) {
      p = next;
      ++t;
      continue;
    }
    if (star != kNone && text[star_text] != '/') {
      p = star;
      t = ++star_text;
      continue;
    }
    if (deep == kNone) return false;
    p = deep;
    t = ++deep_text;
    star = kNone;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool matches_glob(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') != std::string::npos) return matches(pattern, path);
  return matches(pattern, path.substr(path.rfind('/') + 1));
}

}  // namespace cli
