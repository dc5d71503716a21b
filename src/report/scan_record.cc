// Reads what to_json wrote: how a process that scans tells another what it found. The text may come
// from a process that an attacker has taken over, so every part of it is checked.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "json/fields.h"
#include "safe_load/scan_report.h"

namespace safe_load {
inline namespace v0 {
namespace {

using json::field;
using json::Json;

Error bad() { return Error(ErrorCode::kCorrupt, "a record of a scan in no known form"); }

// Printable on any terminal, whoever wrote it.
std::string printable_of(const Json* value) {
  const std::string_view text = json::text_of(value);
  std::string bare(text);  // what escaping would change besides, in text that is escaped already
  std::erase_if(bare, [](char c) { return c == '\\' || c == '"' || c == '\''; });
  return base::escaped(bare, bare.size()) == bare ? std::string(text)
                                                  : base::escaped(text, text.size());
}

std::uint64_t number_of(const Json* value) {
  const auto number = value == nullptr ? std::nullopt : value->integer();
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

template <class Enum>
std::optional<Enum> word_of(const Json* value) {
  for (std::uint8_t number = 0; number < 4; ++number)
    if (to_text(static_cast<Enum>(number)) == json::text_of(value))
      return static_cast<Enum>(number);
  return std::nullopt;
}

constexpr std::string_view kEvidence[] = {"python",    "shell",          "url",
                                          "host-port", "sensitive-path", "schema"};

Result<Finding> read_finding(const Json& record) {
  Finding finding;
  finding.rule = find_scan_rule(json::text_of(field(&record, "rule")));
  const auto severity = word_of<Severity>(field(&record, "severity"));
  if (finding.rule == nullptr || !severity) return bad();
  finding.severity = *severity;
  finding.message = printable_of(field(&record, "message"));
  finding.member = printable_of(field(&record, "member"));
  finding.offset = number_of(field(&record, "offset"));
  finding.opcode = printable_of(field(&record, "opcode"));
  finding.path = printable_of(field(&record, "path"));
  const Json* const global = field(&record, "global");
  finding.module = printable_of(field(global, "module"));
  finding.name = printable_of(field(global, "name"));
  finding.raw = printable_of(field(global, "raw"));
  finding.args = printable_of(field(&record, "args"));
  for (const Json& item : json::items_of(field(&record, "evidence"))) {
    const auto known = std::find(std::begin(kEvidence), std::end(kEvidence), json::text_of(&item));
    if (known == std::end(kEvidence)) return bad();
    finding.evidence.push_back(*known);
  }
  finding.count = std::max<std::uint64_t>(number_of(field(&record, "count")), 1);
  for (const Json& item : json::items_of(field(&record, "more_paths")))
    finding.more_paths.push_back(printable_of(&item));
  return finding;
}

}  // namespace

Result<FileReport> read_scan_record(std::string_view text) {
  SAFE_LOAD_TRY_ASSIGN(const Json record, json::read(text));
  FileReport report;
  const auto verdict = word_of<Verdict>(field(&record, "verdict"));
  if (!verdict) return bad();
  report.verdict = *verdict;
  report.size = number_of(field(&record, "size"));
  report.format = printable_of(field(&record, "format"));
  report.is_checkpoint = json::is_true(field(&record, "is_checkpoint"));
  const Json* const coverage = field(&record, "coverage");
  report.coverage.complete = json::is_true(field(coverage, "complete"));
  report.coverage.bytes_total = number_of(field(coverage, "bytes_total"));
  report.coverage.bytes_covered = number_of(field(coverage, "bytes_covered"));
  report.coverage.bytes_read = number_of(field(coverage, "bytes_read"));
  report.coverage.members_total = number_of(field(coverage, "members_total"));
  report.coverage.members_scanned = number_of(field(coverage, "members_scanned"));
  report.coverage.pickles = number_of(field(coverage, "pickles"));
  for (const Json& item : json::items_of(field(&record, "findings"))) {
    SAFE_LOAD_TRY_ASSIGN(Finding finding, read_finding(item));
    report.findings.push_back(std::move(finding));
  }
  report.findings_dropped = number_of(field(&record, "findings_dropped"));
  report.listed_symbols = number_of(field(field(&record, "globals"), "listed"));
  report.unlisted_symbols = number_of(field(field(&record, "globals"), "unlisted"));
  return report;
}

}  // namespace v0
}  // namespace safe_load
