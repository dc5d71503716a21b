// Output: standard output, or a file that appears under its name only when it is whole.
#pragma once

#include <cstdio>
#include <string>

namespace cli {

class Output {
 public:
  // `path`: "" for standard output.
  explicit Output(std::string path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool is_open() const { return stream_ != nullptr; }
  std::string name() const { return path_.empty() ? "standard output" : path_; }
  // Why something could not be written.
  std::string failure() const;

  // A reader of standard output that went away is no failure.
  bool write(const std::string& text);
  // Renames the file. False if anything could not be written.
  bool finish();

 private:
  std::string path_;
  std::string temporary_;
  std::FILE* stream_ = nullptr;
  int error_ = 0;
};

}  // namespace cli
