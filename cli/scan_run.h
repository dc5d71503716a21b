// ScanRun: what `safe-load scan` does with its arguments, from paths to the report.
#pragma once

#include <safe_load/scan_report.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "met_files.h"
#include "options.h"
#include "output.h"
#include "walk.h"
#include "workers.h"

namespace cli {

class ScanRun {
 public:
  // `is_interrupted` ends the run early.
  ScanRun(const ScanCommand& command, Output& output, bool color,
          const std::atomic<bool>& is_interrupted);

  // `list`: more paths, or null. False if the report could not be written.
  bool run(const std::vector<std::string>& paths, std::istream* list);

  const safe_load::ScanSummary& summary() const { return report_.summary(); }

 private:
  struct Waiting {
    Found file;
    MetFile* met = nullptr;  // null: nothing was opened
    std::optional<safe_load::FileReport> report;
    std::optional<safe_load::Issue> issue;
    bool is_done() const { return report || issue; }
  };

  std::size_t jobs() const;
  bool must_be_checkpoint(const Found& found) const;
  void add_path(const std::string& path);
  bool add(const Found& found);
  bool is_told_already(const MetFile& met, const Found& found);
  bool add_unread(const Found& found);
  Waiting* wait_in_line(const Found& found);
  bool is_over() const { return is_interrupted_ || is_broken_; }
  void collect();
  void print_ready();
  void print(std::uint64_t job, const Waiting& ready);
  std::string shown(const std::string& path) const;
  bool shows_progress() const;
  void show_progress();
  void clear_progress();

  const ScanCommand& command_;
  Output& output_;
  const std::atomic<bool>& is_interrupted_;
  safe_load::ScanReport report_;
  Workers workers_;
  const std::string root_;
  MetFiles met_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_job_ = 0;
  bool is_broken_ = false;
  bool is_progress_shown_ = false;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace cli
