// Output: standard output, or a file that is under its name only when it is whole.
#pragma once

#include <safe_load/atomic_file.h>

#include <optional>
#include <string>

namespace cli {

class Output {
 public:
  // `path`: "" for standard output.
  explicit Output(std::string path);

  bool is_open() const { return failure_.empty(); }
  std::string name() const { return path_.empty() ? "standard output" : path_; }
  // Why something could not be written.
  const std::string& failure() const { return failure_; }

  // Whether it would take the place of this file.
  bool replaces(const std::string& path) const { return file_ && file_->replaces(path); }

  // Writes nothing more, and leaves what is there.
  void refuse(std::string why);

  // A reader of standard output that went away is no failure.
  bool write(const std::string& text);
  // Gives the file its name. False if anything could not be written.
  bool finish();

 private:
  bool take(const safe_load::Status& done);
  bool flush();

  std::string path_;
  std::optional<safe_load::AtomicFile> file_;
  std::string waiting_;  // for the file
  std::string failure_;
};

}  // namespace cli
