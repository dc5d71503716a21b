// TorchScript archives of 2018 whose model.json lies.
#include <gtest/gtest.h>

#include "support/legacy_builder.h"
#include "support/zip_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;

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

// A tensor that no module names is a constant of the code.
TEST(ScriptsOf2018, KeepTensorsThatNobodyNames) {
  const auto opened = open_bytes(
      ZipBuilder()
          .stored("m/model.json",
                  "{\"mainModule\":{\"parameters\":[{\"name\":\"w\",\"tensorId\":\"1\"}]},"
                  "\"tensors\":[" +
                      row_of("\"2\"", "\"1\"") + "," + row_of("\"1\"", "\"1\"") + "]}")
          .stored("m/tensors/0", raw<float>({1, 2}))
          .build());
  ASSERT_TRUE(opened);
  std::string names;
  for (const auto& row : opened->tensors()) names += row.name + " ";
  EXPECT_EQ(names, "w CONSTANTS.c0 ");
}

}  // namespace
