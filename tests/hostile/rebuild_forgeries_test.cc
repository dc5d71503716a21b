// The rebuild functions that are seldom seen: meta, device, wrapper, state; and torch.Generator.
#include <gtest/gtest.h>

#include <string>

#include "support/forgery.h"
#include "support/tensor_builder.h"

namespace {

using namespace test_support;

const std::string kOne = integers({1});
const std::string kFloat = symbol("torch", "float32");

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}

TEST(RebuildForgeries, KeepTheirBoundsWithoutAStorage) {
  const auto meta = [](std::string_view sizes, std::string_view strides) {
    return rebuild("_rebuild_meta_tensor_no_storage", {kFloat, sizes, strides, kFalse});
  };
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  const std::string function = named("_rebuild_meta_tensor_no_storage");
  const std::string outside = "corrupt: a tensor that reaches out of its storage";
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "K\1";
  many += "t";
  expect_complaints({
      {meta(integers({-1}), kOne), "corrupt: a tensor with a negative size"},
      {meta(integers({2}), integers({-1})), "corrupt: a tensor with a negative stride"},
      {meta(integers({2, 2}), kOne),
       "corrupt: a tensor with another number of strides than of sizes"},
      {meta(integers({kHuge, 4}), integers({4, 1})),
       "corrupt: a tensor with more elements than can be counted"},
      {meta(integers({INT64_MAX}), kOne), outside},
      {meta(integers({3}), integers({kHuge})), outside},
      {meta(many, many), "corrupt: a tensor with more dimensions than Limits::max_dims"},
      {meta(tuple({kTrue}), kOne), "corrupt: a tensor whose sizes are not integers"},
      {meta(kNone, kOne), function},
      {meta(integer(1), kOne), function},
      {rebuild("_rebuild_meta_tensor_no_storage", {text("float32"), kOne, kOne, kFalse}), function},
      {rebuild("_rebuild_meta_tensor_no_storage", {symbol("torch", "strided"), kOne, kOne, kFalse}),
       function},
      {rebuild("_rebuild_meta_tensor_no_storage", {kFloat, kOne, kOne}), function},
  });
}

TEST(RebuildForgeries, ChangeNoTypeOnTheirDevice) {
  TensorBuilder made;
  const std::string whole = made.numbers<float>({1}, {1});
  const auto on = [](std::initializer_list<std::string_view> arguments) {
    return rebuild("_rebuild_device_tensor_from_cpu_tensor", arguments);
  };
  const std::string function = named("_rebuild_device_tensor_from_cpu_tensor");
  const std::string xla = text("xla:0");
  expect_complaints(
      {
          {on({whole, symbol("torch", "bfloat16"), xla, kFalse}),
           "corrupt: a tensor of a device whose type contradicts its data"},
          {on({whole, symbol("torch", "float64"), xla, kFalse}),
           "corrupt: a tensor of a device whose type contradicts its data"},
          {on({whole, kFloat, xla}), function},
          {on({whole, kFloat, integer(0), kFalse}), function},
          {on({whole, text("float32"), xla, kFalse}), function},
          {on({made.storage<float>({1}), kFloat, xla, kFalse}), function},
          {on({kNone, kFloat, xla, kFalse}), function},
      },
      made.storages());
}

TEST(RebuildForgeries, WrapWithTheArgumentsOfTheirFunction) {
  const std::string device = reduce(symbol("torch", "device"), {text("cpu")});
  const std::string strided = layout("torch.strided");
  const std::string own = symbol("m", "T");
  const auto wrapper = [](std::initializer_list<std::string_view> arguments) {
    return rebuild("_rebuild_wrapper_subclass", arguments);
  };
  const std::string function = named("_rebuild_wrapper_subclass");
  const std::string zero = integer(0);
  expect_complaints({
      {wrapper({text("T"), kFloat, kOne, kOne, zero, strided, device, kFalse}), function},
      {wrapper({own, text("f"), kOne, kOne, zero, strided, device, kFalse}), function},
      {wrapper({own, kFloat, kNone, kOne, zero, strided, device, kFalse}), function},
      {wrapper({own, kFloat, kOne, integer(1), zero, strided, device, kFalse}), function},
      {wrapper({own, kFloat, kOne, kOne, integer(-1), strided, device, kFalse}), function},
      {wrapper({own, kFloat, kOne, kOne, zero, text("torch.strided"), device, kFalse}), function},
      {wrapper({own, kFloat, kOne, kOne, zero, strided, text("cpu"), kFalse}), function},
      {wrapper({own, kFloat, kOne, kOne, zero, strided, device}), function},
      {wrapper({}), function},
      {from_type("_rebuild_wrapper_subclass", own, tuple({own, kFloat}), "}"), function},
  });
}

