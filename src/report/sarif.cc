// SARIF 2.1.0, as GitHub code scanning reads it. Source: OASIS sarif-v2.1.0, and GitHub's page on
// SARIF support. A place in a binary is no line: the region is the insertion point 1:1, and the
// bytes stand in the properties and in the message.
#include <algorithm>

#include "base/text.h"
#include "digest/sha256.h"
#include "report/scan_parts.h"
#include "safe_load/version.h"

namespace safe_load::report {
namespace {

using json::JsonWriter;

std::string_view level_of(Severity severity) {
  switch (severity) {
    case Severity::kDanger:
      return "error";
    case Severity::kIncomplete:
    case Severity::kUnknown:
      return "warning";
    case Severity::kNote:
      return "note";
  }
  return "none";
}

std::string_view score_of(Severity severity) {
  switch (severity) {
    case Severity::kDanger:
      return "9.8";
    case Severity::kUnknown:
      return "5.0";
    case Severity::kIncomplete:
      return "4.0";
    case Severity::kNote:
      return "";
  }
  return "";
}

// A relative reference: forward slashes, everything but unreserved characters percent-encoded.
std::string uri_of(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_letter || kPlain.find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kDigits[byte >> 4];
    uri += kDigits[byte & 15];
  }
  return uri;
}

void write_text(JsonWriter& writer, std::string_view name, std::string_view text) {
  writer.key(name);
  writer.begin_object();
  writer.member("text", text);
  writer.end_object();
}

std::string message_of(const Finding& finding) {
  std::string text = finding.message;
  if (!finding.member.empty()) text += "; member " + finding.member;
  text += "; byte " + std::to_string(finding.offset);
  if (!finding.path.empty()) text += "; " + finding.path;
  if (!finding.args.empty()) text += "; arguments " + finding.args;
  return text;
}

// What stays when the model is saved again: not the offset.
std::string fingerprint_of(const Finding& finding) {
  constexpr std::size_t kDigits = 16;
  return digest::sha256(std::string(finding.rule->id) + '\n' + finding.member + '\n' +
                        finding.path + '\n' + finding.module + '\n' + finding.name)
             .substr(0, kDigits) +
         ":1";
}

void write_location(JsonWriter& writer, const std::string& path, const Finding& finding) {
  writer.begin_object();
  writer.key("physicalLocation");
  writer.begin_object();
  writer.key("artifactLocation");
  writer.begin_object();
  writer.member("uri", uri_of(path));
  writer.end_object();
  writer.key("region");
  writer.begin_object();
  for (const std::string_view name : {"startLine", "startColumn", "endLine", "endColumn"})
    writer.member(name, 1);
  writer.end_object();
  writer.end_object();
  if (!finding.member.empty() || !finding.path.empty()) {
    writer.key("logicalLocations");
    writer.begin_array();
    writer.begin_object();
    writer.member("fullyQualifiedName", finding.member + "!" + finding.path);
    writer.end_object();
    writer.end_array();
  }
  writer.end_object();
}

}  // namespace

void SarifLog::add(std::string_view path, const FileReport& report) {
  if (report.verdict == Verdict::kIncomplete && unread_.size() < kMostResults)
    unread_.push_back({std::string(path), report.findings.empty()
                                              ? "not read to its end"
                                              : report.findings.front().message});
  for (const Finding& finding : report.findings) {
    std::vector<Result>& results = by_severity_[static_cast<std::size_t>(finding.severity)];
    if (results.size() < kMostResults) {
      results.push_back({std::string(path), finding});
    } else {
      ++dropped_;
    }
  }
}

