// Archives of torch.export whose configs lie.
#include <gtest/gtest.h>

#include "property/fixtures.h"
#include "support/value_text.h"

namespace {

using namespace std::string_literals;
using namespace test_support;

std::string with_config(const std::string& config) {
  return told(ZipBuilder()
                  .stored("m/data/weights/model_weights_config.json", config)
                  .stored("m/data/weights/weight_0", raw<float>({1, 2}))
                  .stored("m/data/weights/weight_1", CheckpointBuilder(integer(7)).build())
                  .stored("m/archive_format", "pt2\n")
                  .build());
}

std::string with_row(const std::string& row) { return with_config(export_config({row})); }

std::string changed(std::string_view from, std::string_view to) {
  std::string row = export_row("w", "weight_0", {2}, {1});
  const std::size_t place = row.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return with_row(row.replace(place, from.size(), to));
}

TEST(ExportArchives, HaveTensorsInTheirRecords) {
  EXPECT_EQ(with_row(export_row("w", "weight_0", {2}, {1})), "");
  EXPECT_EQ(with_row(export_row("w", "weight_0", {}, {}, 1)), "");
  EXPECT_EQ(with_row(export_row("w", "weight_0", {0, 5}, {5, 1}, 2)), "");
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  for (const std::string& row :
       {export_row("w", "weight_0", {3}, {1}), export_row("w", "weight_0", {2}, {1}, 1),
        export_row("w", "weight_0", {2}, {2}), export_row("w", "weight_0", {-1}, {1}),
        export_row("w", "weight_0", {2}, {-1}), export_row("w", "weight_0", {2}, {1}, -1),
        export_row("w", "weight_0", {2}, {}), export_row("w", "weight_0", {kHuge, kHuge}, {1, 1}),
        export_row("w", "weight_0", {2}, {1}, kHuge), export_row("w", "weight_2", {1}, {1})})
    EXPECT_TRUE(with_row(row).starts_with("corrupt: ")) << row << with_row(row);
}

TEST(ExportArchives, NameRecordsAndNotPaths) {
  for (const std::string_view path :
       {"", "../weights/weight_0", "/weight_0", "a/b", "..", "a\\\\b", "C:\\\\x", "."})
    EXPECT_TRUE(with_row(export_row("w", path, {2}, {1}))
                    .starts_with("corrupt: a path that is not a file name"))
        << path << with_row(export_row("w", path, {2}, {1}));
}

TEST(ExportArchives, HaveFieldsOfTheirTypes) {
  EXPECT_EQ(changed("\"dtype\":7", "\"dtype\":4"), "");
  EXPECT_EQ(changed("\"dtype\":7", "\"dtype\":99"),
            "unsupported: a tensor of an unknown type: 99, w");
  EXPECT_EQ(changed("\"dtype\":7", "\"dtype\":\"F32\""),
            "unsupported: a tensor of an unknown type: -1, w");
  EXPECT_EQ(changed("\"layout\":7", "\"layout\":1"), "unsupported: a tensor that is not dense: w");
  EXPECT_EQ(changed("{\"as_int\":2}", "{\"as_expr\":\"s0\"}"),
            "corrupt: a tensor whose sizes are not integers");
  EXPECT_EQ(changed("{\"as_int\":2}", "2"), "corrupt: a tensor whose sizes are not integers");
  EXPECT_EQ(changed("\"storage_offset\"", "\"storage\""),
            "corrupt: a tensor with an impossible offset: w");
  EXPECT_EQ(changed("\"path_name\":\"weight_0\"", "\"path_name\":0"),
            "corrupt: a path that is not a file name");
  EXPECT_EQ(changed("\"device\":{\"type\":\"cpu\",\"index\":null}", "\"device\":7"), "");
  EXPECT_EQ(with_row("\"w\":7"), "corrupt: a path that is not a file name");
  EXPECT_EQ(with_row("\"w\":{\"path_name\":\"weight_0\",\"tensor_meta\":null}"),
            "unsupported: a tensor of an unknown type: -1, w");
  // It is counted among what is left aside.
  EXPECT_EQ(with_row("\"w\":{\"path_name\":\"custom_obj_0\",\"tensor_meta\":null}"), "");
}

TEST(ExportArchives, HaveConfigsOfTheirForm) {
  for (const std::string& config : {""s, "{"s, "{}"s, "[]"s, "{\"config\":[]}"s, "7"s,
                                    export_config({export_row("w", "weight_0", {2}, {1}),
                                                   export_row("w", "weight_0", {2}, {1})})})
    EXPECT_TRUE(with_config(config).starts_with("corrupt: ")) << config << with_config(config);
}

TEST(ExportArchives, HoldCheckpointsThatAreOnes) {
  EXPECT_EQ(with_row(export_row_of(7, true, "w", "weight_1")), "");
  EXPECT_NE(with_row(export_row_of(7, true, "w", "weight_0")), "");
  EXPECT_EQ(with_row(export_row_of(7, true, "w", "weight_9")),
            "corrupt: a tensor whose record is not in the archive: weight_9");
}

TEST(ExportArchives, AreOfAKnownFormat) {
  EXPECT_EQ(told(ZipBuilder().stored("m/archive_format", "pt3").build()),
            "unsupported: an archive of another format than pt2: pt3");
  EXPECT_EQ(told(ZipBuilder().stored("m/archive_format", "pt2").build()),
            "unsupported: a torch.export archive without weights");
  EXPECT_EQ(told(ZipBuilder()
                     .stored("m/archive_format", "pt2")
                     .stored("m/data/weights/a.pt", CheckpointBuilder(integer(7)).build())
                     .stored("m/data/weights/a_weights_config.json", export_config({}))
                     .build()),
            "ambiguous: a model whose data is in two records");
  EXPECT_EQ(
      told(ZipBuilder().stored("m/archive_format", "pt2").stored("m/byteorder", "middle").build()),
      "corrupt: a byte order that is neither little nor big: middle");
}

TEST(ExportArchives, OfTheFirstYearsHoldWholeCheckpoints) {
  const std::string file =
      ZipBuilder()
          .stored("serialized_exported_program.json", "{}")
          .stored("serialized_state_dict.pt", CheckpointBuilder(dict({text("a"), kNone})).build())
          .stored("serialized_example_inputs.pt", "")
          .build();
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(value_text(opened->root()), "{\"state_dict\": {\"a\": None}}");
}

TEST(ExportArchives, ShareTheStorageOfARecord) {
  const std::string file = export_archive();
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto whole = opened->root().at("state_dict").at("w").tensor();
  const auto part = opened->root().at("state_dict").at("v").tensor();
  ASSERT_TRUE(whole.ok() && part.ok());
  EXPECT_EQ(whole->storage().id(), part->storage().id());
  std::vector<float> numbers(2);
  ASSERT_TRUE(part->copy_to(std::span(numbers)).ok());
  EXPECT_EQ(numbers, (std::vector<float>{2, 4}));
  EXPECT_TRUE(whole->is_parameter());
  EXPECT_TRUE(whole->requires_grad());
}

}  // namespace
