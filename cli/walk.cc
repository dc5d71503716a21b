#include "walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace cli {
namespace {

namespace fs = std::filesystem;

using Place = std::pair<dev_t, ino_t>;

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

class Walker {
 public:
  Walker(const WalkRules& rules, const std::function<bool(const Found&)>& visit,
         const std::function<void(const std::string&)>& skip)
      : rules_(rules), visit_(visit), skip_(skip) {}

  // False if the visitor had enough. Folders are kept as lists of names, one for each level.
  bool folder(const fs::path& root) {
    struct Level {
      fs::path path;
      std::vector<std::string> names;  // the last comes first
      Place place;
    };
    std::vector<Level> levels;
    const auto enter = [&](const fs::path& path) {
      struct stat facts = {};
      if (::stat(path.c_str(), &facts) != 0) return skip_("a folder that cannot be read");
      const Place place{facts.st_dev, facts.st_ino};
      const bool is_loop = std::any_of(levels.begin(), levels.end(),
                                       [&](const Level& level) { return level.place == place; });
      if (is_loop) return skip_("a loop of links");
      Level level{path, {}, place};
      std::error_code failed;
      for (fs::directory_iterator entry(path, failed), end; !failed && entry != end;
           entry.increment(failed))
        level.names.push_back(entry->path().filename().string());
      if (failed) skip_("a folder that cannot be read");
      std::sort(level.names.rbegin(), level.names.rend());
      levels.push_back(std::move(level));
    };
    enter(root);
    while (!levels.empty()) {
      if (levels.back().names.empty()) {
        levels.pop_back();
        continue;
      }
      const fs::path path = levels.back().path / levels.back().names.back();
      levels.back().names.pop_back();
      struct stat facts = {};
      const bool is_there =
          (rules_.follow_links ? ::stat(path.c_str(), &facts) : ::lstat(path.c_str(), &facts)) == 0;
      if (!is_there) {
        skip_("a file that cannot be looked at");
      } else if (S_ISDIR(facts.st_mode)) {
        enter(path);
      } else if (S_ISLNK(facts.st_mode)) {
        skip_("a symbolic link");
      } else if (!S_ISREG(facts.st_mode)) {
        skip_("a special file");
      } else if (is_wanted(fs::path(path).lexically_relative(root).string())) {
        if (!visit_({path.string(), false})) return false;
      } else {
        skip_("left out by --include or --exclude");
      }
    }
    return true;
  }

 private:
  bool is_wanted(const std::string& path) const {
    const auto matches_one = [&](const std::vector<std::string>& globs) {
      return std::any_of(globs.begin(), globs.end(),
                         [&](const std::string& glob) { return matches_glob(glob, path); });
    };
    if (matches_one(rules_.exclude)) return false;
    return rules_.include.empty() || matches_one(rules_.include);
  }

  const WalkRules& rules_;
  const std::function<bool(const Found&)>& visit_;
  const std::function<void(const std::string&)>& skip_;
};

}  // namespace

bool matches_glob(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') != std::string::npos) return matches(pattern, path);
  return matches(pattern, path.substr(path.rfind('/') + 1));
}

void walk(const std::string& path, const WalkRules& rules,
          const std::function<bool(const Found&)>& visit,
          const std::function<void(const std::string& reason)>& skip) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    Walker(rules, visit, skip).folder(path);
  } else {
    visit({path, true});
  }
}

}  // namespace cli
