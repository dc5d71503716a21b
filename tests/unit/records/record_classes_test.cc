// Inert records that read as the objects did: subclasses of containers, named tuples, configs.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <string>

#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::RecordForm;
using safe_load::ValueKind;
using safe_load::ValueView;

const std::string kOne = integer(1);
const std::string kTwo = integer(2);

Checkpoint file(const std::string& value) {
  auto opened = open(CheckpointBuilder(value));
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  return *std::move(opened);
}

std::string keys_set(std::string_view object, std::string_view key, std::string_view value) {
  return std::string(object) + text(key) + std::string(value) + 's';
}

std::string node(std::string_view name, std::string_view value) {
  return build(newobj(symbol("omegaconf.nodes", name), {}), dict({text("_val"), value}));
}

std::string container(std::string_view module, std::string_view name, std::string_view content) {
  return build(newobj(symbol(module, name), {}), dict({text("_content"), content}));
}

std::string mapping(std::string_view content) {
  return container("omegaconf.dictconfig", "DictConfig", content);
}

TEST(Records, OfSubclassesOfContainersReadAsTheirBases) {
  const std::string object = newobj(symbol("m", "C"), {});
  const Checkpoint checkpoint = file(tuple(
      {object + kOne + 'a', keys_set(object, "k", kTwo), object, object + '(' + kOne + "\x90"}));
  const ValueView root = checkpoint.root();
  EXPECT_EQ(root[0][0].get_or(0), 1);
  EXPECT_FALSE(root[0].is_mapping());
  EXPECT_TRUE(root[1].is_mapping());
  EXPECT_EQ(root[1]["k"].get_or(0), 2);
  EXPECT_EQ(root[1].content().size(), 2u);
  EXPECT_TRUE(root[2].content().empty());
  EXPECT_EQ(root[3].content().size(), 1u);
}

TEST(Records, OfNamedTuplesAreSequences) {
  const std::string point = symbol("m", "Point");
  const Checkpoint checkpoint = file(tuple(
      {newobj(point, {kOne, kTwo}), newobj(point, {tuple({kOne})}), newobj(point, {kOne}),
       reduce(point, {kOne, kTwo}), build(newobj(point, {kOne, kTwo}), dict({text("a"), kOne}))}));
  const ValueView root = checkpoint.root();
  EXPECT_EQ(root[0].content().size(), 2u);
  EXPECT_EQ(root[0][1].get_or(0), 2);
  EXPECT_TRUE(root[0][2].is_missing());
  EXPECT_TRUE(root[0][-1].is_missing());
  EXPECT_EQ(root[1][0][0].get_or(0), 1);
  for (const int other : {2, 3, 4}) EXPECT_TRUE(root[other].content().empty()) << other;
}

TEST(Records, OfOmegaconfAreTheirContent) {
  const std::string layers = container("omegaconf.listconfig", "ListConfig",
                                       list({node("IntegerNode", kOne), mapping("}")}));
  const std::string model =
      mapping(dict({text("hidden"), node("AnyNode", integer(128)), text("layers"), layers}));
  const std::string whole =
      mapping(dict({text("model"), model, text("ref"), node("AnyNode", text("${model.hidden}")),
                    text("nothing"), mapping(kNone), text("text"), mapping(text("${model}"))}));
  const Checkpoint checkpoint = file(whole);
  const ValueView root = checkpoint.root();
  EXPECT_TRUE(root.is_mapping());
  EXPECT_EQ(root.content().size(), 8u);
  EXPECT_EQ(root.at("model", "hidden").get_or(0), 128);
  EXPECT_EQ(root.at("model", "layers", 0).get_or(0), 1);
  EXPECT_TRUE(root.at("model", "layers", 1).is_mapping());
  EXPECT_EQ(root["ref"].get_or<std::string>(""), "${model.hidden}");  // never resolved
  EXPECT_EQ(root["nothing"].kind(), ValueKind::kNone);
  EXPECT_EQ(root["text"].get_or<std::string>(""), "${model}");
  EXPECT_TRUE(root["other"].is_missing());
  EXPECT_EQ(root.class_name(), "omegaconf.dictconfig.DictConfig");
  EXPECT_TRUE(root["_content"].is_dict());  // the parts stay reachable
  const auto found = checkpoint.find(R"($["model"]["layers"][0])");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->get_or(0), 1);
  const auto symbols = checkpoint.symbols();
  EXPECT_TRUE(
      std::all_of(symbols.begin(), symbols.end(), [](const auto& use) { return use.is_known; }));
}

