// state_dict: where the weights are found, and a whole module walked as torch would.
#include <gtest/gtest.h>

#include <string>

#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;

const std::string kData = raw<float>({1, 2, 3, 4});

// A tensor of one element; its offset tells it from others.
std::string weight(std::int64_t offset) { return tensor(storage("0", 4), offset, {1}, {1}); }

std::string parameter(std::int64_t offset) {
  return rebuild("_rebuild_parameter", {weight(offset), kTrue, ordered_dict()});
}

std::string module(std::string_view parameters, std::string_view buffers, std::string_view children,
                   std::string_view not_persistent = "\x8f") {
  return build(
      newobj(symbol("m", "Net"), {}),
      dict({text("training"), kTrue, text("_parameters"), parameters, text("_buffers"), buffers,
            text("_non_persistent_buffers_set"), not_persistent, text("_modules"), children}));
}

// "name@offset" of each, or why there is none.
std::string names(const safe_load::Checkpoint& checkpoint, std::string_view prefix = "") {
  auto found = checkpoint.state_dict();
  if (!found) return std::string(to_text(found.error().code()));
  if (!found->strip_prefix(prefix)) return "not stripped";
  std::string out;
  for (const auto& [name, tensor] : *found)
    out += (out.empty() ? "" : " ") + name + '@' + std::to_string(tensor.storage_offset());
  return out;
}

std::string names(const std::string& value, std::string_view prefix = "") {
  const auto opened = open(CheckpointBuilder(value).storage("0", kData));
  return opened ? names(*opened, prefix) : opened.error().text();
}

TEST(StateDict, IsTheRootIfThatHoldsTensors) {
  EXPECT_EQ(names(dict({text("b"), weight(1), text("a"), weight(0)})), "b@1 a@0");
  EXPECT_EQ(names(ordered_dict() + "(" + text("w") + parameter(3) + "u"), "w@3");
  EXPECT_EQ(names(dict({text("step"), integer(1), text("w"), weight(0)})), "w@0");
}

TEST(StateDict, IsFoundUnderTheUsualKeys) {
  const std::string weights = dict({text("w"), weight(2)});
  for (const char* key :
       {"state_dict", "model_state_dict", "model", "net", "module", "params_ema", "ema"})
    EXPECT_EQ(names(dict({text("epoch"), integer(1), text(key), weights})), "w@2") << key;
  EXPECT_EQ(names(dict({text("optimizer"), weights})), "mismatch");
  EXPECT_EQ(names(build(newobj(symbol("m", "Run"), {}), dict({text("model"), weights}))), "w@2");
}

TEST(StateDict, LosesNoWeightThatIsNoPlainTensor) {
  const std::string own = reduce(
      symbol("torch._tensor", "_rebuild_from_type_v2"),
      {symbol("torch._utils", "_rebuild_tensor_v2"), symbol("m", "Mine"),
       tuple({storage("0", 4), integer(0), integers({1}), integers({1}), kFalse, ordered_dict()}),
       kNone});
  const std::string part = build(newobj(symbol("torch.distributed.tensor", "DTensor"), {}),
                                 dict({text("_local_tensor"), weight(0)}));
  const std::string lazy = reduce(symbol("torch.nn.parameter", "UninitializedParameter"), {kTrue});
  const std::string sparse =
      rebuild("_rebuild_sparse_tensor",
              {reduce(symbol("torch.serialization", "_get_layout"), {text("torch.sparse_coo")}),
               tuple({tensor(storage("1", 1, "LongStorage"), 0, {1, 1}, {1, 1}), weight(0),
                      integers({4})})});
  const std::string damaged = tensor(storage("0", 4), 9, {1}, {1});
  const auto with_data = [](const std::string& value) {
    return open(CheckpointBuilder(value).storage("0", kData).storage("1", raw<std::int64_t>({0})));
  };
  for (const std::string& other : {own, part, lazy, sparse, damaged}) {
    const auto opened = with_data(dict({text("w"), weight(1), text("x"), other}));
    ASSERT_TRUE(opened) << opened.error().text();
    const auto found = opened->state_dict();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), safe_load::ErrorCode::kUnsupported);
    EXPECT_EQ(found.error().subject(), "x");
    EXPECT_EQ(names(*with_data(module(dict({text("x"), other}), "}", "}"))), "unsupported");
  }
}

TEST(StateDict, NamesAChildThatIsNoModule) {
  const std::string odd = newobj(symbol("m", "Odd"), {});
  const std::string inner = module("}", "}", dict({text("b"), odd}));
  const auto opened =
      open(CheckpointBuilder(module("}", "}", dict({text("none"), kNone, text("a"), inner}))));
  ASSERT_TRUE(opened);
  const auto found = opened->state_dict();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().subject(), "a.b");
}

TEST(StateDict, TakesTheFirstThatHoldsTensors) {
  const auto with = [](std::int64_t offset) { return dict({text("w"), weight(offset)}); };
  EXPECT_EQ(names(dict({text("model"), with(1), text("state_dict"), with(2)})), "w@2");
  EXPECT_EQ(names(dict({text("model"), with(1), text("state_dict"), "}"})), "w@1");
  EXPECT_EQ(names(dict({text("top"), weight(3), text("state_dict"), with(2)})), "w@2");
}

