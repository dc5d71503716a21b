// Object paths and listings: where values are, and what a file holds.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <string>

#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::Place;
using safe_load::ValueKind;
using safe_load::ValueView;

Checkpoint file(const std::string& value) {
  auto opened = open(CheckpointBuilder(value).storage("0", raw<float>({1, 2})));
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  return *std::move(opened);
}

const std::string kOne = integer(1);
const std::string kTensor = tensor(storage("0", 2), 0, {2}, {1});

// A tree with every kind of step that a path knows.
std::string rich_tree() {
  const std::string attributes =
      dict({text("lr"), real(0.5), text("two words"), kOne, text("_x9"), list({kOne, integer(2)})});
  const std::string object =
      build(newobj(symbol("m", "C"), {}) + text("item") + kOne + "s" + integer(9) + "a",
            dict({text("inner"), dict({text("deep"), tuple({text("leaf")})}), text("shared"),
                  fetched(1)}));
  return dict({
      text("model"),
      memoized(1, build(ordered_dict() + text("fc.weight") + kTensor + "s",
                        dict({text("_metadata"), dict({text(""), kOne})}))),
      text("args"),
      build(newobj(symbol("argparse", "Namespace"), {}), attributes),
      text("again"),
      fetched(1),
      text("groups"),
      list({dict({integer(0), text("zero"), integer(-1), text("minus")}), "]", ")"}),
      text("q\"uo\\te\n\t\r"),
      kOne,
      text("caf\xc3\xa9"),
      integer(2),
      text("[0]"),
      integer(3),
      text(".x"),
      integer(4),
      text(""),
      integer(5),
      text("object"),
      object,
      text("w"),
      rebuild("_rebuild_parameter_with_state",
              {kTensor, kTrue, ordered_dict(), dict({text("tag"), text("t")})}),
      text("set"),
      "\x8f(" + text("member") + "\x90",
  });
}

TEST(ObjectPath, LeadsBackToEveryValue) {
  const Checkpoint checkpoint = file(rich_tree());
  int places = 0;
  checkpoint.for_each([&](const Place& place) {
    const std::string path = place.path();
    // The dict that holds the attributes of an object is none of them.
    if (place.is_key() || path.ends_with(".__state__")) return;
    ++places;
    const auto found = checkpoint.find(path);
    ASSERT_TRUE(found) << path << ' ' << found.error().reason();
    EXPECT_EQ(found->id(), place.value().id()) << path;
    const std::string shortest = checkpoint.path(place.value());
    EXPECT_EQ(checkpoint.find(shortest)->id(), place.value().id()) << shortest;
  });
  EXPECT_GT(places, 30);
}

TEST(ObjectPath, IsWrittenAsPythonWould) {
  const Checkpoint checkpoint = file(rich_tree());
  const auto path = [&](const ValueView& value) { return checkpoint.path(value); };
  const ValueView root = checkpoint.root();
  EXPECT_EQ(path(root), "$");
  EXPECT_EQ(path(root.at("model", "fc.weight")), R"($["model"]["fc.weight"])");
  EXPECT_EQ(path(root.at("model", "_metadata", "")), R"($["model"]._metadata[""])");
  EXPECT_EQ(path(root.at("args", "lr")), R"($["args"].lr)");
  EXPECT_EQ(path(root.at("args", "two words")), R"($["args"]["two words"])");
  EXPECT_EQ(path(root.at("args", "_x9", 1)), R"($["args"]._x9[1])");
  EXPECT_EQ(path(root.at("groups", 0, -1)), R"($["groups"][0][-1])");
  EXPECT_EQ(path(root["q\"uo\\te\n\t\r"]), R"($["q\"uo\\te\n\t\r"])");
  EXPECT_EQ(path(root.at("object", "inner", "deep", 0)), R"($["object"].inner["deep"][0])");
  EXPECT_EQ(path(root.at("object", "item")), R"($["object"]["item"])");
  EXPECT_EQ(path(root.at("w", "tag")), R"($["w"].tag)");
  const Checkpoint slots =
      file(build(newobj(symbol("m", "S"), {}), tuple({kNone, dict({text("s"), kOne})})));
  EXPECT_EQ(slots.path(slots.root()["s"]), "$.s");
}

TEST(ObjectPath, FindsWhatAPersonTypes) {
  const Checkpoint checkpoint = file(rich_tree());
  const auto found = [&](std::string_view path) {
    const auto value = checkpoint.find(path);
    return value ? summary(*value) : std::string(value.error().reason());
  };
  EXPECT_EQ(found("$"), "dict of 12");
  EXPECT_EQ(found("$.args.lr"), "0.5");
  EXPECT_EQ(found("$[\"args\"][\"lr\"]"), "0.5");
  EXPECT_EQ(found("$.groups[0][0]"), "\"zero\"");
  EXPECT_EQ(found("$.nothing"), "nothing at this path");
  EXPECT_EQ(found("$[\"groups\"][7]"), "nothing at this path");
  EXPECT_EQ(found("$[\"groups\"][0][0][0]"), "nothing at this path");
  for (const std::string_view wrong :
       {"$x", "$[", "$[]", "$[x]", "$[\"a", "$[\"a\"", "$[\"a\"x]", "$[1", "$[1.5]", "$ ", "$[0 ]"})
    EXPECT_EQ(found(wrong), "not an object path") << wrong;
  EXPECT_EQ(found(""), "an object path begins with $, and a name is not empty");
}

