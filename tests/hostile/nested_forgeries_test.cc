// Nested and jagged tensors that lie about where their rows begin and end.
#include <gtest/gtest.h>

#include <string>

#include "support/forgery.h"
#include "support/tensor_builder.h"

namespace {

using namespace test_support;

constexpr std::int64_t kHuge = std::int64_t{1} << 62;

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}

std::string nested(std::string_view buffer, std::string_view sizes, std::string_view strides,
                   std::string_view offsets) {
  return rebuild("_rebuild_nested_tensor", {buffer, sizes, strides, offsets});
}

TEST(NestedForgeries, HavePartsOfOneShape) {
  const std::string parts = "corrupt: a nested tensor whose parts contradict each other";
  TensorBuilder made;
  const std::string six = made.storage<float>({1, 2, 3, 4, 5, 6});
  const std::string buffer = tensor(six, 0, {6}, {1});
  const std::string sizes = made.numbers<std::int64_t>({2, 1}, {2, 4});
  const std::string strides = made.numbers<std::int64_t>({2, 1}, {1, 1});
  const std::string offsets = made.numbers<std::int64_t>({2}, {0, 2});
  const std::string narrow = made.numbers<std::int32_t>({2, 1}, {2, 4});
  expect_complaints(
      {
          {nested(tensor(six, 0, {2, 3}, {3, 1}), sizes, strides, offsets), parts},
          {nested(tensor(six, 0, {3}, {2}), sizes, strides, offsets), parts},
          {nested(buffer, narrow, strides, offsets), parts},
          {nested(buffer, sizes, narrow, offsets), parts},
          {nested(buffer, offsets, strides, offsets), parts},
          {nested(buffer, sizes, made.numbers<std::int64_t>({2, 2}, {1, 1, 1, 1}), offsets), parts},
          {nested(buffer, made.numbers<std::int64_t>({1, 1}, {2}), strides, offsets), parts},
          {nested(buffer, sizes, strides, made.numbers<std::int64_t>({3}, {0, 2, 4})), parts},
          {nested(buffer, sizes, strides, made.numbers<double>({2}, {0, 2})), parts},
          {nested(buffer, sizes, strides, sizes), parts},
          {nested(buffer, sizes, strides, list({integer(0)})), parts},
          {nested(buffer, sizes, strides, list({integer(0), integer(-1)})),
           named("_rebuild_nested_tensor")},
          {nested(buffer, sizes, strides, kNone), named("_rebuild_nested_tensor")},
          {nested(six, sizes, strides, offsets), named("_rebuild_nested_tensor")},
          {rebuild("_rebuild_nested_tensor", {buffer, sizes, strides}),
           named("_rebuild_nested_tensor")},
      },
      made.storages());
}

TEST(NestedForgeries, StayInTheirBuffer) {
  const std::string outside = "corrupt: a tensor that reaches out of its storage";
  const std::string negative = "corrupt: a nested tensor with a negative offset";
  TensorBuilder made;
  const std::string six = made.storage<float>({1, 2, 3, 4, 5, 6});
  const std::string buffer = tensor(six, 0, {4}, {1});  // the storage has more
  const auto row = [&](std::int64_t size, std::int64_t stride, std::int64_t offset,
                       const std::string& complaint) {
    return Forgery{nested(buffer, made.numbers<std::int64_t>({1, 1}, {size}),
                          made.numbers<std::int64_t>({1, 1}, {stride}),
                          made.numbers<std::int64_t>({1}, {offset})),
                   complaint};
  };
  expect_element_complaints(
      {
          row(5, 1, 0, outside),
          row(4, 1, 1, outside),
          row(1, 1, 4, outside),
          row(2, 4, 0, outside),
          row(2, kHuge, 0, outside),
          row(kHuge, 1, 0, outside),
          row(1, 1, INT64_MAX, outside),
          row(1, 1, -1, negative),
          row(1, 1, INT64_MIN, negative),
          row(-1, 1, 0, "corrupt: a tensor with a negative size"),
          row(2, -1, 1, "corrupt: a tensor with a negative stride"),
          {nested(buffer, made.numbers<std::int64_t>({1, 2}, {kHuge, 4}),
                  made.numbers<std::int64_t>({1, 2}, {0, 0}), made.numbers<std::int64_t>({1}, {0})),
           "corrupt: a tensor with more elements than can be counted"},
          {nested(buffer, made.numbers<std::int64_t>({2, 1}, {2, 2}),
                  made.numbers<std::int64_t>({2, 1}, {1, 1}), list({integer(0), integer(3)})),
           outside},
      },
      made.storages());
}

