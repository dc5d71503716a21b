// What files a path stands for: one file, or a set of files, by its index or its folder.
#pragma once

#include <string>
#include <string_view>

#include "os/file_set.h"
#include "safe_load/checkpoint.h"

namespace safe_load::api {

struct FoundFiles {
  os::FileSet files;  // of a set: the index or metadata, and then what they name, in their order
  std::string note;   // "" or what a user should know about the choice
};

// `path` is UTF-8. All files that are missing are named at once.
Result<FoundFiles, Issue> find_files(std::string_view path, const Limits& limits);

}  // namespace safe_load::api
