// Walk: the files that arguments stand for, one after another. Its memory grows with the depth of
// folders and with the names in one of them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace cli {

struct WalkRules {
  std::vector<std::string> include;  // globs; empty: all
  std::vector<std::string> exclude;
  bool follow_folder_links = false;
};

// What a walk met. Only one of `special` and `refusal` has text, or none: it is a regular file.
struct Found {
  std::string path;
  bool is_named = false;  // by the user, not met in a folder
  bool is_link = false;
  std::string special;  // what it is instead of a file: "a named pipe"
  std::string refusal;  // why the system does not show it: "cannot read the folder: ..."
};

// What a thing of this mode is, in words; "" for a regular file.
std::string special_kind(mode_t mode);

// Calls `visit` for all that is met, folders in the order of their names, until it returns false.
// Links to files are followed. What is left out goes to `pass_over` with the reason.
void walk(const std::string& path, const WalkRules& rules,
          const std::function<bool(const Found&)>& visit,
          const std::function<void(const std::string& reason)>& pass_over);

}  // namespace cli
