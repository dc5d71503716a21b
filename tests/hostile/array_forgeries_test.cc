// NumPy arrays and scalars that lie: more or less data than their sizes say, odd states and orders.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/forgery.h"

namespace {

using namespace test_support;

const std::string kObjects = dtype("O8", {.order = "|", .flags = 63});
const std::string kByte = dtype("u1", {.order = "|"});
const std::string kInt = dtype("i4");

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}
std::string about_array(const std::string& reason) {
  return "corrupt: " + reason + ": numpy.ndarray";
}

// The whole array; the error stands at the call that made the shell.
Forgery bad_array(const std::string& array, const std::string& reason) {
  return {array, about_array(reason), array_shell()};
}

TEST(ArrayForgeries, HaveAsMuchDataAsTheirSizesSay) {
  const std::string size = "data of another size than the sizes say";
  const std::string sizes = "impossible sizes";
  const std::string f8 = dtype("f8");
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "K\1";
  many += "t";
  expect_complaints({
      bad_array(array({2}, kByte, bytes("a")), size),
      bad_array(array({2}, kByte, bytes("abc")), size),
      bad_array(array({}, kByte, bytes("")), size),
      bad_array(array({0}, kByte, bytes("a")), size),
      bad_array(array({1}, f8, bytes("1234567")), size),
      bad_array(array({1LL << 40}, kByte, bytes("a")), size),
      bad_array(array({-1}, kByte, bytes("a")), sizes),
      bad_array(array({1LL << 32, 1LL << 32}, kByte, bytes("")), sizes),
      bad_array(array({1LL << 62, 4}, kByte, bytes("")), sizes),
      bad_array(array({1LL << 61}, f8, bytes("")), sizes),
      bad_array(
          build(array_shell(), tuple({integer(1), tuple({kTrue}), kByte, kFalse, bytes("a")})),
          sizes),
      bad_array(
          build(array_shell(), tuple({integer(1), tuple({real(1)}), kByte, kFalse, bytes("a")})),
          sizes),
      bad_array(build(array_shell(), tuple({integer(1), many, kByte, kFalse, bytes("a")})), sizes),
      bad_array(array({1}, kByte, text("a")), "data that is text"),
      bad_array(array({1}, kByte, list({integer(1)})), "data that is not bytes"),
      bad_array(array({1}, kByte, kNone), "data that is not bytes"),
      bad_array(array({1}, kByte, integer(1)), "data that is not bytes"),
  });
}

TEST(ArrayForgeries, HaveAsManyObjectsAsTheirSizesSay) {
  const std::string count = "as many objects as the sizes say are not there";
  const std::string with_objects = structure({{"o", kObjects, 0}}, 8, 8, 27);
  expect_complaints({
      bad_array(array({2}, kObjects, list({kNone})), count),
      bad_array(array({2}, kObjects, list({})), count),
      bad_array(array({1}, kObjects, list({kNone, kNone})), count),
      bad_array(array({1LL << 62}, kObjects, list({kNone})), count),
      bad_array(array({1}, kObjects, bytes("12345678")), count),
      bad_array(array({1}, kObjects, tuple({kNone})), count),
      bad_array(array({2}, with_objects, list({tuple({kNone})})), count),
      bad_array(array({1}, with_objects, bytes("12345678")), count),
  });
  // A list that grows afterwards is not what NumPy would have seen.
  const std::string late = array({2}, kObjects, memoized(1, list({kNone})));
  expect_complaints({
      {tuple({late, fetched(1) + "Na"}), about_array(count), array_shell()},
  });
}

TEST(ArrayForgeries, ComplainOnlyAboutThePartThatIsDamaged) {
  const std::string reason = "corrupt: flags that contradict the type: numpy.dtype";
  const std::string bad = dtype("f8", {.flags = 4});
  const std::string shell = dtype_shell("f8");
  expect_complaints({
      {array({1}, bad, bytes("12345678")), reason, shell},
      {scalar(bad, bytes("12345678")), reason, shell},
      {structure({{"a", kByte, 0}}, 1) + "0" + array({1}, bad, bytes("12345678")), reason, shell},
  });
}

