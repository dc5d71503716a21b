// Walk: the files that arguments stand for, one after another, in constant memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace cli {

// `*`, `?`, `[...]` within a component, `**` over several; matched with the whole of `path`, or,
// without a slash in the pattern, with its last component.
bool matches_glob(const std::string& pattern, const std::string& path);

struct WalkRules {
  std::vector<std::string> include;  // globs; empty: all
  std::vector<std::string> exclude;
  bool follow_links = false;
};

struct Found {
  std::string path;
  bool is_named = false;  // by the user, not met in a folder
};

// Calls `visit` for every file, folders in the order of their names, until it returns false. What
// is met in a folder and is no file goes to `skip` with the reason.
void walk(const std::string& path, const WalkRules& rules,
          const std::function<bool(const Found&)>& visit,
          const std::function<void(const std::string& reason)>& skip);

}  // namespace cli