TEST(RebuildForgeries, WrapNoPartThatLies) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({1, 1}, {0});
  const std::string lie =
      tuple({layout("torch.sparse_coo"), tuple({indices, made.numbers<float>({2}, {1, 2}), kOne})});
  expect_complaints(
      {
          {from_type("_rebuild_sparse_tensor", symbol("torch", "Tensor"), lie, kNone),
           "corrupt: a sparse tensor whose parts contradict each other"},
          {from_type("_rebuild_meta_tensor_no_storage", symbol("m", "T"),
                     tuple({kFloat, integers({-1}), kOne, kFalse}), "}"),
           "corrupt: a tensor with a negative size"},
          {from_type("_rebuild_qtensor", symbol("torch", "Tensor"), ")", "}"),
           named("_rebuild_qtensor")},
          {from_type("_rebuild_nested_tensor", symbol("torch", "Tensor"), tuple({indices}), "}"),
           named("_rebuild_nested_tensor")},
      },
      made.storages());
}

TEST(RebuildForgeries, TakeNoStateOnTheirOwn) {
  TensorBuilder made;
  const std::string sparse_tensor =
      sparse("torch.sparse_coo",
             {made.numbers<std::int64_t>({1, 1}, {0}), made.numbers<float>({1}, {1}), kOne});
  const std::string whole = made.numbers<float>({1}, {1});
  const std::string refused = "corrupt: a state is given to a value that cannot take one: ";
  expect_complaints(
      {
          {build(sparse_tensor, "}"), refused + "_rebuild_sparse_tensor", sparse_tensor},
          {build(whole, "}"), refused + "_rebuild_tensor_v2", whole},
      },
      made.storages());
}

TEST(RebuildForgeries, ChangeNoAttributesAfterwards) {
  TensorBuilder made;
  const std::string changed = "corrupt: attributes that changed after they were given";
  const std::string whole = made.numbers<float>({1}, {1});
  const std::string state = memoized(9, dict({text("a"), kOne}));
  const std::string late = fetched(9) + text("b") + kOne + "s";
  const std::string parameter =
      rebuild("_rebuild_parameter_with_state", {whole, kFalse, ordered_dict(), state});
  const std::string typed = from_type("_rebuild_parameter", symbol("torch", "Tensor"),
                                      tuple({whole, kFalse, ordered_dict()}), state);
  const std::string pair = rebuild("_rebuild_parameter_with_state",
                                   {whole, kFalse, ordered_dict(), tuple({kNone, state})});
  expect_complaints(
      {
          {tuple({parameter, late}), named("_rebuild_parameter_with_state"), parameter},
          {tuple({pair, late}), changed, pair},
          {tuple({typed, late}), changed, typed},
      },
      made.storages());
}

TEST(RebuildForgeries, HaveAttributesWithNames) {
  TensorBuilder made;
  const std::string odd = "corrupt: attributes of a tensor that are not a dict of names";
  const std::string whole = made.numbers<float>({1}, {1});
  const auto typed = [&](std::string_view state) {
    return from_type("_rebuild_parameter", symbol("torch", "Tensor"),
                     tuple({whole, kFalse, ordered_dict()}), state);
  };
  const std::string numbered = dict({integer(1), kNone});
  expect_complaints(
      {
          {typed(integer(5)), odd},
          {typed(text("a")), odd},
          {typed(list({kNone})), odd},
          {typed(tuple({kNone, integer(2)})), odd},
          {typed(tuple({kNone, kNone, kNone})), odd},
          {typed(numbered), odd},
          {rebuild("_rebuild_parameter_with_state",
                   {whole, kFalse, ordered_dict(), tuple({kNone, numbered})}),
           odd},
      },
      made.storages());
}

