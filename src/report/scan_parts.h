// The parts that the formats of a scan report share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/writer.h"
#include "safe_load/scan_report.h"

namespace safe_load::report {

void write_file(json::JsonWriter& writer, std::string_view path, const FileReport& report);
void write_policy(json::JsonWriter& writer, const ScanPolicy& policy);
void write_summary(json::JsonWriter& writer, const ScanSummary& summary);

void write_sandbox(json::JsonWriter& writer, const ScanSandbox& sandbox);

// "" if the processes that scanned had given up all rights, else what was missing, as a line.
std::string sandbox_text(const ScanSummary& summary);
// "3 files: 1 SAFE, 1 UNKNOWN, 0 INCOMPLETE, 1 DANGEROUS; 12 other files were not checkpoints; 2
// more not read (a socket: 1, a loop of links: 1)"
std::string summary_text(const ScanSummary& summary);

// The results of a SARIF log, collected until its end.
class SarifLog {
 public:
  explicit SarifLog(std::string category) : category_(std::move(category)) {}

  void add(std::string_view path, const FileReport& report);
  std::string text(const ScanSummary& summary) const;

 private:
  static constexpr std::size_t kMostResults = 5000;

  struct Result {
    std::string path;
    Finding finding;
  };
  struct Unread {
    std::string path;
    std::string why;
  };
  void write_results(json::JsonWriter& writer) const;
  void write_rules(json::JsonWriter& writer) const;
  void write_invocation(json::JsonWriter& writer, const ScanSummary& summary) const;

  std::string category_;
  std::vector<Result> by_severity_[4];
  std::uint64_t dropped_ = 0;
  std::vector<Unread> unread_;
};

}  // namespace safe_load::report
