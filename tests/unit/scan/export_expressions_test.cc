// Expressions of torch.export programs: what torch writes, and what would run.
#include "scan/export_expressions.h"

#include <gtest/gtest.h>

namespace {

using safe_load::scanner::find_evil_expression;

std::string program(const std::string& expression) {
  return R"({"graph": [{"as_expr": {"expr_str": ")" + expression + R"(", "hint": 4}}]})";
}

TEST(ExportExpressions, AreHarmlessAsTorchWritesThem) {
  for (const char* expression : {"", "s0", "s0 + 2*Mod(s1, 8)", "Max(1, u0)", "-1*s77**2 + 0.5",
                                 "1.e-05*s0", "4.", "Symbol('s77', positive=True, integer=True)",
                                 "(s0 > 3) & (s1 <= 7)", "FloorDiv(s0*s1, Integer(8))"})
    EXPECT_FALSE(find_evil_expression(program(expression))) << expression;
}

TEST(ExportExpressions, AreEvilIfTheyReachFurther) {
  for (const char* expression :
       {"__import__('os')", "_private", "eval(s0)", "s0.args", "().a", "s0[0]", "lambda: 0",
        "'a b'", "'__a'", "chr(97)", "getattr(s0, 'a')", "1.__class__", "{}", "s0; s1",
        "\\u0061\\u002e\\u0062", "open('a')", "\\\"a\\\"", "exec(chr(1))"})
    EXPECT_TRUE(find_evil_expression(program(expression))) << expression;
}

TEST(ExportExpressions, AreFoundAtAnyDepthAndUnderAnySpellingOfTheKey) {
  EXPECT_EQ(find_evil_expression(R"([[[{"a": {"expr\u005fstr": "a.b"}}]]])"), "a.b");
  EXPECT_FALSE(find_evil_expression(R"({"other": "a.b"})"));
  EXPECT_FALSE(find_evil_expression("no JSON"));
}

}  // namespace
