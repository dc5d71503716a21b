// TemporaryFolder: a folder with files of this content, gone at the end of the test.
#pragma once

#include <string>
#include <string_view>

namespace test_support {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Writes a file, in place of an earlier one of this name.
  TemporaryFolder& file(std::string_view name, std::string_view content);
  TemporaryFolder& remove(std::string_view name);

  const std::string& path() const { return path_; }
  std::string path(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace test_support