TEST(ObjectPath, TakesADottedNameInItsPlace) {
  const Checkpoint checkpoint = file(rich_tree());
  const auto wrong = [&](std::string_view name) {
    const auto value = checkpoint.find(name);
    return value ? "found" : std::string(value.error().subject());
  };
  for (const safe_load::NamedTensor& row : checkpoint.tensors()) {
    const auto value = checkpoint.find(row.name);
    ASSERT_TRUE(value) << row.name;
    EXPECT_EQ(value->tensor()->id(), row.tensor.id()) << row.name;
  }
  EXPECT_EQ(summary(*checkpoint.find("args.lr")), "0.5");
  EXPECT_EQ(wrong("args.lrr"), "args.lrr; did you mean args.lr?");
  EXPECT_EQ(wrong("lr"), "lr; did you mean args.lr?");
  EXPECT_EQ(wrong("nothing like it"), "nothing like it");
}

TEST(ObjectPath, LeavesOutTheBeginningOfAVeryDeepOne) {
  std::string value = kOne;
  for (int i = 0; i < 100; ++i) value = "]" + value + "a";
  const Checkpoint checkpoint = file(value);
  ValueView inner = checkpoint.root();
  while (inner.kind() == ValueKind::kList) inner = inner[0];
  std::string expected = "$...";
  for (int i = 0; i < 64; ++i) expected += "[0]";
  EXPECT_EQ(checkpoint.path(inner), expected);
}

TEST(Checkpoint, VisitsEveryPlaceInFileOrder) {
  const std::string shared = memoized(1, list({kOne}));
  const Checkpoint checkpoint =
      file(dict({text("b"), shared, text("a"), fetched(1), text("c"), "}"}));
  std::string places;
  checkpoint.for_each([&](const Place& place) {
    places += place.path() + (place.is_key() ? " key" : "") +
              (place.was_visited() ? " again" : "") + '\n';
  });
  EXPECT_EQ(places,
            "$\n"
            "$.__key__[0] key\n$[\"b\"]\n$[\"b\"][0]\n"
            "$.__key__[1] key\n$[\"a\"] again\n"
            "$.__key__[2] key\n$[\"c\"]\n");
}

TEST(Checkpoint, EndsItsVisitOfCycles) {
  const Checkpoint checkpoint = file("]q\1h\1a");
  int places = 0;
  checkpoint.for_each([&](const Place&) { ++places; });
  EXPECT_EQ(places, 2);
}

TEST(Checkpoint, ListsTensorsByTheirPlace) {
  const Checkpoint checkpoint = file(
      dict({text("model"), dict({text("fc.w"), memoized(1, kTensor), text("tied"), fetched(1)}),
            text("list"), list({kTensor})}));
  std::string rows;
  for (const auto& row : checkpoint.tensors())
    rows += row.name + ' ' + row.path + (row.is_alias ? " alias" : "") + '\n';
  EXPECT_EQ(rows,
            "model.fc.w $[\"model\"][\"fc.w\"]\n"
            "model.tied $[\"model\"][\"tied\"] alias\n"
            "list.0 $[\"list\"][0]\n");
  EXPECT_EQ(checkpoint.storage_count(), 1u);
}

TEST(Checkpoint, KnowsWhatIsPartOfAValue) {
  const Checkpoint checkpoint = file(list({list({kOne}), text("other")}));
  const std::vector<std::uint32_t> parts = {checkpoint.root()[0].id(),
                                            checkpoint.root().at(0, 0).id()};
  EXPECT_EQ(checkpoint.reachable_from(checkpoint.root()[0]), parts);
}

TEST(Checkpoint, ListsEveryNameThatTheFileAsksFor) {
  const std::string object = newobj(symbol("m", "Net"), {});
  const std::string value =
      dict({text("a"), object, text("b"), object, text("f"), symbol("os", "system"), text("d"),
            reduce(symbol("collections", "OrderedDict"), {})}) +
      symbol("x", "unused") + "0";
  const Checkpoint checkpoint = file(value);
  std::string rows;
  for (const auto& use : checkpoint.symbols())
    rows += use.name + ' ' + std::to_string(use.count) + (use.is_known ? " known" : "") +
            (use.is_called ? " called" : "") + ' ' + use.object_path + " @" +
            std::to_string(use.offset) + '\n';
  const auto at = [&](std::string_view name) { return std::to_string(2 + value.find(name)); };
  EXPECT_EQ(rows, "m.Net 2 called $[\"a\"] @" + at("cm\nNet") + "\nos.system 1 $[\"f\"] @" +
                      at("cos\n") + "\ncollections.OrderedDict 1 known called $[\"d\"] @" +
                      at("ccoll") + "\nx.unused 0  @" + at("cx\n") + "\n");
}

}  // namespace
