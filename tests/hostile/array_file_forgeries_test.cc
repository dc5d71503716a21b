// .npy files whose headers lie.
#include <gtest/gtest.h>

#include "property/fixtures.h"

namespace {

using namespace std::string_literals;
using namespace test_support;

std::string headed(std::string_view descr, std::string_view shape, std::size_t bytes = 8) {
  return told(array_file("{'descr': " + std::string(descr) +
                             ", 'fortran_order': False, 'shape': " + std::string(shape) + ", }",
                         std::string(bytes, '\1')));
}

TEST(ArrayFiles, OpenIfTheyDoNotLie) {
  EXPECT_EQ(headed("'<f4'", "(2,)"), "");
  EXPECT_EQ(headed("'<f4'", "(1, 2)"), "");
  EXPECT_EQ(headed("'<f8'", "()"), "");
  EXPECT_EQ(headed("'|u1'", "(0, 5)"), "");
  EXPECT_EQ(headed("\"<f4\"", "(2L, )"), "");
  EXPECT_EQ(headed("[('a', '<i4'), ('', '|V4')]", "(1,)"), "");
}

TEST(ArrayFiles, HaveShapesThatFitTheirBytes) {
  EXPECT_EQ(headed("'<f4'", "(3,)"), "truncated: the file ends before the end of its array");
  const auto wrong = [](std::string_view shape) {
    const std::string found = headed("'<f4'", shape);
    EXPECT_TRUE(found.starts_with("corrupt: ") || found.starts_with("truncated: ") ||
                found.starts_with("limit: "))
        << shape << found;
  };
  for (const std::string_view shape :
       {"(-1,)", "(2.0,)", "('2',)", "[2]", "2", "None", "(4611686018427387904, 8)",
        "(9223372036854775807,)", "(9223372036854775808,)",
        "(0, 9223372036854775807, 9223372036854775807)", "(True,)", "((2,),)"})
    wrong(shape);
  std::string many = "(2,";
  for (int i = 0; i < 65; ++i) many += "1,";
  wrong(many + ")");
}

TEST(ArrayFiles, HaveTypesThatExist) {
  for (const std::string_view descr :
       {"'f4x'", "'<q9'", "'<f3'", "''", "'<f'", "None", "7", "['<f4']", "[('a',)]",
        "[('a', '<f4'), ('a', '<f4')]", "[(1, '<f4')]", "[('a', '<f4', (2147483647, 2147483647))]",
        "[('a', '<f4', -1)]", "('<f4', (2,))", "{'a': '<f4'}", "'<U4611686018427387904'",
        "'|V99999999999'", "[('', '|O'), ('b', '|V7')]"}) {
    const std::string found = headed(descr, "(1,)");
    EXPECT_NE(found, "") << descr;
    EXPECT_EQ(found.find('\n'), std::string::npos) << descr;
  }
  std::string deep = "'<f4'";
  for (int i = 0; i < 20; ++i) deep = "[('a', " + deep + ")]";
  EXPECT_NE(headed(deep, "(2,)"), "");
}

TEST(ArrayFiles, HaveHeadersThatAreLiterals) {
  for (const std::string& header : {""s,
                                    "{"s,
                                    "{}"s,
                                    "{'descr': '<f4'}"s,
                                    "__import__('os').system('x')"s,
                                    "{'descr': f()}"s,
                                    "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}"s,
                                    "[[[["s,
                                    std::string(60'000, '['),
                                    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} 5"s,
                                    "{'a' 'b'}"s,
                                    "{'a':}"s,
                                    "(1 2)"s,
                                    "(1]"s,
                                    "'abc"s,
                                    "'\\x4'"s,
                                    "'\xff'"s,
                                    "-"s,
                                    "--1"s,
                                    "1_0"s,
                                    "]"s,
                                    "{'descr': '<f4', 'descr': '<f8'}"s}) {
    const std::string found = told(array_file(header, std::string(8, '\1')));
    EXPECT_TRUE(found.starts_with("corrupt: ")) << header.substr(0, 60) << ": " << found;
  }
  EXPECT_EQ(told("\x93NUMPY\x04\0\0\0\0\0"s).substr(0, 11), "unsupported");
  EXPECT_EQ(told("\x93NUMPY\x02\0\xff\xff\xff\xff"s).substr(0, 5), "limit");
  EXPECT_EQ(told("\x93NUMPY\x01\0\xff\xff{}"s).substr(0, 9), "truncated");
}

TEST(ArrayFiles, RunNothingInTheirObjects) {
  const std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
  const auto opened =
      open_bytes(array_file(header, pickled(reduce(symbol("os", "system"), {text("x")}))));
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->root().kind(), safe_load::ValueKind::kOpaque);
  EXPECT_TRUE(told(array_file(header, "")).starts_with("truncated: "));
}

}  // namespace
