#include "support/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace test_support {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "safe_load_XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;  // what stays behind is no fault of the test
  std::filesystem::remove_all(path_, ignored);
}

TemporaryFolder& TemporaryFolder::file(std::string_view name, std::string_view content) {
  std::ofstream out(path(name), std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) std::abort();
  return *this;
}

TemporaryFolder& TemporaryFolder::remove(std::string_view name) {
  if (!std::filesystem::remove(path(name))) std::abort();
  return *this;
}

std::string TemporaryFolder::path(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

}  // namespace test_support
