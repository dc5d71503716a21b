// ScanReport: what scans of many files found, printed as they come. Memory does not grow with the
// number of files, but for SARIF, which keeps at most 5000 results.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "safe_load/export.h"
#include "safe_load/scan.h"

namespace safe_load {
inline namespace v0 {

enum class ScanFormat : std::uint8_t {
  kText,
  kJson,   // one document
  kJsonl,  // one line for each file, then one with the summary
  kSarif,  // 2.1.0, for GitHub code scanning
};

struct ScanReportOptions {
  ScanFormat format = ScanFormat::kText;
  bool color = false;
  bool quiet = false;    // text: nothing but the last line
  bool verbose = false;  // text: SAFE files and notes, too
  std::string sarif_category = "scan";
};

// What the processes that scanned had given up.
struct ScanSandbox {
  bool seccomp = false;   // they could call nothing that a scan does not need
  bool landlock = false;  // the kernel kept them from all files, too
  bool is_full() const { return seccomp && landlock; }
};

struct ScanSummary {
  std::array<std::uint64_t, 4> verdicts = {};        // by Verdict
  std::map<std::string, std::uint64_t> skipped;      // no checkpoints, by what they are
  std::map<std::string, std::uint64_t> passed_over;  // not looked into, by why
  std::uint64_t errors = 0;  // files that could not be opened; they are INCOMPLETE, too
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_covered = 0;
  std::uint64_t bytes_read = 0;
  bool is_interrupted = false;
  std::optional<ScanSandbox> sandbox;  // none: the files were scanned in this process

  std::uint64_t of(Verdict verdict) const { return verdicts[static_cast<std::size_t>(verdict)]; }
  SAFE_LOAD_EXPORT std::uint64_t files() const;
};

// Each call returns the text to be printed next; together they are one document.
class SAFE_LOAD_EXPORT ScanReport {
 public:
  ScanReport(const ScanReportOptions& options, const ScanPolicy& policy);
  ScanReport(ScanReport&&) noexcept;
  ~ScanReport();

  std::string begin();
  // `path` as a person or program should see it: UTF-8, relative to where the scan began.
  std::string add(std::string_view path, const FileReport& report);
  // A file without a report is INCOMPLETE. The code says why: kUnsupported, it is not a regular
  // file; kLimit, the scan was stopped; else it could not be read.
  std::string add(std::string_view path, const Issue& error);
  // A file that was read and is not a checkpoint; and what was not looked into.
  void skip(std::string_view what);
  void pass_over(std::string_view reason);
  void interrupt();
  void set_sandbox(const ScanSandbox& sandbox);
  std::string end();

  const ScanSummary& summary() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One file as ScanFormat::kText and kJsonl print it.
SAFE_LOAD_EXPORT std::string to_text(const FileReport& report, std::string_view path,
                                     const ScanReportOptions& options = {});
SAFE_LOAD_EXPORT std::string to_json(const FileReport& report, std::string_view path);

// The report that to_json wrote.
SAFE_LOAD_EXPORT Result<FileReport> read_scan_record(std::string_view json);

// The rules as text: all on one line each, or one with all that is known about it.
SAFE_LOAD_EXPORT std::string scan_rules_text();
SAFE_LOAD_EXPORT std::string to_text(const ScanRule& rule);

}  // namespace v0
}  // namespace safe_load
