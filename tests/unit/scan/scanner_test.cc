#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include "support/checkpoint_builder.h"
#include "support/scanned.h"

namespace {

using namespace std::string_literals;
using safe_load::FileReport;
using safe_load::Finding;
using safe_load::ScanOptions;
using safe_load::Severity;
using safe_load::Verdict;
using test_support::scan_bytes;

const std::string kPayload = "cos\ngetcwd\n)R";

TEST(Scanner, ProvesPlainValues) {
  const FileReport report = scan_bytes("\x80\2}X\1\0\0\0aK\1s."s);
  EXPECT_EQ(report.verdict, Verdict::kSafe);
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.coverage.bytes_covered, report.size);
  EXPECT_TRUE(report.coverage.complete);
}

TEST(Scanner, SaysWhatIsCalledWhereAndWithWhat) {
  const FileReport report = scan_bytes("\x80\2}X\1\0\0\0a](cmylib\nrun\n(X\2\0\0\0hites."s);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  ASSERT_EQ(report.findings.size(), 1u);
  const Finding& finding = report.findings.front();
  EXPECT_EQ(finding.rule->id, "SL-G15");
  EXPECT_EQ(finding.name, "run");
  EXPECT_EQ(finding.path, "$[\"a\"][0]");
}

TEST(Scanner, CountsWhatABrokenPickleHadAskedFor) {
  const FileReport report = scan_bytes("\x80\2" + kPayload + "\xff");
  EXPECT_EQ(report.verdict, Verdict::kDangerous);
  EXPECT_FALSE(report.coverage.complete);
}

TEST(Scanner, TellsTheEdgesOfACallByItsWords) {
  const std::string method = "\x80\2coperator\nmethodcaller\n(X\5\0\0\0"s;
  EXPECT_EQ(scan_bytes(method + "lowertR.").verdict, Verdict::kUnknown);
  EXPECT_EQ(scan_bytes(method + "popentR.").verdict, Verdict::kDangerous);
  const std::string code =
      "\x80\2ccloudpickle.cloudpickle\n_builtin_type\n(X\x8\0\0\0CodeTypetR(X\6\0\0\0"s;
  EXPECT_EQ(scan_bytes(code + "lengthtR.").verdict, Verdict::kUnknown);
  EXPECT_EQ(scan_bytes(code + "systemtR.").verdict, Verdict::kDangerous);
}

TEST(Scanner, LeavesWhatTheLimitsForbid) {
  ScanOptions options;
  options.limits.max_pickle_bytes = 64;
  std::string long_one = "(";
  for (int i = 0; i < 64; ++i) long_one += "K\1"s;
  const FileReport report = scan_bytes("K\1." + long_one + "t.", options);
  EXPECT_EQ(report.verdict, Verdict::kIncomplete);
  EXPECT_EQ(report.coverage.bytes_covered, 3u);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings.front().rule->id, "SL-R06");
}

TEST(Scanner, IsLenientWhereReadersAre) {
  EXPECT_EQ(scan_bytes("\x80\2\x82\1"
                       "0" +
                       kPayload + ".")
                .verdict,
            Verdict::kDangerous);
  EXPECT_EQ(scan_bytes("\x80\5\x97"
                       "0" +
                       kPayload + ".")
                .verdict,
            Verdict::kDangerous);
  EXPECT_EQ(scan_bytes("\x80\2cos\nenviron\nK\1K\2s.").verdict, Verdict::kDangerous);
}

TEST(Scanner, ShowsNothingThatCouldPaintTheTerminal) {
  const FileReport report =
      scan_bytes("\x80\2cmy\x1b[2Jlib\nru\xe2\x80\xae\nX\3\0\0\0\x1b[2\x85R."s);
  for (const std::string& text :
       {to_text(report, "a\x1b[2J"), to_json(report, "a\x1b[2J"), report.findings.front().name})
    for (const char c : text)
      EXPECT_TRUE(c == '\n' || (c >= ' ' && c < '\x7f')) << testing::PrintToString(text);
}

TEST(Scanner, KeepsTheWorstOfManyFindings) {
  std::string many = "\x80\2(";
  for (int i = 0; i < 100; ++i) many += "cm" + std::to_string(i) + "\nx\n";
  const FileReport report = scan_bytes(many + kPayload + "t.", {.max_findings = 10});
  EXPECT_EQ(report.findings.size(), 10u);
  EXPECT_EQ(report.findings_dropped, 91u);
  EXPECT_EQ(report.findings.front().severity, Severity::kDanger);
}

TEST(Scanner, ReadsItsOwnRecords) {
  const FileReport report = scan_bytes("\x80\2}X\1\0\0\0a"s + kPayload + "s.");
  const auto again = safe_load::read_scan_record(to_json(report, "x"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(to_json(*again, "x"), to_json(report, "x"));
  EXPECT_FALSE(safe_load::read_scan_record("{}").ok());
  EXPECT_FALSE(safe_load::read_scan_record("{\"verdict\": \"FINE\"}").ok());
}

TEST(Scanner, TakesNoOtherTextFromARecord) {
  std::string record = to_json(scan_bytes("\x80\2" + kPayload + "."), "x");
  const std::string clean = "os.getcwd is called";
  record.replace(record.find(clean), clean.size(), "\\u001b[2J");
  const auto again = safe_load::read_scan_record(record);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->findings.front().message.find('\x1b'), std::string::npos);
}

}  // namespace