TEST(RebuildForgeries, NameADeviceThatCouldExist) {
  TensorBuilder made;
  const std::string whole = made.numbers<float>({1}, {1});
  expect_complaints({{rebuild("_rebuild_device_tensor_from_cpu_tensor",
                              {whole, kFloat, text("../x\x1b"), kFalse}),
                      "corrupt: an impossible device: ../x\\x1b"}},
                    made.storages());
}

TEST(RebuildForgeries, GiveGeneratorsAStateTheyNeverGet) {
  TensorBuilder made;
  const std::string odd = "corrupt: a generator with a state it never gets";
  const std::string bytes = made.numbers<std::uint8_t>({4}, {1, 2, 3, 4});
  const std::string floats = made.numbers<float>({4}, {1, 2, 3, 4});
  const std::string seed = integer(5);
  const std::string shell =
      reduce(symbol("torch._C", "Generator"), {reduce(symbol("torch", "device"), {text("cpu")})});
  const auto with = [&](std::string_view state, const std::string& complaint) {
    return Forgery{build(shell, state), complaint, shell};
  };
  const std::string state_error =
      "corrupt: a known value is given a state it never gets: Generator";
  expect_complaints(
      {
          with(tuple({seed, kNone, floats}), odd),
          with(tuple({seed, kNone, kNone}), odd),
          with(tuple({seed, kNone, text("abcd")}), odd),
          with(tuple({real(5), kNone, bytes}), odd),
          with(tuple({kNone, kNone, bytes}), odd),
          with(tuple({seed, text("0"), bytes}), odd),
          with(tuple({seed, kNone}), odd),
          with(tuple({seed, kNone, bytes, kNone}), odd),
          with(")", odd),
          with(kNone, state_error),
          with("}", state_error),
          {shell, "corrupt: a value that is never filled: Generator"},
          {reduce(symbol("torch._C", "Generator"), {text("cpu")}), named("Generator")},
          {reduce(symbol("torch._C", "Generator"), {}), named("Generator")},
      },
      made.storages());
}

// torch 2.13 looks at both counters of a Mersenne twister, but not at their sum.
TEST(RebuildForgeries, PutGeneratorsOutOfTheirTable) {
  const std::string size = "corrupt: a generator whose state has another size";
  const std::string position = "corrupt: a generator whose position is out of its table";
  const std::string shell =
      reduce(symbol("torch._C", "Generator"), {reduce(symbol("torch", "device"), {text("cpu")})});
  const auto bytes = [](std::int32_t left, std::int32_t is_seeded, std::uint64_t next) {
    std::string state =
        raw<std::uint64_t>({1}) + raw<std::int32_t>({left, is_seeded}) + raw<std::uint64_t>({next});
    state.resize(5056, 'a');
    return state;
  };
  const auto file = [&](const std::string& content) {
    const auto count = static_cast<std::int64_t>(content.size());
    const std::string own = tensor(storage("0", count, "ByteStorage"), 0, {count}, {1});
    return std::pair(build(shell, tuple({integer(1), kNone, own})),
                     CheckpointBuilder(kNone).storage("0", content));
  };
  const auto expect = [&](const std::string& content, const std::string& complaint) {
    const auto [value, storages] = file(content);
    expect_element_complaints({{value, complaint}}, storages);
  };
  expect(bytes(600, 1, 624), position);
  expect(bytes(624, 1, 624), position);
  expect(bytes(2, 1, 624), position);
  expect(bytes(1, 1, 625), position);
  expect(bytes(0, 1, 0), position);
  expect(bytes(625, 1, 0), position);
  expect(bytes(-1, 1, 0), position);
  expect(bytes(1, 1, ~std::uint64_t{0}), position);
  expect(bytes(1, 0, 0), position);
  expect(bytes(1, 1, 0).substr(1), size);
  expect(bytes(1, 1, 0) + "a", size);
  expect("a", size);
  for (const std::string& good : {bytes(1, 1, 0), bytes(624, 1, 1), bytes(1, 1, 624)}) {
    auto [value, storages] = file(good);
    const auto opened = open(storages.value(value));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->check_elements(opened->root()).empty());
  }
}

}  // namespace
