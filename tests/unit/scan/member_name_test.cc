#include "scan/member_name.h"

#include <gtest/gtest.h>

namespace {

using safe_load::Severity;
using safe_load::scanner::judge_member_name;

TEST(MemberNames, ThatLeadElsewhereAreTold) {
  for (const std::string_view name : {"/a", "a\\b", "C:a", "c:\\a", "\\\\server\\a"})
    EXPECT_EQ(judge_member_name(name).value().severity, Severity::kUnknown) << name;
  for (const std::string_view name : {"..", "../a", "a/../b", "a/..", "/../a"})
    EXPECT_EQ(judge_member_name(name).value().severity, Severity::kDanger) << name;
}

TEST(MemberNames, OfCheckpointsAreNotTold) {
  for (const std::string_view name :
       {"", "a", "a/b", "...", "a..b/c", "..a/b", "a/b..", ":", "ab:c"})
    EXPECT_FALSE(judge_member_name(name)) << name;
}

}  // namespace
