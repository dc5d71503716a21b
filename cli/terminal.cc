#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace cli {
namespace {

constexpr std::size_t kMostRows = 200;   // of one table on a terminal
constexpr std::size_t kMostValues = 25;  // of that of values

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] != '\0';
}

std::size_t terminal_width() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

safe_load::TextOptions text_options(const Options& options) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  safe_load::TextOptions text;
  text.width = is_terminal && !options.no_truncate ? terminal_width() : 0;
  if (is_terminal && !options.all) {
    text.most_rows = kMostRows;
    text.most_values = kMostValues;
  }
  const bool wanted = is_set("CLICOLOR_FORCE") || (is_terminal && !is_set("NO_COLOR"));
  text.order = options.order;
  text.is_summary = options.summary;
  text.is_tree = options.tree;
  text.all_elements = options.all;
  text.color = options.color == Color::kAlways || (options.color == Color::kAuto && wanted);
  return text;
}

bool print(const std::string& text) {
  errno = 0;
  const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
  const bool failed = written != text.size() || std::fflush(stdout) != 0;
  if (!failed || errno == EPIPE) return true;
  std::perror("safe-load: cannot write the result");
  return false;
}

void complain(const std::string& file, const std::string& text) {
  std::cerr << "safe-load: " << file << ": " << text << '\n';
}

}  // namespace cli
