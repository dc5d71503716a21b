// Known functions over classes that nobody knows are inert, like the classes themselves.
#include <gtest/gtest.h>

#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::ValueKind;

void expect_inert(const std::string& value) {
  const auto opened = open(CheckpointBuilder(value));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->issues().empty());
  EXPECT_EQ(opened->root().kind(), ValueKind::kOpaque);
  EXPECT_TRUE(opened->has_unknown_symbols());
}

TEST(UnknownClasses, OfArraysAreInert) {
  const std::string own = symbol("m", "Array");
  const std::string start = integers({0});
  expect_inert(
      build(reduce(symbol("numpy._core.multiarray", "_reconstruct"), {own, start, bytes("b")}),
            tuple({integer(1)})));
  expect_inert(reduce(symbol("numpy.ma.core", "_mareconstruct"),
                      {own, symbol("numpy", "ndarray"), start, bytes("b")}));
}

TEST(UnknownClasses, OfGenericTypesAreInert) {
  expect_inert(
      reduce(symbol("_operator", "getitem"), {symbol("m", "Generic"), symbol("builtins", "int")}));
}

// Nothing is subscripted: whoever loads strictly is told the name.
TEST(UnknownClasses, OfMappingsAreInert) {
  expect_inert(reduce(symbol("_operator", "getitem"), {symbol("os", "environ"), text("HOME")}));
}

TEST(UnknownClasses, OfTimeZonesAreInert) {
  const std::string when = bytes("\x07\xea\x0b\x1e\x09\x1e" + std::string(4, '\0'));
  const std::string utc = reduce(symbol("pytz", "_UTC"), {});
  expect_inert(reduce(symbol("datetime", "datetime"), {when, utc}));
  EXPECT_NE(
      complaint(CheckpointBuilder(reduce(symbol("datetime", "datetime"), {when, kNone, utc}))), "");
}

TEST(UnknownClasses, OfNumbersAreInertWithTheirArrays) {
  const std::string type = build(
      reduce(symbol("numpy", "dtype"), {symbol("ml_dtypes", "bfloat16"), kFalse, kTrue}),
      tuple({integer(3), text("<"), kNone, kNone, kNone, integer(-1), integer(-1), integer(0)}));
  expect_inert(type);
  expect_inert(reduce(symbol("numpy._core.multiarray", "scalar"), {type, bytes("ab")}));
  expect_inert(build(reduce(symbol("numpy._core.multiarray", "_reconstruct"),
                            {symbol("numpy", "ndarray"), integers({0}), bytes("b")}),
                     tuple({integer(1), integers({1}), type, kFalse, bytes("ab")})));
  // An inert value of known names alone would pass where nothing unknown may.
  const std::string known =
      reduce(symbol("builtins", "getattr"), {symbol("builtins", "dict"), text("get")});
  EXPECT_NE(complaint(CheckpointBuilder(
                build(reduce(symbol("numpy._core.multiarray", "_reconstruct"),
                             {symbol("numpy", "ndarray"), integers({0}), bytes("b")}),
                      tuple({integer(1), integers({1}), known, kFalse, bytes("ab")})))),
            "");
}

TEST(UnknownClasses, MayBeTheFactoryOfADict) {
  for (const std::string& factory :
       {reduce(symbol("itertools", "count"), {integer(1)}),
        reduce(symbol("builtins", "getattr"), {symbol("m", "C"), text("make")}),
        reduce(symbol("builtins", "getattr"), {symbol("m", "C"), text("make"), kNone})}) {
    const auto opened = open(CheckpointBuilder(
        reduce(symbol("collections", "defaultdict"), {factory}) + text("a") + integer(1) + "s"));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->issues().empty());
    EXPECT_EQ(opened->root().kind(), ValueKind::kDefaultDict);
    EXPECT_EQ(opened->root()["a"].get_or(0), 1);
  }
}

TEST(UnknownClasses, LeaveAMistakeOfKnownOnesADamagedValue) {
  EXPECT_NE(
      complaint(CheckpointBuilder(reduce(symbol("numpy._core.multiarray", "_reconstruct"),
                                         {symbol("numpy", "float64"), integers({0}), bytes("b")}))),
      "");
}

TEST(UnknownClasses, AreNotWhatReconstructorMakesOfKnownOnes) {
  const std::string made =
      reduce(symbol("copyreg", "_reconstructor"),
             {symbol("collections", "UserDict"), symbol("builtins", "object"), kNone});
  EXPECT_NE(complaint(CheckpointBuilder(made)).find("a value that is never filled: UserDict"),
            std::string::npos);
}

// An enumeration's flags are joined like types; numbers are neither.
TEST(UnknownClasses, OfWhatIsJoinedAreInert) {
  const auto opened = open(
      CheckpointBuilder(reduce(symbol("functools", "reduce"),
                               {symbol("_operator", "or_"), tuple({integer(1), integer(2)})})));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->root().kind(), ValueKind::kOpaque);
}

}  // namespace
