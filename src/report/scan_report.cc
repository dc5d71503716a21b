#include "safe_load/scan_report.h"

#include <numeric>
#include <utility>

#include "base/text.h"
#include "report/scan_parts.h"
#include "safe_load/version.h"

namespace safe_load {
inline namespace v0 {

using json::JsonWriter;

struct ScanReport::State {
  ScanReportOptions options;
  ScanPolicy policy;
  ScanSummary summary;
  report::SarifLog sarif;
  bool has_files = false;
};

std::uint64_t ScanSummary::files() const {
  return std::accumulate(verdicts.begin(), verdicts.end(), std::uint64_t{0});
}

ScanReport::ScanReport(const ScanReportOptions& options, const ScanPolicy& policy)
    : state_(std::make_unique<State>(
          State{options, policy, {}, report::SarifLog(options.sarif_category)})) {}
ScanReport::ScanReport(ScanReport&&) noexcept = default;
ScanReport::~ScanReport() = default;

const ScanSummary& ScanReport::summary() const { return state_->summary; }

std::string ScanReport::begin() {
  if (state_->options.format != ScanFormat::kJson) return "";
  JsonWriter writer(JsonWriter::Layout::kOneLine);
  writer.begin_object();
  writer.member("schema", "safe-load.scan/1");
  writer.key("tool");
  writer.begin_object();
  writer.member("name", "safe-load");
  writer.member("version", kVersion);
  writer.end_object();
  report::write_policy(writer, state_->policy);
  writer.key("files");
  return std::move(writer).take() + "[";
}

std::string ScanReport::add(std::string_view path, const FileReport& report) {
  ScanSummary& summary = state_->summary;
  ++summary.verdicts[static_cast<std::size_t>(report.verdict)];
  summary.bytes_total += report.coverage.bytes_total;
  summary.bytes_covered += report.coverage.bytes_covered;
  summary.bytes_read += report.coverage.bytes_read;
  const bool is_first = !std::exchange(state_->has_files, true);
  switch (state_->options.format) {
    case ScanFormat::kText:
      return to_text(report, path, state_->options);
    case ScanFormat::kJson: {
      std::string record = to_json(report, path);
      record.pop_back();  // its line feed
      return (is_first ? "\n" : ",\n") + record;
    }
    case ScanFormat::kJsonl:
      return to_json(report, path);
    case ScanFormat::kSarif:
      state_->sarif.add(path, report);
      return "";
  }
  return "";
}

// A file that could not be opened is one that was not read.
std::string ScanReport::add(std::string_view path, const Issue& error) {
  ++state_->summary.errors;
  FileReport report;
  report.format = "unreadable";
  report.coverage.complete = false;
  Finding finding;
  finding.rule = find_scan_rule(error.code == ErrorCode::kUnsupported ? "R14"
                                : error.code == ErrorCode::kLimit     ? "R15"
                                                                      : "H05");
  finding.severity = Severity::kIncomplete;
  finding.message = error.message;
  report.findings.push_back(std::move(finding));
  return add(path, report);
}

void ScanReport::skip(std::string_view what) { ++state_->summary.skipped[std::string(what)]; }

void ScanReport::pass_over(std::string_view reason) {
  ++state_->summary.passed_over[std::string(reason)];
}

void ScanReport::set_sandbox(const ScanSandbox& sandbox) { state_->summary.sandbox = sandbox; }

void ScanReport::interrupt() { state_->summary.is_interrupted = true; }

std::string ScanReport::end() {
  const ScanSummary& summary = state_->summary;
  switch (state_->options.format) {
    case ScanFormat::kText:
      return (state_->options.quiet ? "" : report::sandbox_text(summary)) +
             report::summary_text(summary);
    case ScanFormat::kJson:
    case ScanFormat::kJsonl: {
      JsonWriter writer(JsonWriter::Layout::kOneLine);
      writer.begin_object();
      if (state_->options.format == ScanFormat::kJsonl) {
        writer.member("schema", "safe-load.scan/1");
        report::write_policy(writer, state_->policy);
      }
      report::write_summary(writer, summary);
      writer.end_object();
      const std::string text = std::move(writer).take();
      return state_->options.format == ScanFormat::kJsonl ? text + "\n"
                                                          : "\n], " + text.substr(1) + "\n";
    }
    case ScanFormat::kSarif:
      return state_->sarif.text(summary);
  }
  return "";
}

}  // namespace v0
}  // namespace safe_load
