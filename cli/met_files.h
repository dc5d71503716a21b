// MetFiles: which files a run has met, whatever their paths; about 100 bytes for each.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <tuple>

namespace cli {

struct MetFile {
  std::uint64_t job = 0;     // the last that had it
  bool was_skipped = false;  // it was read, and is not a checkpoint
};

class MetFiles {
 public:
  // What is known of an open file, and whether that is nothing yet. The time of its last change is
  // part of what a file is: another may get the number of one that was deleted. Stays where it is.
  std::pair<MetFile*, bool> find(const struct stat& facts) {
    const auto [place, is_new] = files_.try_emplace(
        {facts.st_dev, facts.st_ino, facts.st_size, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec});
    return {&place->second, is_new};
  }

 private:
  std::map<std::tuple<dev_t, ino_t, off_t, time_t, long>, MetFile> files_;
};

}  // namespace cli
