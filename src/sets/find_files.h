// What files a path stands for: one file, or a set of files, by its index or its folder.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/issue.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"
#include "safe_load/source.h"

namespace safe_load::sets {

// How files are reached by their paths, which are UTF-8 with "/" between components.
class Files {
 public:
  virtual ~Files() = default;

  // Anything but a regular file is kUnsupported.
  virtual Result<std::shared_ptr<const Source>> open(const std::string& path) = 0;
  virtual bool is_folder(const std::string& path) const = 0;
  // The names in a folder, sorted. kUnsupported if there are more than `most`.
  virtual Result<std::vector<std::string>> list(const std::string& path,
                                                std::size_t most) const = 0;
  // Whether links lead from this path below a folder out of it.
  virtual bool leaves_folder(const std::string& folder, const std::string& path) const = 0;
};

struct FoundFiles {
  struct File {
    std::string name;  // in the folder of the set; "" if it is the only one
    std::shared_ptr<const Source> source;
  };
  std::vector<File> files;  // of a set: the index or metadata, and what they name, in their order
  std::string note;         // "" or what a user should know about the choice
};

// All files that are missing are named at once.
Result<FoundFiles, Issue> find_files(Files& files, std::string_view path, const Limits& limits);

// The same for a file that is open. Metadata of a distributed checkpoint stand for its folder,
// which need not be one that lists its files.
Result<FoundFiles, Issue> find_files(Files& files, std::string_view path,
                                     std::shared_ptr<const Source> file, const Limits& limits);

}  // namespace safe_load::sets
