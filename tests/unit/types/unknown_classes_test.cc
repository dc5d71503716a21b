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

TEST(UnknownClasses, LeaveAMistakeOfKnownOnesABadPart) {
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
