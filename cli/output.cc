#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cli {

Output::Output(std::string path) : path_(std::move(path)) {
  if (path_.empty()) {
    stream_ = stdout;
    return;
  }
  temporary_ = path_ + ".part" + std::to_string(::getpid());
  stream_ = std::fopen(temporary_.c_str(), "wxe");
  if (stream_ == nullptr) error_ = errno;
}

Output::~Output() {
  if (path_.empty() || stream_ == nullptr) return;
  std::fclose(stream_);
  ::unlink(temporary_.c_str());
}

std::string Output::failure() const { return std::strerror(error_); }

bool Output::write(const std::string& text) {
  if (text.empty()) return true;
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), stream_);
  const bool failed = written != text.size() || (path_.empty() && std::fflush(stream_) != 0);
  if (!failed || (path_.empty() && errno == EPIPE)) return true;
  error_ = errno;
  return false;
}

bool Output::finish() {
  if (path_.empty()) return true;
  const bool is_written = std::fclose(std::exchange(stream_, nullptr)) == 0;
  if (is_written && std::rename(temporary_.c_str(), path_.c_str()) == 0) return true;
  error_ = errno;
  ::unlink(temporary_.c_str());
  return false;
}

}  // namespace cli
