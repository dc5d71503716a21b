#include "scan/rule.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using safe_load::find_scan_rule;
using safe_load::scan_rules;
using safe_load::ScanRule;
using safe_load::Severity;

TEST(ScanRules, HaveUniqueIdsAndNames) {
  std::set<std::string_view> ids;
  std::set<std::string_view> names;
  for (const ScanRule& rule : scan_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_EQ(rule.id.substr(0, 3), "SL-");
    EXPECT_LE(rule.what.size(), 1000u);
  }
  EXPECT_EQ(ids.size(), 74u);
}

TEST(ScanRules, AreFoundWithAndWithoutTheirPrefix) {
  EXPECT_EQ(find_scan_rule("SL-P01"), find_scan_rule("P01"));
  EXPECT_EQ(find_scan_rule("P01")->severity, Severity::kDanger);
  EXPECT_EQ(find_scan_rule("P99"), nullptr);
}

}  // namespace
