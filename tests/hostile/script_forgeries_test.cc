// TorchScript archives whose constants are not what torch writes.
#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"
#include "support/legacy_builder.h"
#include "support/zip_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;

const std::string kTwo = tensor(storage("0", 2), 0, {2}, {1});

std::string module_of(std::string_view attributes) {
  return build(newobj(symbol("__torch__", "M"), {}), attributes);
}

std::string script(std::string_view module, std::string_view constants) {
  return ZipBuilder()
      .stored("m/data.pkl", pickled(module))
      .stored("m/data/0", raw<float>({1, 2}))
      .stored("m/constants.pkl", pickled(constants))
      .stored("m/constants/0", raw<float>({3, 4}))
      .stored("m/version", "3\n")
      .build();
}

// The names of the tensors, each with its first element; or why there are none.
std::string tensors_of(const std::string& file) {
  const auto opened = open_bytes(file);
  if (!opened) return complaint(file);
  std::string text;
  for (const auto& row : opened->tensors()) {
    float values[2] = {};
    EXPECT_TRUE(row.tensor.copy_to<float>(values)) << row.name;
    text += row.name + '=' + std::to_string(static_cast<int>(values[0])) + ' ';
  }
  return text;
}

TEST(ScriptForgeries, ConstantsAreATuple) {
  const std::string module = module_of(dict({text("w"), kTwo}));
  EXPECT_EQ(tensors_of(script(module, tuple({kTwo}))), "w=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(module, tuple({}))), "w=1 ");
  EXPECT_EQ(tensors_of(script(module, tuple({kNone, kTwo}))), "w=1 CONSTANTS.c1=3 ");
  for (const std::string& constants : {std::string(kNone), list({kTwo}), dict({text("a"), kTwo}),
                                       kTwo, module_of(dict({text("w"), kTwo}))})
    EXPECT_EQ(told(script(module, constants)),
              "corrupt: constants of a program that are not a tuple");
}

TEST(ScriptForgeries, ConstantsHideNothing) {
  const std::string constants = tuple({kTwo});
  EXPECT_EQ(tensors_of(script(module_of(dict({text("CONSTANTS"), kTwo})), constants)),
            "data.CONSTANTS=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(dict({text("w"), kTwo}), constants)), "w=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(dict({text("CONSTANTS"), kTwo}), constants)),
            "data.CONSTANTS=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(kTwo, constants)), "data=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(build(module_of(dict({text("w"), kTwo})), dict({})), constants)),
            "data.w=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(
      tensors_of(script(build(newobj(symbol("__torch__", "M"), {}), tuple({kTwo})), constants)),
      "data.__state__[0]=1 CONSTANTS.c0=3 ");
  EXPECT_EQ(tensors_of(script(newobj(symbol("__torch__", "M"), {}), constants)), "CONSTANTS.c0=3 ");
}

TEST(ScriptForgeries, ConstantsHaveRecordsOfTheirOwn) {
  const std::string module = module_of(dict({text("w"), kTwo}));
  const auto with = [&](std::string_view storage_of) {
    return told(script(module, tuple({tensor(storage_of, 0, {2}, {1})})));
  };
  EXPECT_EQ(with(storage("0", 2)), "");
  EXPECT_NE(with(storage("1", 2)), "");
  EXPECT_NE(with(storage("0", 3)), "");
  EXPECT_NE(with(storage("../data/0", 2)), "");
  EXPECT_NE(with(storage("", 2)), "");
}

}  // namespace
