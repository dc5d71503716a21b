// TemporaryFile: a file with this content, gone at the end of the test.
#pragma once

#include <string>
#include <string_view>

namespace test_support {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  std::string content() const;  // as it is now

 private:
  std::string path_;
};

// The bytes of a file; aborts if there is none.
std::string read_file(const std::string& path);

}  // namespace test_support
