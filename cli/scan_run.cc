#include "scan_run.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <thread>

#include "checkpoint_name.h"
#include "descriptor.h"

namespace cli {
namespace {

using safe_load::ErrorCode;
using safe_load::Issue;

Issue failure(std::string message, ErrorCode code = ErrorCode::kIo) {
  Issue issue;
  issue.code = code;
  issue.message = std::move(message);
  return issue;
}

// What comes over standard input, in memory. None: it could not be read, or is too much.
Descriptor spool_input() {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  constexpr std::uint64_t kMost = std::uint64_t{4} << 30;
  // By number: the C library that wheels are made for is older than the call.
  Descriptor spool(
      static_cast<int>(::syscall(SYS_memfd_create, "standard input", unsigned{MFD_CLOEXEC})));
  std::vector<char> piece(kPiece);
  std::uint64_t total = 0;
  while (spool.is_open()) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return spool;
    total += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    if (got < 0 || total > kMost ||
        ::write(spool.get(), piece.data(), static_cast<std::size_t>(got)) != got)
      break;
  }
  return {};
}

// What became a link since it was looked at is not followed, and a pipe not waited for.
Descriptor open_found(const Found& found) {
  if (found.path == "-") return spool_input();
  const int follow = found.is_link ? 0 : O_NOFOLLOW;
  return Descriptor(
      ::open(found.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow));
}

}  // namespace

ScanRun::ScanRun(const ScanCommand& command, Output& output, bool color,
                 const std::atomic<bool>& is_interrupted)
    : command_(command),
      output_(output),
      is_interrupted_(is_interrupted),
      report_({command.format, color, command.quiet, command.verbose, command.sarif_category},
              safe_load::scan_policy(command.options)),
      workers_(jobs(), command.options, std::chrono::seconds(command.timeout)),
      root_(std::filesystem::current_path().string() + "/") {}

bool ScanRun::run(const std::vector<std::string>& paths, std::istream* list) {
  if (!output_.write(report_.begin())) return false;
  for (const std::string& path : paths) add_path(path);
  // One path on each line, or between NUL bytes. They count as named.
  std::string path;
  while (list != nullptr && !is_over() && std::getline(*list, path, command_.null ? '\0' : '\n'))
    if (!path.empty()) add_path(path);
  while (!waiting_.empty() && !is_over()) collect();
  if (is_interrupted_) {
    report_.interrupt();
    collect();  // what the workers have ready
  }
  clear_progress();
  if (const auto& sandbox = workers_.sandbox())
    report_.set_sandbox({sandbox->seccomp, sandbox->landlock});
  return !is_broken_ && output_.write(report_.end());
}

std::size_t ScanRun::jobs() const {
  return command_.jobs != 0 ? command_.jobs
                            : std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

// Then it is named in the report, whatever it is.
bool ScanRun::must_be_checkpoint(const Found& found) const {
  return found.is_named || command_.options.strict || has_checkpoint_name(found.path);
}

void ScanRun::add_path(const std::string& path) {
  if (is_over()) return;
  const WalkRules rules{command_.include, command_.exclude, command_.follow_symlinks};
  walk(
      path, rules, [this](const Found& found) { return add(found); },
      [this](const std::string& reason) { report_.pass_over(reason); });
}

// Whether there is to be more.
bool ScanRun::add(const Found& found) {
  if (!found.special.empty() || !found.refusal.empty()) return add_unread(found);
  const Descriptor file = open_found(found);
  struct stat facts = {};
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) {
    Found refused = found;
    refused.refusal = "cannot open the file: " + std::string(std::strerror(errno));
    return add_unread(refused);
  }
  if (!S_ISREG(facts.st_mode)) {
    Found changed = found;
    changed.special = special_kind(facts.st_mode);
    return add_unread(changed);
  }
  const auto [met, is_new] = met_.find(facts);
  if (!is_new && is_told_already(*met, found)) {
    report_.pass_over("another path of a file that was scanned");
    return !is_over();
  }
  Waiting* const waiting = wait_in_line(found);
  if (waiting == nullptr) return false;
  waiting->met = met;
  *met = {next_job_ - 1, false};
  workers_.start(met->job, file.get(), static_cast<std::uint64_t>(facts.st_size));
  print_ready();
  return !is_over();
}

