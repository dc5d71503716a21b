#include "output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

namespace cli {

Output::Output(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  auto file = safe_load::AtomicFile::create(path_);
  if (file.ok())
    file_.emplace(*std::move(file));
  else
    take(file.error());
}

bool Output::write(const std::string& text) {
  constexpr std::size_t kMostWaiting = std::size_t{1} << 16;
  if (!failure_.empty()) return false;
  if (file_) {
    waiting_ += text;
    return waiting_.size() < kMostWaiting || flush();
  }
  if (text.empty()) return true;
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if ((is_written && std::fflush(stdout) == 0) || errno == EPIPE) return true;
  failure_ = std::strerror(errno);
  return false;
}

void Output::refuse(std::string why) {
  file_.reset();
  failure_ = std::move(why);
}

bool Output::finish() { return !file_ || (flush() && take(file_->commit())); }

bool Output::flush() {
  const std::string text = std::exchange(waiting_, {});
  return take(file_->write(std::as_bytes(std::span(text))));
}

bool Output::take(const safe_load::Status& done) {
  if (done.ok()) return true;
  const safe_load::Error& error = done.error();
  failure_ = error.subject().empty() ? error.reason() : error.subject();
  return false;
}

}  // namespace cli