// Only its code knows which value the member of this name has.
TEST(Records, OfEnumsByNameAreNotKnown) {
  const std::string type = symbol("transformers.trainer_utils", "SchedulerType");
  const Checkpoint by_value = file(reduce(type, {text("linear")}));
  EXPECT_TRUE(by_value.symbols().at(0).is_known);
  const Checkpoint by_name = file(reduce(symbol("builtins", "getattr"), {type, text("LINEAR")}));
  const auto symbols = by_name.symbols();
  EXPECT_TRUE(std::any_of(symbols.begin(), symbols.end(), [](const auto& use) {
    return use.name == "transformers.trainer_utils.SchedulerType" && !use.is_known;
  }));
}

TEST(Records, OfOtherConfigsAreTheirContent) {
  const std::string fields = build(
      newobj(symbol("ml_collections.config_dict.config_dict", "ConfigDict"), {}),
      dict({text("_fields"),
            dict({text("lr"),
                  build(newobj(symbol("ml_collections.config_dict.config_dict", "FieldReference"),
                               {}),
                        dict({text("_value"), kTwo}))}),
            text("_locked"), kTrue}));
  const std::string boxes =
      build(newobj(symbol("box.box_list", "BoxList"), {}), dict({text("items"), list({kOne})}));
  const Checkpoint checkpoint = file(
      tuple({fields, boxes,
             reduce(symbol("mmengine.config.config", "ConfigDict"), {dict({text("lr"), kOne})}),
             keys_set(newobj(symbol("easydict", "EasyDict"), {}), "lr", kOne),
             newobj(symbol("easydict", "EasyDict"), {})}));
  const ValueView root = checkpoint.root();
  EXPECT_EQ(root[0]["lr"].get_or(0), 2);
  EXPECT_TRUE(root[0]["_locked"].get_or(false));
  EXPECT_EQ(root[1][0].get_or(0), 1);
  EXPECT_EQ(root[2]["lr"].get_or(0), 1);
  EXPECT_EQ(root[3]["lr"].get_or(0), 1);
  EXPECT_TRUE(root[4].is_mapping());
  EXPECT_TRUE(root[4].content().empty());
}

TEST(Records, OfOddFormAreEmpty) {
  const std::string config = symbol("omegaconf.dictconfig", "DictConfig");
  const Checkpoint checkpoint =
      file(tuple({newobj(config, {}), build(newobj(config, {}), kOne), mapping(kOne),
                  newobj(symbol("mmengine.config.config", "ConfigDict"), {})}));
  for (const int i : {0, 1, 2, 3}) {
    const ValueView odd = checkpoint.root()[i];
    EXPECT_TRUE(odd.content().empty()) << i;
    EXPECT_EQ(odd.resolved().id(), odd.id()) << i;
    EXPECT_TRUE(odd["k"].is_missing()) << i;
    EXPECT_TRUE(odd[0].is_missing()) << i;
  }
}

TEST(Records, ThatHoldThemselvesEnd) {
  const std::string itself =
      symbol("omegaconf.nodes", "AnyNode") + ")\x81q\x07}" + text("_val") + "h\x07sb";
  const Checkpoint checkpoint = file(mapping(dict({text("a"), itself})));
  EXPECT_EQ(checkpoint.root()["a"].kind(), ValueKind::kOpaque);
}

TEST(Records, AreFoundByTheirWholeName) {
  const auto rows = safe_load::record_classes();
  for (const safe_load::RecordClass& row : rows) {
    EXPECT_EQ(safe_load::find_record_class(row.module, row.name), &row) << row.name;
    const bool has_attribute = row.form == RecordForm::kContent || row.form == RecordForm::kValue;
    EXPECT_EQ(has_attribute, !row.attribute.empty()) << row.name;
    EXPECT_NE(to_text(row.form), "");
  }
  EXPECT_EQ(safe_load::find_record_class("easydict", "EasyDict2"), nullptr);
  EXPECT_EQ(safe_load::find_record_class("evil.easydict", "EasyDict"), nullptr);
  EXPECT_EQ(safe_load::find_record_class("", ""), nullptr);
}

}  // namespace