TEST(NestedForgeries, CountNoRowsThatAreNotThere) {
  TensorBuilder made;
  const std::string none = made.storage<std::int64_t>({0});
  const std::string rows = tensor(none, 0, {kHuge, 0}, {1, 1});
  const std::string offsets = tensor(none, 0, {kHuge}, {0});
  expect_element_complaints({{nested(made.numbers<float>({1}, {1}), rows, rows, offsets),
                              "corrupt: an index tensor whose elements overlap"}},
                            made.storages());
}

std::string jagged(std::string_view parts) {
  return reduce(symbol("torch.nested._internal.nested_tensor", "_rebuild_njt"), {parts});
}

TEST(JaggedForgeries, HaveEveryPart) {
  const std::string contradict = "corrupt: a jagged tensor whose parts contradict each other";
  TensorBuilder made;
  const std::string values = text("values") + made.numbers<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  const std::string offsets = text("offsets") + made.numbers<std::int64_t>({3}, {0, 1, 3});
  const std::string axis = text("_ragged_idx") + integer(1);
  const std::string length = made.numbers<std::int64_t>({1}, {1});
  const auto with = [&](std::initializer_list<std::string_view> parts) {
    return Forgery{jagged(dict(parts)), contradict};
  };
  std::string hidden = "}(" + values + offsets + axis;
  for (int i = 0; i < 100; ++i) hidden += text(std::to_string(i)) + std::string(kNone);
  expect_complaints(
      {
          with({}),
          with({offsets, axis}),
          with({values, axis}),
          with({values, offsets}),
          with({text("values"), kNone, offsets, axis}),
          with({values, text("offsets"), kNone, axis}),
          with({values, text("offsets"), made.numbers<float>({3}, {0, 1, 3}), axis}),
          with({values, text("offsets"), made.numbers<std::int64_t>({1, 3}, {0, 1, 3}), axis}),
          with({values, offsets, text("_ragged_idx"), kTrue}),
          with({values, offsets, text("_ragged_idx"), integer(0)}),
          with({values, offsets, text("_ragged_idx"), integer(-1)}),
          with({values, offsets, text("_ragged_idx"), integer(3)}),
          with({values, offsets, text("_ragged_idx"), integer(INT64_MAX)}),
          with({values, offsets, axis, text("lengths"), integer(1)}),
          with({values, offsets, axis, text("lengths"), made.numbers<float>({2}, {1, 1})}),
          // Of equal keys the last one counts.
          with({values, offsets, axis, text("values"), kNone}),
          with({values, offsets, axis, text("offsets"), length + "0N"}),
          with({values, offsets, axis, text("_ragged_idx"), integer(9)}),
          {jagged(hidden + text("values").append(kNone) + "u"), contradict},
          {jagged(kNone), named("_rebuild_njt")},
          {jagged(dict({integer(1), kNone})), named("_rebuild_njt")},
      },
      made.storages());
}

TEST(JaggedForgeries, CutTheirValuesWhereTheyAre) {
  const std::string outside = "corrupt: a jagged tensor with offsets outside of its values";
  const std::string overlap = "corrupt: a jagged tensor with lengths that overlap";
  TensorBuilder made;
  const std::string values = made.numbers<float>({3}, {1, 2, 3});
  const auto with = [&](std::initializer_list<std::int64_t> offsets, std::string_view lengths,
                        const std::string& complaint) {
    const auto count = static_cast<std::int64_t>(offsets.size());
    return Forgery{jagged(dict({text("values"), values, text("offsets"),
                                made.numbers<std::int64_t>({count}, offsets), text("lengths"),
                                lengths, text("_ragged_idx"), integer(1)})),
                   complaint};
  };
  const auto of = [&](std::initializer_list<std::int64_t> lengths) {
    return made.numbers<std::int64_t>({static_cast<std::int64_t>(lengths.size())}, lengths);
  };
  expect_element_complaints(
      {
          with({0, 2, 1}, kNone, outside),
          with({0, 4}, kNone, outside),
          with({1, 3}, kNone, outside),
          with({-1, 3}, kNone, outside),
          with({0, INT64_MIN, 3}, kNone, outside),
          with({0, INT64_MAX}, kNone, outside),
          {jagged(dict({text("values"), values, text("offsets"),
                        tensor(made.storage<std::int64_t>({0}), 0, {0}, {1}), text("_ragged_idx"),
                        integer(1)})),
           outside},
          with({0, 1, 3}, of({1}), overlap),
          with({0, 1, 3}, of({1, 1, 1}), overlap),
          with({0, 1, 3}, of({2, 2}), overlap),
          with({0, 1, 3}, of({1, 3}), overlap),
          with({0, 1, 3}, of({-1, 2}), overlap),
          with({0, 1, 3}, of({INT64_MIN, 2}), overlap),
          with({0, 1, 3}, of({1, INT64_MAX}), overlap),
      },
      made.storages());
}

}  // namespace