std::string SarifLog::text(const ScanSummary& summary) const {
  JsonWriter writer;
  writer.begin_object();
  writer.member(
      "$schema",
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json");
  writer.member("version", "2.1.0");
  writer.key("runs");
  writer.begin_array();
  writer.begin_object();
  writer.key("tool");
  writer.begin_object();
  writer.key("driver");
  writer.begin_object();
  writer.member("name", "safe-load");
  writer.member("semanticVersion", kVersion);
  write_rules(writer);
  writer.end_object();
  writer.end_object();
  writer.key("automationDetails");
  writer.begin_object();
  writer.member("id", "safe-load/" + base::escaped(category_) + "/");
  writer.end_object();
  write_invocation(writer, summary);
  write_results(writer);
  writer.end_object();
  writer.end_array();
  writer.end_object();
  return std::move(writer).take() + "\n";
}

void SarifLog::write_rules(JsonWriter& writer) const {
  writer.key("rules");
  writer.begin_array();
  for (const ScanRule& rule : scan_rules()) {
    writer.begin_object();
    writer.member("id", rule.id);
    writer.member("name", rule.name);
    write_text(writer, "shortDescription", rule.what);
    write_text(writer, "fullDescription", rule.what);
    std::string help(rule.what);
    if (!rule.advice.empty()) help += ". What to do: " + std::string(rule.advice);
    if (!rule.advisories.empty()) help += ". Public ids: " + std::string(rule.advisories);
    writer.key("help");
    writer.begin_object();
    writer.member("text", help);
    writer.member("markdown", help);
    writer.end_object();
    writer.key("defaultConfiguration");
    writer.begin_object();
    writer.member("level", level_of(rule.severity));
    writer.end_object();
    writer.key("properties");
    writer.begin_object();
    writer.key("tags");
    writer.begin_array();
    writer.value("security");
    writer.end_array();
    if (const std::string_view score = score_of(rule.severity); !score.empty())
      writer.member("security-severity", score);
    writer.member("precision", rule.severity == Severity::kDanger ? "very-high" : "medium");
    writer.end_object();
    writer.end_object();
  }
  writer.end_array();
}

void SarifLog::write_results(JsonWriter& writer) const {
  writer.key("results");
  writer.begin_array();
  std::size_t written = 0;
  for (std::size_t severity = 4; severity-- > 0;)
    for (const Result& result : by_severity_[severity]) {
      if (written++ == kMostResults) {
        writer.end_array();
        return;
      }
      const Finding& finding = result.finding;
      writer.begin_object();
      writer.member("ruleId", finding.rule->id);
      writer.member("ruleIndex", static_cast<std::int64_t>(finding.rule - scan_rules().data()));
      writer.member("level", level_of(finding.severity));
      write_text(writer, "message", message_of(finding));
      writer.member("occurrenceCount", finding.count);
      writer.key("locations");
      writer.begin_array();
      write_location(writer, result.path, finding);
      writer.end_array();
      writer.key("partialFingerprints");
      writer.begin_object();
      writer.member("primaryLocationLineHash", fingerprint_of(finding));
      writer.end_object();
      writer.key("properties");
      writer.begin_object();
      writer.member("byteOffset", finding.offset);
      writer.end_object();
      writer.end_object();
    }
  writer.end_array();
}

void SarifLog::write_invocation(JsonWriter& writer, const ScanSummary& summary) const {
  writer.key("invocations");
  writer.begin_array();
  writer.begin_object();
  writer.member("executionSuccessful", unread_.empty() && !summary.is_interrupted);
  writer.key("toolExecutionNotifications");
  writer.begin_array();
  std::size_t kept = 0;
  for (const std::vector<Result>& results : by_severity_) kept += results.size();
  const std::uint64_t dropped = dropped_ + (kept > kMostResults ? kept - kMostResults : 0);
  if (dropped != 0) {
    writer.begin_object();
    writer.member("level", "warning");
    write_text(writer, "message",
               std::to_string(dropped) + " results were left out; --format jsonl has all");
    writer.end_object();
  }
  for (const Unread& unread : unread_) {
    writer.begin_object();
    writer.member("level", "warning");
    write_text(writer, "message",
               base::escaped(unread.path) + " was not read to its end: " + unread.why);
    writer.end_object();
  }
  if (const std::string text = sandbox_text(summary); !text.empty()) {
    writer.begin_object();
    writer.member("level", "warning");
    write_text(writer, "message", text.substr(0, text.size() - 1));
    writer.end_object();
  }
  writer.end_array();
  if (summary.sandbox) {
    writer.key("properties");
    writer.begin_object();
    write_sandbox(writer, *summary.sandbox);
    writer.end_object();
  }
  writer.end_object();
  writer.end_array();
}

}  // namespace safe_load::report
