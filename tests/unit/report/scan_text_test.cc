// What a report of a scan says to people.
#include <gtest/gtest.h>
#include <safe_load/report.h>
#include <safe_load/scan_report.h>

#include "scan/findings.h"

namespace {

using safe_load::FileReport;
using safe_load::Finding;
using safe_load::ScanOptions;
using safe_load::Severity;
using safe_load::scanner::Findings;
using safe_load::scanner::make_finding;
using safe_load::scanner::Rule;

std::size_t count_of(std::string_view part, std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

FileReport report_of(const std::vector<Finding>& findings) {
  const ScanOptions options;
  Findings all(options);
  for (const Finding& finding : findings) all.add(finding);
  FileReport report;
  report.verdict = safe_load::Verdict::kUnknown;
  std::move(all).move_to(report);
  return report;
}

Finding at(const std::string& member, const std::string& path, const std::string& message = "odd") {
  Finding finding = make_finding(Rule::kP12, Severity::kUnknown, message);
  finding.member = member;
  finding.path = path;
  return finding;
}

TEST(ScanText, HasOneRowForWhatIsEqualAndTheFirstPlaces) {
  std::vector<Finding> many;
  many.reserve(4000);
  for (int i = 0; i < 4000; ++i) many.push_back(at("a", "$[" + std::to_string(i) + "]"));
  const FileReport report = report_of(many);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].count, 4000u);
  EXPECT_EQ(report.findings[0].more_paths, (std::vector<std::string>{"$[1]", "$[2]", "$[3]"}));
  const std::string text = to_text(report, "x.pt");
  EXPECT_EQ(count_of("\n", text), 7u) << text;
  EXPECT_EQ(count_of("odd (4000 times)", text), 1u) << text;
  EXPECT_EQ(count_of("and      $[3]", text), 1u) << text;
}

TEST(ScanText, JoinsMembersAndSaysWhatToDoOnce) {
  const std::string text =
      to_text(report_of({at("a", "$"), at("b", "$"), at("c", "", "other")}), "x.pt");
  EXPECT_EQ(count_of("odd (2 times)", text), 1u) << text;
  EXPECT_EQ(count_of("and      b, $", text), 1u) << text;
  EXPECT_EQ(count_of("next     do not open", text), 1u) << text;
}

TEST(ScanText, ShowsTheFirstRowsOfARule) {
  std::vector<Finding> many;
  many.reserve(25);
  for (int i = 0; i < 25; ++i) many.push_back(at("a", "$", "odd " + std::to_string(i)));
  const FileReport report = report_of(many);
  const std::string text = to_text(report, "x.pt");
  EXPECT_EQ(count_of("SL-P12  odd", text), 10u) << text;
  EXPECT_EQ(count_of("and 15 more of SL-P12 (unknown), which -v lists", text), 1u) << text;
  safe_load::ScanReportOptions all;
  all.verbose = true;
  EXPECT_EQ(count_of("SL-P12  odd", to_text(report, "x.pt", all)), 25u);
}

TEST(ScanText, IsReadBackFromItsRecord) {
  const FileReport report = report_of({at("a", "$[0]"), at("a", "$[1]")});
  const auto again = safe_load::read_scan_record(to_json(report, "x.pt"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(to_text(*again, "x.pt"), to_text(report, "x.pt"));
  EXPECT_EQ(again->findings[0].more_paths, std::vector<std::string>{"$[1]"});
}

}  // namespace