TEST(StateDict, DoesNotLookForEverAtPartsThatShareALargeOne) {
  constexpr int kCount = 5000;
  std::string large = "}(";
  for (int i = 0; i < kCount; ++i) large += integer(i).append(kNone);
  large += "uq\x01";
  for (const std::string& part :
       {std::string("h\x01"), build(newobj(symbol("m", "C"), {}), "h\x01")}) {
    std::string content = "}(" + integer(-1) + large;
    for (int i = 0; i < kCount; ++i) content += integer(i) + part;
    content += text("model") + dict({text("w"), weight(2)}) + "u";
    const auto opened = open(CheckpointBuilder(content).storage("0", kData));
    ASSERT_TRUE(opened) << opened.error().text();
    const auto found = opened->state_dict();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), safe_load::ErrorCode::kLimit);
    EXPECT_TRUE(opened->state_dict("model"));
  }
}

TEST(StateDict, WalksTorchScriptByAttributes) {
  const auto script = [](std::string_view name, std::string_view attributes) {
    return build(newobj(symbol("__torch__.m", name), {}), attributes);
  };
  const std::string conv = script("Conv", dict({text("weight"), weight(1), text("bias"), kNone}));
  const std::string net =
      script("Net", dict({text("training"), kTrue, text("conv"), conv, text("scale"), weight(2)}));
  EXPECT_EQ(names(net), "scale@2 conv.weight@1");
}

TEST(StateDict, IsNoneWithoutTensors) {
  for (const std::string& value : {std::string("N"), list({weight(0)}), weight(0), integer(1),
                                   dict({text("state_dict"), dict({text("a"), integer(1)})}),
                                   dict({text("a"), list({dict({text("b"), weight(0)})})})})
    EXPECT_EQ(names(value), "mismatch");
}

TEST(StateDict, WalksAModuleAsTorchDoes) {
  // Parameters, then buffers, then children; what is None has no name.
  const std::string inner = module(dict({text("weight"), parameter(0), text("bias"), kNone}),
                                   dict({text("mean"), weight(1)}), "}");
  const std::string outer =
      module(dict({text("scale"), parameter(2)}), dict({text("count"), weight(3)}),
             dict({text("conv"), inner, text("act"), kNone}));
  EXPECT_EQ(names(outer), "scale@2 count@3 conv.weight@0 conv.mean@1");
  EXPECT_EQ(names(dict({text("model"), outer})), "scale@2 count@3 conv.weight@0 conv.mean@1");
}

TEST(StateDict, KeepsTheOrderOfDeepModules) {
  const auto leaf = [](std::int64_t offset) {
    return module(dict({text("w"), parameter(offset)}), "}", "}");
  };
  const std::string left = module("}", "}", dict({text("0"), leaf(0), text("1"), leaf(1)}));
  const std::string root = module("}", "}", dict({text("left"), left, text("right"), leaf(2)}));
  EXPECT_EQ(names(root), "left.0.w@0 left.1.w@1 right.w@2");
}

TEST(StateDict, LeavesOutBuffersThatDoNotPersist) {
  const std::string names_set = "\x8f(" + text("cache") + "\x90";
  EXPECT_EQ(
      names(module("}", dict({text("mean"), weight(0), text("cache"), weight(1)}), "}", names_set)),
      "mean@0");
  // Only buffers, and only of that very module.
  EXPECT_EQ(names(module(dict({text("cache"), parameter(2)}), "}",
                         dict({text("sub"), module("}", dict({text("cache"), weight(1)}), "}")}),
                         names_set)),
            "cache@2 sub.cache@1");
}

TEST(StateDict, ListsASharedModuleUnderEachName) {
  const std::string shared = memoized(9, module(dict({text("w"), parameter(0)}), "}", "}"));
  EXPECT_EQ(names(module("}", "}", dict({text("a"), shared, text("b"), fetched(9)}))),
            "a.w@0 b.w@0");
}

TEST(StateDict, EndsForAModuleThatContainsItself) {
  const std::string value =
      build(memoized(9, newobj(symbol("m", "Net"), {})),
            dict({text("_parameters"), dict({text("w"), parameter(0)}), text("_buffers"), "}",
                  text("_modules"), dict({text("self"), fetched(9)})}));
  EXPECT_EQ(names(value), "corrupt");
}

TEST(StateDict, StripsAPrefixWhereItIs) {
  const std::string value = dict({text("module.w"), weight(0), text("module."), weight(1),
                                  text("w.module."), weight(2), text("modul"), weight(3)});
  EXPECT_EQ(names(value, "module."), "w@0 @1 w.module.@2 modul@3");
  EXPECT_EQ(names(value), "module.w@0 module.@1 w.module.@2 modul@3");
}

TEST(StateDict, FindsTensorsByName) {
  const auto opened = open(
      CheckpointBuilder(dict({text("a"), weight(0), text("b"), weight(1)})).storage("0", kData));
  ASSERT_TRUE(opened);
  const auto state = opened->state_dict();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->size(), 2u);
  EXPECT_EQ(state->at("b")->storage_offset(), 1u);
  const auto missing = state->at("c");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), safe_load::ErrorCode::kMismatch);
  EXPECT_EQ(missing.error().subject(), "c");
}

}  // namespace
