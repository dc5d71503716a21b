// Reports of scans for programs: schema "safe-load.scan/1". docs/guide/scan.md describes it.
#include <map>

#include "base/text.h"
#include "report/scan_parts.h"
#include "safe_load/version.h"

namespace safe_load::report {
namespace {

using json::JsonWriter;

// Words separated by blanks.
void write_words(JsonWriter& writer, std::string_view name, std::string_view words) {
  writer.key(name);
  writer.begin_array();
  while (!words.empty()) {
    const std::size_t blank = std::min(words.find(' '), words.size());
    writer.value(words.substr(0, blank));
    words.remove_prefix(std::min(blank + 1, words.size()));
  }
  writer.end_array();
}

void write_finding(JsonWriter& writer, const Finding& finding) {
  writer.begin_object();
  writer.member("rule", finding.rule->id);
  writer.member("severity", to_text(finding.severity));
  writer.member("message", finding.message);
  writer.member("member", finding.member);
  writer.member("offset", finding.offset);
  writer.member("opcode", finding.opcode);
  writer.key("path");
  if (finding.path.empty()) {
    writer.null();
  } else {
    writer.value(finding.path);
  }
  writer.key("global");
  if (finding.module.empty()) {
    writer.null();
  } else {
    writer.begin_object();
    writer.member("module", finding.module);
    writer.member("name", finding.name);
    writer.member("raw", finding.raw);
    writer.member("mapped",
                  !finding.raw.empty() && finding.raw != finding.module + " " + finding.name);
    writer.end_object();
  }
  writer.member("args", finding.args);
  writer.key("evidence");
  writer.begin_array();
  for (const std::string_view evidence : finding.evidence) writer.value(evidence);
  writer.end_array();
  write_words(writer, "advisories", finding.rule->advisories);
  writer.member("advice", finding.rule->advice);
  writer.member("count", finding.count);
  writer.key("more_paths");
  writer.begin_array();
  for (const std::string& path : finding.more_paths) writer.value(path);
  writer.end_array();
  writer.end_object();
}

void write_coverage(JsonWriter& writer, const Coverage& coverage) {
  writer.key("coverage");
  writer.begin_object();
  writer.member("complete", coverage.complete);
  writer.member("bytes_total", coverage.bytes_total);
  writer.member("bytes_covered", coverage.bytes_covered);
  writer.member("bytes_read", coverage.bytes_read);
  writer.member("members_total", coverage.members_total);
  writer.member("members_scanned", coverage.members_scanned);
  writer.member("pickles", coverage.pickles);
  writer.end_object();
}

}  // namespace

void write_file(JsonWriter& writer, std::string_view path, const FileReport& report) {
  writer.begin_object();
  writer.member("path", base::escaped(path, path.size()));
  writer.member("size", report.size);
  writer.member("format", report.format);
  writer.member("is_checkpoint", report.is_checkpoint);
  writer.member("verdict", to_text(report.verdict));
  write_coverage(writer, report.coverage);
  writer.key("findings");
  writer.begin_array();
  for (const Finding& finding : report.findings) write_finding(writer, finding);
  writer.end_array();
  writer.member("findings_dropped", report.findings_dropped);
  writer.key("globals");
  writer.begin_object();
  writer.member("listed", report.listed_symbols);
  writer.member("unlisted", report.unlisted_symbols);
  writer.end_object();
  writer.end_object();
}

void write_policy(JsonWriter& writer, const ScanPolicy& policy) {
  writer.key("policy");
  writer.begin_object();
  writer.member("id", policy.id);
  writer.member("table_version", policy.table_version);
  writer.member("strict", policy.strict);
  writer.key("limits");
  writer.begin_object();
  writer.member("max_zip_entries", policy.limits.max_zip_entries);
  writer.member("max_inflated_bytes", policy.limits.max_inflated_bytes);
  writer.member("max_inflated_ratio", policy.limits.max_inflated_ratio);
  writer.member("max_pickle_bytes", policy.limits.max_pickle_bytes);
  writer.member("memory_base", policy.limits.memory_base);
  writer.member("memory_per_byte", policy.limits.memory_per_byte);
  writer.member("work_per_byte", policy.limits.work_per_byte);
  writer.end_object();
  writer.end_object();
}

void write_sandbox(JsonWriter& writer, const ScanSandbox& sandbox) {
  writer.key("sandbox");
  writer.begin_object();
  writer.member("seccomp", sandbox.seccomp);
  writer.member("landlock", sandbox.landlock);
  writer.end_object();
}

void write_summary(JsonWriter& writer, const ScanSummary& summary) {
  writer.key("summary");
  writer.begin_object();
  writer.member("files", summary.files());
  for (const Verdict verdict :
       {Verdict::kSafe, Verdict::kUnknown, Verdict::kIncomplete, Verdict::kDangerous})
    writer.member(to_text(verdict), summary.of(verdict));
  writer.member("errors", summary.errors);
  writer.key("skipped");
  writer.begin_object();
  std::map<std::string, std::uint64_t> skipped = summary.skipped;
  for (const auto& [reason, count] : summary.passed_over) skipped[reason] += count;
  for (const auto& [reason, count] : skipped) writer.member(reason, count);
  writer.end_object();
  writer.member("bytes_total", summary.bytes_total);
  writer.member("bytes_covered", summary.bytes_covered);
  writer.member("bytes_read", summary.bytes_read);
  writer.member("interrupted", summary.is_interrupted);
  if (summary.sandbox) write_sandbox(writer, *summary.sandbox);
  writer.end_object();
}

}  // namespace safe_load::report

namespace safe_load {
inline namespace v0 {

std::string to_json(const FileReport& report, std::string_view path) {
  json::JsonWriter writer(json::JsonWriter::Layout::kOneLine);
  report::write_file(writer, path, report);
  return std::move(writer).take() + "\n";
}

}  // namespace v0
}  // namespace safe_load
