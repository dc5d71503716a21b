// Reports of scans for people.
#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/scan_parts.h"
#include "safe_load/report.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr std::string_view kReset = "\x1b[0m";

std::string_view color_of(Severity severity) {
  switch (severity) {
    case Severity::kDanger:
      return "\x1b[1;31m";
    case Severity::kIncomplete:
      return "\x1b[35m";
    case Severity::kUnknown:
      return "\x1b[33m";
    case Severity::kNote:
      return "\x1b[2m";
  }
  return "";
}

std::string_view color_of(Verdict verdict) {
  return verdict == Verdict::kSafe ? "\x1b[32m" : color_of(static_cast<Severity>(verdict));
}

class Page {
 public:
  explicit Page(bool color) : color_(color) {}

  void colored(std::string_view color, std::string_view text) {
    if (color_) out_ += color;
    out_ += text;
    if (color_) out_ += kReset;
  }
  void plain(std::string_view text) { out_ += text; }
  void padded(std::size_t width, std::size_t used) {
    out_.append(width > used ? width - used : 1, ' ');
  }
  std::string take() && { return std::move(out_); }

 private:
  bool color_;
  std::string out_;
};

std::string place_of(const Finding& finding) {
  std::string place = finding.member;
  if (finding.offset != 0 || !finding.opcode.empty())
    place += (place.empty() ? "byte " : ", byte ") + std::to_string(finding.offset);
  if (!finding.opcode.empty()) place += ", " + finding.opcode;
  return place;
}

void add_line(Page& page, std::string_view label, std::string_view text) {
  page.plain("           ");
  page.plain(label);
  page.padded(9, label.size());
  page.plain(text);
  page.plain("\n");
}

// Findings that say the same, in whichever members: one row.
struct Row {
  const Finding* first;
  std::uint64_t count = 0;
  std::vector<std::string> more_places;
};

constexpr std::size_t kMostPlaces = 3;        // besides the first
constexpr std::size_t kMostRowsOfARule = 10;  // without --verbose

std::string where(const Finding& finding, const std::string& path) {
  std::string place = place_of(finding);
  if (!path.empty()) {
    place += (place.empty() ? "" : ", ") + path;
  } else if (!finding.opcode.empty()) {
    place += ", not part of the result";
  }
  return place;
}

std::vector<Row> rows_of(const FileReport& report, Severity mildest) {
  std::vector<Row> rows;
  std::map<std::string, std::size_t> places;
  for (const Finding& finding : report.findings) {
    if (finding.severity < mildest) continue;
    const std::string key = std::string(finding.rule->id) + std::string(to_text(finding.severity)) +
                            '\n' + finding.message;
    const auto [place, is_new] = places.emplace(key, rows.size());
    if (is_new) rows.push_back({&finding, 0, {}});
    Row& row = rows[place->second];
    row.count += finding.count;
    const auto add = [&](std::string text) {
      if (!text.empty() && row.more_places.size() < kMostPlaces)
        row.more_places.push_back(std::move(text));
    };
    if (!is_new) add(where(finding, finding.path));
    for (const std::string& path : finding.more_paths) add(path);
  }
  return rows;
}

void add_row(Page& page, const Row& row) {
  const Finding& finding = *row.first;
  const std::string_view severity = to_text(finding.severity);
  page.plain("  ");
  page.colored(color_of(finding.severity), severity);
  page.padded(11, severity.size());
  page.plain(finding.rule->id);
  page.plain("  " + finding.message);
  if (row.count > 1) page.plain(" (" + std::to_string(row.count) + " times)");
  page.plain("\n");
  if (const std::string at = where(finding, finding.path); !at.empty()) add_line(page, "at", at);
  for (const std::string& place : row.more_places) add_line(page, "and", place);
  if (!finding.args.empty() && finding.args != "()") add_line(page, "args", finding.args);
  if (finding.evidence.empty()) return;
  std::string evidence;
  for (const std::string_view kind : finding.evidence)
    evidence += (evidence.empty() ? "" : ", ") + std::string(kind);
  add_line(page, "evidence", evidence);
}

// Rules with a great many rows show the first of them.
void add_rows(Page& page, const std::vector<Row>& rows, bool verbose) {
  std::map<std::pair<Severity, std::string_view>, std::size_t> counts;
  for (const Row& row : rows) {
    const std::size_t count = ++counts[{row.first->severity, row.first->rule->id}];
    if (verbose || count <= kMostRowsOfARule) add_row(page, row);
  }
  for (const auto& [rule, count] : counts)
    if (!verbose && count > kMostRowsOfARule)
      page.plain("  and " + std::to_string(count - kMostRowsOfARule) + " more of " +
                 std::string(rule.second) + " (" + std::string(to_text(rule.first)) +
                 "), which -v lists\n");
}

