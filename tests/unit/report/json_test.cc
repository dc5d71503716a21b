// The report for programs: valid JSON whatever the file holds, with the members that it promises.
#include <gtest/gtest.h>
#include <safe_load/report.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using Json = nlohmann::ordered_json;

const std::string kOne = integer(1);
const std::string kStorage = storage("0", 2);
const std::string kTensor = tensor(kStorage, 0, {2}, {1});

safe_load::Checkpoint file(const std::string& value) {
  auto opened = open(CheckpointBuilder(value).storage("0", raw<float>({1, 2})));
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  return *std::move(opened);
}

Json inspected(const std::string& value) { return Json::parse(to_json(file(value), "model.pt")); }

std::vector<std::string> members(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, member] : object.items()) names.push_back(name);
  return names;
}

using Names = std::vector<std::string>;

TEST(JsonReport, HasTheMembersThatItPromises) {
  const Json report = inspected(dict({text("w"), kTensor, text("n"), kOne}));
  EXPECT_EQ(members(report), Names({"schema", "safe_load", "file", "container", "tensor_count",
                                    "storage_bytes", "tensors", "values", "origins", "rank_tensors",
                                    "unknown_globals", "known_globals", "issues"}));
  EXPECT_EQ(report["schema"], "safe-load.inspect/1");
  EXPECT_EQ(report["file"], "model.pt");
  EXPECT_EQ(members(report["container"]),
            Names({"format", "prefix", "version", "protocol", "byte_order", "file_size", "records",
                   "pickle_bytes", "notes"}));
  EXPECT_EQ(members(report["tensors"][0]),
            Names({"name", "path", "tensor", "is_alias", "dtype", "shape", "strides",
                   "storage_offset", "bytes", "storage", "storage_key", "location", "file_offset",
                   "requires_grad", "is_parameter"}));
  EXPECT_EQ(members(report["values"][0]), Names({"path", "kind", "text"}));
}

TEST(JsonReport, BeginsWithItsSchema) {
  const auto opened = file(kOne);
  const auto begins = [](const std::string& json, const std::string& schema) {
    return json.starts_with("{\n  \"schema\": \"" + schema + "\",\n");
  };
  EXPECT_TRUE(begins(to_json(opened, "x"), "safe-load.inspect/1"));
  EXPECT_TRUE(begins(to_json(opened, opened.root()), "safe-load.show/1"));
  EXPECT_TRUE(begins(to_json(safe_load::Issue{}, "x"), "safe-load.error/1"));
}

TEST(JsonReport, TellsTheFactsOfTheContainer) {
  const std::string value = dict({text("w"), kTensor});
  const Json container = inspected(value)["container"];
  EXPECT_EQ(container["format"], "zip");
  EXPECT_EQ(container["prefix"], "archive/");
  EXPECT_EQ(container["version"], "3");
  EXPECT_EQ(container["protocol"], 2);
  EXPECT_EQ(container["byte_order"], "little");
  EXPECT_EQ(container["records"], 3);
  EXPECT_EQ(container["pickle_bytes"], value.size() + 3);
  EXPECT_EQ(container["notes"], Json::array());
}

TEST(JsonReport, ListsTensorsWithTheirAliases) {
  const std::string view = tensor(kStorage, 1, {1, 1}, {7, 1});
  const Json report = inspected(
      dict({text("w"), memoized(1, kTensor), text("tied"), fetched(1), text("v"), list({view})}));
  EXPECT_EQ(report["tensor_count"], 2);
  EXPECT_EQ(report["storage_bytes"], 8);
  const Json& rows = report["tensors"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["is_alias"], false);
  EXPECT_EQ(rows[1]["is_alias"], true);
  EXPECT_EQ(rows[1]["tensor"], rows[0]["tensor"]);
  EXPECT_EQ(rows[1]["name"], "tied");
  EXPECT_EQ(rows[2]["is_alias"], false);
  EXPECT_NE(rows[2]["tensor"], rows[0]["tensor"]);
  EXPECT_EQ(rows[2]["storage"], rows[0]["storage"]);
  EXPECT_EQ(rows[2]["name"], "v.0");
  EXPECT_EQ(rows[2]["path"], "$[\"v\"][0]");
  EXPECT_EQ(rows[2]["dtype"], "float32");
  EXPECT_EQ(rows[2]["shape"], Json({1, 1}));
  EXPECT_EQ(rows[2]["strides"], Json({7, 1}));
  EXPECT_EQ(rows[2]["storage_offset"], 1);
  EXPECT_EQ(rows[2]["bytes"], 4);
  EXPECT_EQ(rows[2]["file_offset"], rows[0]["file_offset"].get<int>() + 4);
  EXPECT_EQ(rows[2]["storage_key"], "0");
  EXPECT_EQ(rows[2]["location"], "cpu");
}

