// Whole files and what their scans must say: a folder, and a table beside the files or in it.
//
// A table has a line "file", "verdict", "rules" and then a row for each file. A row that is wrong
// is printed as it should be; look whether the scanner is right before you paste it.
#include <gtest/gtest.h>
#include <safe_load/scan.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "support/guarded_buffer.h"
#include "support/temporary_file.h"

namespace {

using safe_load::FileReport;
using safe_load::Finding;

struct Expected {
  std::string verdict;
  std::set<std::string> rules;
};

std::map<std::string, Expected> read_table(const std::string& path) {
  std::map<std::string, Expected> rows;
  std::istringstream table(test_support::read_file(path));
  std::string line;
  std::getline(table, line);
  EXPECT_EQ(line, "file\tverdict\trules") << path;
  while (std::getline(table, line)) {
    std::istringstream cells(line);
    std::string file;
    std::string rules;
    Expected expected;
    std::getline(cells, file, '\t');
    std::getline(cells, expected.verdict, '\t');
    std::getline(cells, rules);
    std::istringstream words(rules);
    expected.rules = {std::istream_iterator<std::string>(words), {}};
    EXPECT_TRUE(rows.emplace(file, expected).second) << file << " has two rows";
  }
  return rows;
}

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    names.insert(file.path().filename());
  return names;
}

FileReport scan_file(const std::string& path) {
  const std::string content = test_support::read_file(path);
  const test_support::GuardedBuffer buffer(content);
  const auto report = safe_load::scan(buffer.bytes());
  EXPECT_TRUE(report.ok()) << path;
  return *report;
}

std::set<std::string> rules_of(const FileReport& report) {
  std::set<std::string> rules;
  for (const Finding& finding : report.findings) rules.emplace(finding.rule->id);
  return rules;
}

std::string row_of(const std::string& file, const FileReport& report) {
  std::string row = file + '\t' + std::string(to_text(report.verdict)) + '\t';
  const char* between = "";
  for (const std::string& rule : rules_of(report)) {
    row += between + rule;
    between = " ";
  }
  return row;
}

void expect_exactly(const std::string& folder, const std::string& file, const Expected& expected) {
  const FileReport report = scan_file(folder + "/" + file);
  EXPECT_TRUE(to_text(report.verdict) == expected.verdict && rules_of(report) == expected.rules)
      << row_of(file, report);
}

TEST(ExpectedVerdicts, OfTheFuzzCorpus) {
  const std::string folder = SAFE_LOAD_EXAMPLES "/../fuzz/corpus/fuzz_scan";
  const auto rows = read_table(folder + ".tsv");
  for (const std::string& file : files_in(folder)) {
    const auto row = rows.find(file);
    if (row == rows.end())
      ADD_FAILURE() << "no row: " << row_of(file, scan_file(folder + "/" + file));
    else
      expect_exactly(folder, file, row->second);
  }
  for (const auto& [file, expected] : rows)
    EXPECT_TRUE(std::filesystem::exists(folder + "/" + file)) << file << " is not there";
}

TEST(ExpectedVerdicts, OfTheExample) {
  expect_exactly(SAFE_LOAD_EXAMPLES, "best_model_acc.pth", {"SAFE", {}});
}

// tools/mutants.py writes the cases of attacks/cases.py there; their rules may be among others.
TEST(ExpectedVerdicts, OfTheScorecard) {
  const char* const folder = std::getenv("SAFE_LOAD_SCAN_CASES");
  if (folder == nullptr)
    GTEST_SKIP() << "SAFE_LOAD_SCAN_CASES names no folder; attacks/scorecard.py checks the cases";
  const auto rows = read_table(folder + std::string("/expected.tsv"));
  EXPECT_EQ(files_in(folder).size(), rows.size() + 1);
  for (const auto& [file, expected] : rows) {
    const FileReport report = scan_file(folder + std::string("/") + file);
    const std::set<std::string> found = rules_of(report);
    const bool has_rules =
        std::includes(found.begin(), found.end(), expected.rules.begin(), expected.rules.end());
    EXPECT_TRUE(to_text(report.verdict) == expected.verdict && has_rules) << row_of(file, report);
  }
}

}  // namespace
