// .npy files whose headers lie, and TorchScript archives of 2018 that do.
#include <gtest/gtest.h>

#include "property/fixtures.h"

namespace {

using namespace std::string_literals;
using namespace test_support;

// What is wrong with the file, without the offset.
std::string told(const std::string& file) {
  const std::string found = complaint(file);
  const std::size_t at = found.find(" at ");
  return at == std::string::npos ? found : found.substr(0, at) + found.substr(found.find(':'));
}

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
        "'|V99999999999'"}) {
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

// ---- TorchScript of 2018

std::string scripted(std::string_view model) {
  return told(
      ZipBuilder().stored("m/model.json", model).stored("m/tensors/0", raw<float>({1, 2})).build());
}

std::string with_tensor(std::string_view row) {
  return scripted(
      "{\"mainModule\":{\"parameters\":[{\"name\":\"w\",\"tensorId\":\"0\"}]},\"tensors\":[" +
      std::string(row) + "]}");
}

std::string row_of(std::string_view dims, std::string_view strides, std::string_view offset = "0",
                   std::string_view key = "tensors/0", std::string_view type = "FLOAT") {
  return "{\"dims\":[" + std::string(dims) + "],\"strides\":[" + std::string(strides) +
         "],\"dataType\":\"" + std::string(type) + "\",\"offset\":\"" + std::string(offset) +
         "\",\"data\":{\"key\":\"" + std::string(key) + "\"}}";
}

TEST(ScriptsOf2018, HaveTensorsInTheirRecords) {
  EXPECT_EQ(with_tensor(row_of("\"2\"", "\"1\"")), "");
  EXPECT_EQ(with_tensor(row_of("2", "1")), "");
  EXPECT_EQ(with_tensor(row_of("", "", "1")), "");
  for (const std::string& row :
       {row_of("\"3\"", "\"1\""), row_of("\"2\"", "\"1\"", "1"), row_of("\"-1\"", "\"1\""),
        row_of("\"2\"", "\"-1\""), row_of("\"2\"", "\"1\"", "-1"), row_of("\"x\"", "\"1\""),
        row_of("\"2\"", ""), row_of("\"2\"", "\"1\"", "9223372036854775807"),
        row_of("\"2\"", "\"1\"", "9223372036854775808"), row_of("\"2\"", "\"1\"", "0", "tensors/1"),
        row_of("\"2\"", "\"1\"", "0", ""), row_of("\"2\"", "\"1\"", "0", "tensors/0", "STRING"),
        row_of("\"2\"", "\"1\"", "0", "tensors/0", "DOUBLE"), "{}"s, "7"s, "[]"s,
        row_of("4294967296,4294967296", "1,1")})
    EXPECT_TRUE(with_tensor(row).starts_with("corrupt: ")) << row << with_tensor(row);
}

TEST(ScriptsOf2018, HaveModulesOfTheirForm) {
  for (const std::string_view model :
       {"", "{", "{}", "{\"mainModule\":{\"parameters\":[{\"name\":\"w\",\"tensorId\":\"0\"}]}}",
        "{\"mainModule\":{\"parameters\":[{\"tensorId\":\"-1\"}]}}",
        "{\"mainModule\":{\"attributes\":[{\"id\":\"0\"}]}}",
        "{\"mainModule\":{\"parameters\":[{\"tensorId\":\"x\"}]}}"})
    EXPECT_TRUE(scripted(model).starts_with("corrupt: ")) << model << scripted(model);
  EXPECT_EQ(scripted("{\"mainModule\":7}"), "");
  EXPECT_EQ(scripted("{\"mainModule\":{\"submodules\":[{\"name\":\"a\"},{\"name\":\"a\"}]}}"), "");
}

TEST(ScriptsOf2018, NameOnlyTensorsOfTheirTable) {
  const auto with_attributes = [](std::string_view value) {
    return told(
        ZipBuilder()
            .stored(
                "m/model.json",
                "{\"mainModule\":{\"attributes\":[{\"name\":\"a\",\"id\":\"0\"}]},\"tensors\":[" +
                    row_of("\"2\"", "\"1\"") + "]}")
            .stored("m/attributes.pkl", pickled(tuple({value})))
            .stored("m/tensors/0", raw<float>({1, 2}))
            .build());
  };
  const auto by_number = [](std::int64_t number) {
    return reduce(symbol("torch.jit._pickle", "build_tensor_from_id"), {integer(number)});
  };
  EXPECT_EQ(with_attributes(by_number(0)), "");
  EXPECT_EQ(with_attributes(by_number(1)), "corrupt: a tensor that is not in the table");
  EXPECT_EQ(with_attributes(by_number(INT64_MAX)), "corrupt: a tensor that is not in the table");
  EXPECT_NE(with_attributes(storage("0", 2)), "");
}

}  // namespace
