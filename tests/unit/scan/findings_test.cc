#include "scan/findings.h"

#include <gtest/gtest.h>

namespace {

using safe_load::FileReport;
using safe_load::Finding;
using safe_load::ScanOptions;
using safe_load::Severity;
using safe_load::scanner::Findings;
using safe_load::scanner::make_finding;
using safe_load::scanner::Rule;

FileReport report_of(std::initializer_list<Finding> findings, const ScanOptions& options = {}) {
  Findings all(options);
  for (const Finding& finding : findings) all.add(finding);
  FileReport report;
  std::move(all).move_to(report);
  return report;
}

Finding finding(Severity severity, const std::string& member = "") {
  Finding made = make_finding(Rule::kG15, severity, "what");
  made.module = "m";
  made.name = "n";
  made.member = member;
  return made;
}

TEST(Findings, ThatAreEqualAreOne) {
  const FileReport report = report_of({finding(Severity::kUnknown), finding(Severity::kUnknown)});
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].count, 2u);
}

TEST(Findings, ThatAreEqualKeepTheFirstPlaces) {
  std::vector<Finding> all(6, make_finding(Rule::kP12));
  for (std::size_t i = 0; i < all.size(); ++i) all[i].path = "$[" + std::to_string(i) + "]";
  const FileReport report = report_of({all[0], all[1], all[2], all[3], all[4], all[5]});
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].count, 6u);
  EXPECT_EQ(report.findings[0].path, "$[0]");
  EXPECT_EQ(report.findings[0].more_paths, (std::vector<std::string>{"$[1]", "$[2]", "$[3]"}));
}

TEST(Findings, OfTwoSeveritiesOrMembersAreTwo) {
  const FileReport report = report_of(
      {finding(Severity::kUnknown), finding(Severity::kDanger), finding(Severity::kUnknown, "a")});
  ASSERT_EQ(report.findings.size(), 3u);
  EXPECT_EQ(report.findings[0].severity, Severity::kDanger);
}

TEST(Findings, OfFilesThatShouldBePlainCountIfStrict) {
  for (const Rule rule : {Rule::kN01, Rule::kN02, Rule::kN03, Rule::kN04}) {
    EXPECT_EQ(report_of({make_finding(rule)}).findings[0].severity, Severity::kNote);
    EXPECT_EQ(report_of({make_finding(rule)}, {.strict = true}).findings[0].severity,
              Severity::kUnknown);
  }
  EXPECT_EQ(report_of({make_finding(Rule::kN06)}, {.strict = true}).findings[0].severity,
            Severity::kNote);
}

TEST(Findings, KeepTheWorst) {
  const auto report = report_of({finding(Severity::kUnknown, "a"), finding(Severity::kNote, "b"),
                                 finding(Severity::kNote, "c"), finding(Severity::kDanger, "d"),
                                 finding(Severity::kUnknown, "e")},
                                {.max_findings = 2});
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.findings[0].member, "d");
  EXPECT_EQ(report.findings[1].member, "a");
  EXPECT_EQ(report.findings_dropped, 3u);
}

}  // namespace