TEST(JsonReport, ListsNamesByWhetherTheyAreKnown) {
  const Json report =
      inspected(dict({text("a"), newobj(symbol("m", "Net"), {}), text("o"), ordered_dict()}));
  ASSERT_EQ(report["unknown_globals"].size(), 1u);
  const Json& row = report["unknown_globals"][0];
  EXPECT_EQ(members(row), Names({"name", "count", "called", "path", "offset"}));
  EXPECT_EQ(row["name"], "m.Net");
  EXPECT_EQ(row["count"], 1);
  EXPECT_EQ(row["called"], true);
  EXPECT_EQ(row["path"], "$[\"a\"]");
  ASSERT_EQ(report["known_globals"].size(), 1u);
  EXPECT_EQ(report["known_globals"][0]["name"], "collections.OrderedDict");
}

TEST(JsonReport, ListsIssues) {
  const Json report =
      inspected(dict({text("b"), reduce(symbol("builtins", "bytearray"), {integer(7)})}));
  ASSERT_EQ(report["issues"].size(), 1u);
  const Json& row = report["issues"][0];
  EXPECT_EQ(members(row), Names({"code", "message", "member", "offset", "path", "hint"}));
  EXPECT_EQ(row["code"], "corrupt");
  EXPECT_EQ(row["member"], "archive/data.pkl");
  EXPECT_EQ(row["path"], "$[\"b\"]");
  EXPECT_EQ(report["values"][0]["kind"], "damaged value");
}

TEST(JsonReport, IsAsciiAndValidForAnyName) {
  std::string every_byte;
  for (int c = 1; c < 0x80; ++c) every_byte += static_cast<char>(c);
  for (const std::string& name :
       {every_byte, std::string("\0", 1), std::string("\xc3\xa9"), std::string("\xf0\x9f\x98\x80"),
        std::string("\xed\xa0\x80"), std::string("\xe2\x80\xae"), std::string("</script>")}) {
    const auto opened = file(dict({text(name), kTensor, text("t"), text(name), text("b"),
                                   bytes(name + "\xff"), integer(0), list({text(name)})}));
    const std::string json = to_json(opened, name + "\xff");
    for (const char c : json) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F));
    EXPECT_TRUE(Json::accept(json));
    opened.for_each([&](const safe_load::Place& place) {
      EXPECT_TRUE(Json::accept(to_json(opened, place.value())));
    });
  }
  const Json plain = inspected(dict({text("caf\xc3\xa9"), kTensor}));
  EXPECT_EQ(plain["tensors"][0]["name"], "caf\xc3\xa9");
}

TEST(JsonReport, ShowsOneTensorWithItsStatistics) {
  const auto opened = file(dict({text("w"), kTensor}));
  const Json shown = Json::parse(to_json(opened, opened.root()["w"]));
  EXPECT_EQ(members(shown),
            Names({"schema", "safe_load", "path", "kind", "class", "text", "dtype", "shape",
                   "strides", "storage_offset", "bytes", "storage", "storage_key", "location",
                   "file_offset", "requires_grad", "is_parameter", "statistics"}));
  EXPECT_EQ(shown["path"], "$[\"w\"]");
  EXPECT_EQ(members(shown["statistics"]), Names({"count", "nan", "infinite", "minimum", "maximum",
                                                 "mean", "standard_deviation"}));
  EXPECT_EQ(shown["statistics"]["mean"], 1.5);
  const Json other = Json::parse(to_json(opened, opened.root()));
  EXPECT_EQ(members(other), Names({"schema", "safe_load", "path", "kind", "class", "text"}));
}

TEST(JsonReport, TellsWhyAFileDoesNotOpen) {
  const auto opened = open(CheckpointBuilder::around("\x80\2\xff."));
  ASSERT_FALSE(opened);
  const Json error = Json::parse(to_json(opened.error(), "a\x1b.pt"));
  EXPECT_EQ(members(error), Names({"schema", "safe_load", "file", "error"}));
  EXPECT_EQ(error["file"], "a\\x1b.pt");
  EXPECT_EQ(error["error"]["code"], "corrupt");
  EXPECT_EQ(error["error"]["offset"], 2);
  EXPECT_EQ(error["error"]["member"], "archive/data.pkl");
}

}  // namespace