TEST(ArrayForgeries, HaveStatesInAKnownForm) {
  const std::string form = "an array state in no known form";
  const std::string data = bytes("a");
  const std::string shape = integers({1});
  const std::string sub = dtype("V8", {.order = "|", .subarray = subarray(kInt, {2}), .size = 8});
  const auto shell = [](std::string_view array_class, std::string_view start,
                        std::string_view letter) {
    return reduce(symbol("numpy._core.multiarray", "_reconstruct"), {array_class, start, letter});
  };
  const std::string ndarray = symbol("numpy", "ndarray");
  const std::string state = array_state({1}, kByte, data);
  const std::string odd = "an array shell in no known form";
  expect_complaints({
      bad_array(build(array_shell(), ")"), form),
      bad_array(build(array_shell(), tuple({integer(2), shape, kByte, kFalse, data})), form),
      bad_array(build(array_shell(), tuple({shape, kByte, kFalse, data, kNone})), form),
      bad_array(build(array_shell(), tuple({integer(1), shape, kByte, integer(2), data})), form),
      bad_array(build(array_shell(), tuple({integer(1), shape, kByte, kNone, data})), form),
      bad_array(build(array_shell(), tuple({integer(1), integer(1), kByte, kFalse, data})), form),
      bad_array(build(array_shell(), tuple({integer(1), "](K\1e", kByte, kFalse, data})), form),
      bad_array(build(array_shell(), tuple({integer(1), shape, text("u1"), kFalse, data})),
                "an array without a dtype"),
      bad_array(array({1}, sub, bytes("12345678")), "an array of subarrays outside of a structure"),
      {array_shell(), about_array("an array that is never filled")},
      {build(shell(ndarray, integers({1}), bytes("b")), state), about_array(odd),
       shell(ndarray, integers({1}), bytes("b"))},
      {build(shell(ndarray, integers({}), bytes("b")), state), about_array(odd),
       shell(ndarray, integers({}), bytes("b"))},
      {build(shell(ndarray, integers({0}), bytes("B")), state), about_array(odd),
       shell(ndarray, integers({0}), bytes("B"))},
      {build(shell(symbol("numpy", "float64"), integers({0}), bytes("b")), state),
       named("_reconstruct"), shell(symbol("numpy", "float64"), integers({0}), bytes("b"))},
      {build(array_shell(), kNone),
       "corrupt: a known value is given a state it never gets: _reconstruct", array_shell()},
  });
}

TEST(ArrayForgeries, HaveAnOrderThatIsAPermutation) {
  const auto from_buffer = [](std::string_view order, std::string_view axes) {
    return reduce(symbol("numpy.core.numeric", "_frombuffer"),
                  {bytes("abcdef"), kByte, integers({2, 3}), text(order), axes});
  };
  const std::string order = about_array("an array in an unknown order");
  const std::string permutation = about_array("an axis order that is not a permutation");
  const std::string length = about_array("an axis order of another length");
  expect_complaints({
      {from_buffer("A", ""), order},
      {from_buffer("", ""), order},
      {from_buffer("K", ""), order},
      {from_buffer("K", kNone), order},
      {from_buffer("C", integers({0, 1})), order},
      {from_buffer("F", integers({1, 0})), order},
      {from_buffer("K", integers({0, 0})), permutation},
      {from_buffer("K", integers({0, 2})), permutation},
      {from_buffer("K", integers({1, 1LL << 40})), permutation},
      {from_buffer("K", integers({0})), length},
      {from_buffer("K", integers({0, 1, 2})), length},
      {from_buffer("K", integers({})), length},
      {from_buffer("K", integers({-1, 0})), named("_frombuffer")},
      {from_buffer("K", list({integer(1), integer(0)})), named("_frombuffer")},
      {reduce(symbol("numpy.core.numeric", "_frombuffer"),
              {bytes("abcdefg"), kByte, integers({2, 3}), text("C")}),
       about_array("data of another size than the sizes say")},
      {reduce(symbol("numpy.core.numeric", "_frombuffer"),
              {bytes("12345678"), kObjects, integers({1}), text("C")}),
       about_array("as many objects as the sizes say are not there")},
      {reduce(symbol("numpy.core.numeric", "_frombuffer"),
              {list({}), kObjects, integers({0}), text("C")}),
       named("_frombuffer")},
  });
}

TEST(ArrayForgeries, HaveScalarsOfOneItem) {
  const std::string size = about_array("data of another size than the sizes say");
  expect_complaints({
      {scalar(dtype("f8"), bytes("1234567")), size},
      {scalar(dtype("f8"), bytes("123456789")), size},
      {scalar(dtype("f8"), bytes("")), size},
      {scalar(dtype_shell("S5"), bytes("123456")), size},
      {scalar(kObjects, bytes("12345678")),
       about_array("as many objects as the sizes say are not there")},
      {scalar(dtype("f8"), list({})), named("scalar")},
      {scalar(dtype("f8"), symbol("os", "system")), named("scalar")},
      {scalar(text("f8"), bytes("12345678")), named("scalar")},
      {scalar(dtype("V8", {.order = "|", .subarray = subarray(kInt, {2}), .size = 8}),
              bytes("12345678")),
       about_array("an array of subarrays outside of a structure")},
  });
}

}  // namespace
