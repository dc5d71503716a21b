#include "walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "glob.h"

namespace cli {
namespace {

namespace fs = std::filesystem;

using Place = std::pair<dev_t, ino_t>;

std::string system_says(const std::string& what) { return what + ": " + std::strerror(errno); }

// Looks at a path, but does not open it: opening a pipe or a device can wait, or do things.
Found look_at(const std::string& path, bool is_named, struct stat& facts) {
  Found found{path, is_named, false, "", ""};
  if (::lstat(path.c_str(), &facts) != 0) {
    found.refusal = system_says("cannot open the file");
    return found;
  }
  found.is_link = S_ISLNK(facts.st_mode);
  if (found.is_link && ::stat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
      found.special = "a link that leads nowhere";
    else
      found.refusal = system_says("cannot follow the link");
    return found;
  }
  if (!S_ISDIR(facts.st_mode)) found.special = special_kind(facts.st_mode);
  return found;
}

class Walker {
 public:
  Walker(const WalkRules& rules, const std::function<bool(const Found&)>& visit,
         const std::function<void(const std::string&)>& pass_over)
      : rules_(rules), visit_(visit), pass_over_(pass_over) {}

  void walk(const std::string& root) {
    struct stat facts = {};
    const Found named = look_at(root, true, facts);
    if (named.special.empty() && named.refusal.empty() && S_ISDIR(facts.st_mode)) {
      if (enter(named)) walk_folders(root);
    } else {
      visit_(named);
    }
  }

 private:
  struct Level {
    fs::path path;
    std::vector<std::string> names;  // the last comes first
    Place place;
  };

  void walk_folders(const fs::path& root) {
    while (!levels_.empty()) {
      if (levels_.back().names.empty()) {
        levels_.pop_back();
        continue;
      }
      const fs::path path = levels_.back().path / levels_.back().names.back();
      levels_.back().names.pop_back();
      if (!meet(path, root)) return;
    }
  }

  // False if the visitor had enough.
  bool meet(const fs::path& path, const fs::path& root) {
    struct stat facts = {};
    Found found = look_at(path.string(), false, facts);
    const bool is_folder = found.special.empty() && found.refusal.empty() && S_ISDIR(facts.st_mode);
    if (is_folder && (!found.is_link || rules_.follow_folder_links)) return enter(found);
    if (is_folder) found.special = "a link to a folder, which --follow-symlinks would follow";
    if (is_wanted(path.lexically_relative(root).string())) return visit_(found);
    pass_over_("left out by --include or --exclude");
    return true;
  }

  // Null at the end, and if there is an error.
  static const dirent* next_in(DIR* folder) {
    errno = 0;
    return ::readdir(folder);
  }

  // Folders are kept as lists of names, one for each level. A folder that became a link since it
  // was looked at is not followed.
  bool enter(Found found) {
    const int mode = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (found.is_link ? 0 : O_NOFOLLOW);
    const auto close = [](DIR* open) { ::closedir(open); };
    const int descriptor = ::open(found.path.c_str(), mode);
    const std::unique_ptr<DIR, decltype(close)> folder(
        descriptor < 0 ? nullptr : ::fdopendir(descriptor), close);
    struct stat facts = {};
    if (folder == nullptr || ::fstat(descriptor, &facts) != 0) {
      found.refusal = system_says("cannot read the folder");
      return visit_(found);
    }
    Level level{found.path, {}, {facts.st_dev, facts.st_ino}};
    if (std::any_of(levels_.begin(), levels_.end(),
                    [&](const Level& outer) { return outer.place == level.place; })) {
      pass_over_("a loop of links");
      return true;
    }
    while (const dirent* const entry = next_in(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") level.names.emplace_back(name);
    }
    if (errno != 0) found.refusal = system_says("cannot read all of the folder");
    std::sort(level.names.rbegin(), level.names.rend());
    levels_.push_back(std::move(level));
    return found.refusal.empty() || visit_(found);
  }

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
  const std::function<void(const std::string&)>& pass_over_;
  std::vector<Level> levels_;
};

}  // namespace

std::string special_kind(mode_t mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

void walk(const std::string& path, const WalkRules& rules,
          const std::function<bool(const Found&)>& visit,
          const std::function<void(const std::string& reason)>& pass_over) {
  if (path == "-") {
    visit({path, true, false, "", ""});
  } else {
    Walker(rules, visit, pass_over).walk(path);
  }
}

}  // namespace cli
