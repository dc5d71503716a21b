// `safe-load scan PATH...`: could these files run code, what exactly, and where.
#include <fcntl.h>
#include <safe_load/safe_load.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string_view>
#include <thread>

#include "commands.h"
#include "descriptor.h"
#include "output.h"
#include "terminal.h"
#include "walk.h"
#include "workers.h"

namespace cli {
namespace {

using safe_load::FileReport;
using safe_load::Issue;
using safe_load::ScanSummary;
using safe_load::Verdict;

constexpr int kDangerous = 1;
constexpr int kUnread = 2;
constexpr int kUnknown = 3;
constexpr int kInterrupted = 130;

std::atomic<bool> is_interrupted = false;

void interrupt(int) { is_interrupted = true; }

// The names that torch users give to checkpoints: such a file must be one, also in a folder.
bool has_checkpoint_name(std::string_view path) {
  constexpr std::string_view kExtensions[] = {".pt",     ".pth",    ".bin", ".ckpt",
                                              ".pkl",    ".pickle", ".npy", ".npz",
                                              ".joblib", ".tar",    ".mar", ".safetensors"};
  return std::any_of(std::begin(kExtensions), std::end(kExtensions),
                     [&](std::string_view extension) { return path.ends_with(extension); });
}

Issue failure(std::string message, safe_load::ErrorCode code = safe_load::ErrorCode::kIo) {
  Issue issue;
  issue.code = code;
  issue.message = std::move(message);
  return issue;
}

// What comes over standard input, in memory. -1: it could not be read, or is too much.
int spool_input() {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  constexpr std::uint64_t kMost = std::uint64_t{4} << 30;
  const int spool = ::memfd_create("standard input", MFD_CLOEXEC);
  std::vector<char> piece(kPiece);
  std::uint64_t total = 0;
  while (spool >= 0) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return spool;
    total += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    if (got < 0 || total > kMost ||
        ::write(spool, piece.data(), static_cast<std::size_t>(got)) != got)
      break;
  }
  if (spool >= 0) ::close(spool);
  return -1;
}

class Scan {
 public:
  Scan(const ScanCommand& command, Output& output, bool color)
      : command_(command),
        output_(output),
        report_({command.format, color, command.quiet, command.verbose, command.sarif_category},
                safe_load::scan_policy(command.options)),
        workers_(jobs(), command.options, std::chrono::seconds(command.timeout)) {}

  bool run(const std::vector<std::string>& paths) {
    if (!output_.write(report_.begin())) return false;
    const WalkRules rules{command_.include, command_.exclude, command_.follow_symlinks};
    for (const std::string& path : paths) {
      if (is_interrupted) break;
      walk(
          path, rules, [&](const Found& found) { return add(found); },
          [&](const std::string& reason) { report_.skip(reason); });
    }
    if (!command_.files_from.empty()) add_listed();
    while (!waiting_.empty() && !is_interrupted) collect();
    if (is_interrupted) {
      report_.interrupt();
      collect();  // what the workers have ready
    }
    clear_progress();
    return output_.write(report_.end()) && !is_broken_;
  }

  const ScanSummary& summary() const { return report_.summary(); }

 private:
  struct Waiting {
    Found file;
    std::optional<FileReport> report;
    std::optional<Issue> issue;
    bool is_done() const { return report || issue; }
  };

  std::size_t jobs() const {
    return command_.jobs != 0 ? command_.jobs
                              : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  }

  // One path on each line, or between NUL bytes. They count as named.
  void add_listed() {
    std::ifstream file;
    if (command_.files_from != "-") file.open(command_.files_from, std::ios::binary);
    std::istream& list = command_.files_from == "-" ? std::cin : file;
    const WalkRules rules{command_.include, command_.exclude, command_.follow_symlinks};
    std::string path;
    while (!is_interrupted && std::getline(list, path, command_.null ? '\0' : '\n'))
      if (!path.empty())
        walk(
            path, rules, [&](const Found& found) { return add(found); },
            [&](const std::string& reason) { report_.skip(reason); });
  }

