#include "support/scanned.h"

#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include <algorithm>

#include "support/guarded_buffer.h"

namespace test_support {

safe_load::FileReport scan_bytes(std::string_view file, const safe_load::ScanOptions& options) {
  const GuardedBuffer buffer(file);
  const auto report = safe_load::scan(buffer.bytes(), options);
  EXPECT_TRUE(report.ok());
  return *report;
}

bool has_rule(const safe_load::FileReport& report, std::string_view rule) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const safe_load::Finding& one) { return one.rule->id == rule; });
}

}  // namespace test_support