// What to do, each advice once.
void add_advice(Page& page, const std::vector<Row>& rows) {
  std::vector<std::string_view> given;
  for (const Row& row : rows) {
    const std::string_view advice = row.first->rule->advice;
    if (row.first->severity == Severity::kNote || advice.empty() ||
        std::find(given.begin(), given.end(), advice) != given.end())
      continue;
    given.push_back(advice);
    add_line(page, "next", advice);
  }
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  if (part >= whole) return "100 %";
  return std::to_string(100 * (part / (whole / 100 + 1)) / 100) + " %";
}

}  // namespace

std::string to_text(const FileReport& report, std::string_view path,
                    const ScanReportOptions& options) {
  if (options.quiet || (report.verdict == Verdict::kSafe && !options.verbose)) return "";
  Page page(options.color);
  page.plain(base::escaped(path, path.size()));
  page.plain("  ");
  page.colored(color_of(report.verdict), to_text(report.verdict));
  page.plain("  " + report.format + ", " + human_size(report.size) + " (" +
             human_size(report.coverage.bytes_read) + " read, " +
             percent(report.coverage.bytes_covered, report.coverage.bytes_total) + " covered)\n");
  const std::vector<Row> rows =
      rows_of(report, options.verbose ? Severity::kNote : Severity::kUnknown);
  add_rows(page, rows, options.verbose);
  add_advice(page, rows);
  if (report.findings_dropped != 0)
    page.plain("  and " + std::to_string(report.findings_dropped) + " more findings\n");
  return std::move(page).take();
}

std::string to_text(const ScanRule& rule) {
  std::string text = std::string(rule.id) + "  " + std::string(rule.name) + "  (" +
                     std::string(to_text(rule.severity)) + ")\n  " + std::string(rule.what) + ".\n";
  if (!rule.advice.empty()) text += "  What to do: " + std::string(rule.advice) + ".\n";
  if (!rule.advisories.empty()) text += "  Public ids: " + std::string(rule.advisories) + "\n";
  return text;
}

std::string scan_rules_text() {
  std::string text;
  for (const ScanRule& rule : scan_rules())
    text += std::string(rule.id) + "  " + std::string(to_text(rule.severity)) + "  " +
            std::string(rule.name) + "\n";
  return text;
}

}  // namespace v0
}  // namespace safe_load

namespace safe_load::report {
namespace {

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& row) { return sum + row.second; });
}

}  // namespace

std::string sandbox_text(const ScanSummary& summary) {
  if (!summary.sandbox || summary.sandbox->is_full()) return "";
  const bool has_one = summary.sandbox->seccomp || summary.sandbox->landlock;
  const std::string_view missing =
      has_one ? summary.sandbox->seccomp ? "Landlock" : "seccomp" : "neither seccomp nor Landlock";
  return "sandbox: there is " + std::string(has_one ? "no " : "") + std::string(missing) +
         " here, so a process that a file takes over could do more than scan\n";
}

std::string summary_text(const ScanSummary& summary) {
  const auto count = [](std::uint64_t number, std::string_view unit) {
    return std::to_string(number) + " " + std::string(unit) + (number == 1 ? "" : "s");
  };
  std::string text = count(summary.files(), "file") + ": ";
  for (const Verdict verdict :
       {Verdict::kSafe, Verdict::kUnknown, Verdict::kIncomplete, Verdict::kDangerous})
    text += std::to_string(summary.of(verdict)) + " " + std::string(to_text(verdict)) +
            (verdict == Verdict::kDangerous ? "" : ", ");
  if (const std::uint64_t skipped = sum_of(summary.skipped); skipped != 0)
    text += "; " + count(skipped, "other file") +
            (skipped == 1 ? " was not a checkpoint" : " were not checkpoints");
  if (const std::uint64_t passed_over = sum_of(summary.passed_over); passed_over != 0) {
    std::string reasons;
    for (const auto& [reason, times] : summary.passed_over)
      reasons += (reasons.empty() ? "" : "; ") + reason + ": " + std::to_string(times);
    text += "; " + std::to_string(passed_over) + " more not read (" + reasons + ")";
  }
  if (summary.files() == 0) text += "; no checkpoint was scanned";
  if (summary.is_interrupted) text += "; interrupted";
  return text + "\n";
}

}  // namespace safe_load::report
