#include "scan/makers.h"

#include <gtest/gtest.h>

#include "scan/danger.h"
#include "types/known.h"

namespace {

using namespace safe_load::scanner;

TEST(Makers, AreKnownByTheirExactNames) {
  EXPECT_EQ(what_makes("builtins", "getattr"), Makes::kAttribute);
  EXPECT_EQ(what_makes("dill._dill", "_load_type"), Makes::kType);
  EXPECT_EQ(what_makes("cloudpickle.cloudpickle", "_make_function"), Makes::kFunction);
  EXPECT_EQ(what_makes("ray.cloudpickle.cloudpickle", "_make_function"), Makes::kFunction);
  EXPECT_EQ(what_makes("notcloudpickle.cloudpickle", "_make_function"), Makes::kUnknown);
  EXPECT_EQ(what_makes("cloudpickle.cloudpickle", "loads"), Makes::kUnknown);
  EXPECT_EQ(what_makes("mylib", "_load_type"), Makes::kUnknown);
}

// What builds functions or calls something is never a name that is simply allowed.
TEST(Makers, OfDillAndNumbaAreNoKnownNames) {
  for (const std::string_view name :
       {"_load_type", "_create_type", "_create_function", "_setitems"})
    EXPECT_EQ(safe_load::types::find_known("dill._dill", name), nullptr) << name;
}

TEST(Makers, OfFunctionsAreNoPlainTypes) {
  for (const std::string_view name : {"FunctionType", "LambdaType", "CodeType", "type", "map",
                                      "filter", "AttrGetterType", "eval", "new_class", "super"})
    EXPECT_FALSE(is_plain_type(name)) << name;
  EXPECT_TRUE(is_plain_type("set"));
  EXPECT_TRUE(is_function_type("LambdaType"));
}

TEST(Makers, KnowTheStandardLibrary) {
  for (const std::string_view module : {"builtins", "os.path", "_operator", "functools", "", "abc",
                                        "zoneinfo", "collections.abc", "xml.dom"})
    EXPECT_TRUE(is_of_standard_library(module)) << module;
  for (const std::string_view module :
       {"torch", "__main__", "osmodule", "abcd", "numpy.core", "torch_geometric.data.batch", "ab"})
    EXPECT_FALSE(is_of_standard_library(module)) << module;
}

// dill's own names are bad but for those that it needs to build classes, functions and arrays.
TEST(Makers, LeaveTheRestOfDillAsItIs) {
  EXPECT_FALSE(find_danger("dill._dill", "_create_type"));
  EXPECT_EQ(find_danger("dill._dill", "_unmarshal"), Rule::kG09);
  EXPECT_EQ(find_danger("dill._dill", "_create_type.x"), Rule::kG09);
  EXPECT_EQ(find_danger_in_tail("dill", "_dill._unmarshal"), Rule::kG09);
  EXPECT_EQ(find_danger("cloudpickle.cloudpickle", "loads"), Rule::kG05);
  EXPECT_FALSE(find_danger("os", "stat_result"));
  EXPECT_EQ(find_danger("os", "stat_result.x"), Rule::kG01);
}

}  // namespace
