#include "support/temporary_file.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace test_support {

TemporaryFile::TemporaryFile(std::string_view content)
    : path_(std::filesystem::temp_directory_path() / "safe_load_test_XXXXXX") {
  const int descriptor = ::mkstemp(path_.data());
  if (descriptor < 0) std::abort();
  ::close(descriptor);
  std::ofstream(path_, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

std::string TemporaryFile::content() const { return read_file(path_); }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) std::abort();
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace test_support