// A file that was skipped under a name that says nothing is told of under one that does.
bool ScanRun::is_told_already(const MetFile& met, const Found& found) {
  if (found.is_named) return false;
  if (!must_be_checkpoint(found)) return true;
  while (waiting_.contains(met.job) && !is_over()) collect();
  return !met.was_skipped;
}

bool ScanRun::add_unread(const Found& found) {
  if (found.refusal.empty() && !must_be_checkpoint(found)) {
    report_.pass_over(found.special);
    return !is_over();
  }
  Waiting* const waiting = wait_in_line(found);
  if (waiting == nullptr) return false;
  waiting->issue = found.refusal.empty()
                       ? failure("this is " + found.special, ErrorCode::kUnsupported)
                       : failure(found.refusal);
  print_ready();
  return !is_over();
}

// A place behind all that was found before, with an idle worker at hand; null if the run is over.
ScanRun::Waiting* ScanRun::wait_in_line(const Found& found) {
  const std::size_t most_waiting = 16 * jobs();
  while ((!workers_.has_idle() || waiting_.size() >= most_waiting) && !is_over()) collect();
  if (is_over()) return nullptr;
  Waiting& waiting = waiting_[next_job_++];
  waiting.file = found;
  return &waiting;
}

void ScanRun::collect() {
  constexpr std::chrono::milliseconds kPause(200);
  if (!workers_.is_busy()) return print_ready();
  for (Workers::Done& done : workers_.wait(kPause)) {
    Waiting& waiting = waiting_[done.job];
    waiting.report = std::move(done.report);
    if (!waiting.report)
      waiting.issue =
          failure(std::move(done.failure), done.was_stopped ? ErrorCode::kLimit : ErrorCode::kIo);
  }
  print_ready();
}

// In the order in which they were found.
void ScanRun::print_ready() {
  while (!waiting_.empty() && waiting_.begin()->second.is_done()) {
    clear_progress();
    print(waiting_.begin()->first, waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
  }
  show_progress();
}

void ScanRun::print(std::uint64_t job, const Waiting& ready) {
  const std::string path = shown(ready.file.path);
  const bool is_foreign = !ready.issue && !ready.report->is_checkpoint &&
                          ready.report->verdict == safe_load::Verdict::kIncomplete;
  if (is_foreign && !must_be_checkpoint(ready.file)) {
    if (ready.met->job == job) ready.met->was_skipped = true;
    return report_.skip(ready.report->format);
  }
  if (output_.replaces(ready.file.path)) {
    is_broken_ = true;
    return output_.refuse("it is one of the files to scan");
  }
  if (ready.issue) {
    is_broken_ |= !output_.write(report_.add(path, *ready.issue));
    return;
  }
  is_broken_ |= !output_.write(report_.add(path, *ready.report));
}

// SARIF wants paths from where the run began.
std::string ScanRun::shown(const std::string& path) const {
  if (path == "-") return "standard input";
  if (command_.format != safe_load::ScanFormat::kSarif) return path;
  if (path.starts_with(root_)) return path.substr(root_.size());
  return path.starts_with("./") ? path.substr(2) : path;
}

bool ScanRun::shows_progress() const { return !command_.quiet && ::isatty(STDERR_FILENO) == 1; }

void ScanRun::show_progress() {
  if (!shows_progress()) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - shown_ < std::chrono::milliseconds(200)) return;
  shown_ = now;
  std::cerr << '\r' << report_.summary().files() << " files scanned\x1b[K" << std::flush;
  is_progress_shown_ = true;
}

void ScanRun::clear_progress() {
  if (is_progress_shown_) std::cerr << "\r\x1b[K" << std::flush;
  is_progress_shown_ = false;
}

}  // namespace cli