  // Whether there is to be more.
  bool add(const Found& found) {
    const std::size_t most_waiting = 16 * jobs();
    while ((!workers_.has_idle() || waiting_.size() >= most_waiting) && !is_interrupted) collect();
    if (is_interrupted || is_broken_) return false;
    const std::uint64_t job = next_job_++;
    Waiting& waiting = waiting_[job];
    waiting.file = found;
    const Descriptor file(found.path == "-" ? spool_input()
                                            : ::open(found.path.c_str(),
                                                     O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat facts = {};
    if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
      waiting.issue = failure("cannot open the file: " + std::string(std::strerror(errno)));
    } else if (!S_ISREG(facts.st_mode)) {
      waiting.issue = failure("this is no regular file", safe_load::ErrorCode::kUnsupported);
    } else {
      workers_.start(job, file.get(), static_cast<std::uint64_t>(facts.st_size));
    }
    print_ready();
    return !is_broken_;
  }

  void collect() {
    constexpr std::chrono::milliseconds kPause(200);
    if (!workers_.is_busy()) return print_ready();
    for (Workers::Done& done : workers_.wait(kPause)) {
      Waiting& waiting = waiting_[done.job];
      waiting.report = std::move(done.report);
      if (!waiting.report)
        waiting.issue =
            failure(std::move(done.failure),
                    done.was_stopped ? safe_load::ErrorCode::kLimit : safe_load::ErrorCode::kIo);
    }
    print_ready();
  }

  // In the order in which they were found.
  void print_ready() {
    while (!waiting_.empty() && waiting_.begin()->second.is_done()) {
      const Waiting& ready = waiting_.begin()->second;
      clear_progress();
      print(ready);
      waiting_.erase(waiting_.begin());
    }
    show_progress();
  }

  // SARIF wants paths from where the run began.
  std::string shown(const std::string& path) const {
    if (path == "-") return "standard input";
    if (command_.format != safe_load::ScanFormat::kSarif) return path;
    if (path.starts_with(root_)) return path.substr(root_.size());
    return path.starts_with("./") ? path.substr(2) : path;
  }

  void print(const Waiting& ready) {
    const std::string path = shown(ready.file.path);
    if (ready.issue) {
      is_broken_ |= !output_.write(report_.add(path, *ready.issue));
      return;
    }
    const bool may_skip =
        !ready.file.is_named && !command_.options.strict && !has_checkpoint_name(path);
    if (!ready.report->is_checkpoint && may_skip && ready.report->verdict == Verdict::kIncomplete)
      return report_.skip(ready.report->format);
    is_broken_ |= !output_.write(report_.add(path, *ready.report));
  }

  bool shows_progress() const { return !command_.quiet && ::isatty(STDERR_FILENO) == 1; }

  void show_progress() {
    if (!shows_progress()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(200)) return;
    shown_ = now;
    std::cerr << '\r' << report_.summary().files() << " files scanned\x1b[K" << std::flush;
    is_progress_shown_ = true;
  }

  void clear_progress() {
    if (is_progress_shown_) std::cerr << "\r\x1b[K" << std::flush;
    is_progress_shown_ = false;
  }

  const ScanCommand& command_;
  Output& output_;
  safe_load::ScanReport report_;
  Workers workers_;
  const std::string root_ = std::filesystem::current_path().string() + "/";
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_job_ = 0;
  bool is_broken_ = false;
  bool is_progress_shown_ = false;
  std::chrono::steady_clock::time_point shown_;
};

int exit_code(const ScanSummary& summary, const ScanCommand& command) {
  const auto fails = [&](std::string_view word) {
    return std::find(command.fail_on.begin(), command.fail_on.end(), word) != command.fail_on.end();
  };
  if (summary.of(Verdict::kDangerous) != 0) return kDangerous;
  if (summary.is_interrupted) return kInterrupted;
  if (summary.files() == 0) return kUnread;
  if (summary.of(Verdict::kIncomplete) != 0 && fails("incomplete")) return kUnread;
  if (summary.of(Verdict::kUnknown) != 0 && fails("unknown")) return kUnknown;
  return kDone;
}

int explain_rule(const std::string& id) {
  const safe_load::ScanRule* const rule = safe_load::find_scan_rule(id);
  if (rule == nullptr) {
    complain(safe_load::printable(id), "no rule of this name; `safe-load scan --list-rules`");
    return kUsage;
  }
  return print(safe_load::to_text(*rule)) ? kDone : kFailed;
}

int complain_of(const Output& output) {
  complain(safe_load::printable(output.name()), "cannot be written: " + output.failure());
  return kFailed;
}

}  // namespace

int scan(const Options& options) {
  const ScanCommand& command = options.scan;
  if (command.list_rules) return print(safe_load::scan_rules_text()) ? kDone : kFailed;
  if (!command.explain.empty()) return explain_rule(command.explain);
  Output output(command.output);
  if (!output.is_open()) return complain_of(output);
  struct sigaction action = {};
  action.sa_handler = interrupt;  // without SA_RESTART: waiting ends
  ::sigaction(SIGINT, &action, nullptr);
  const bool color = command.output.empty() && text_options(options).color;
  Scan scan(command, output, color);
  if (!scan.run(options.files) || !output.finish()) return complain_of(output);
  if (scan.summary().files() == 0 && command.format != safe_load::ScanFormat::kText)
    std::cerr << "safe-load: no checkpoint was scanned\n";
  return exit_code(scan.summary(), command);
}

}  // namespace cli
