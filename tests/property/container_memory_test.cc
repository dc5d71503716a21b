// MemoryBound of containers other than zip: at most 16 MiB + 64 bytes per byte of pickles, headers
// and tables, and time in proportion to them. Here these are the whole file.
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>

#include <chrono>

#include "base/bytes.h"
#include "property/attack_size.h"
#include "support/allocation_meter.h"
#include "support/archive_builder.h"
#include "support/checkpoint_builder.h"
#include "support/legacy_builder.h"
#include "support/safetensors_builder.h"
#include "support/tar_builder.h"
#include "support/temporary_folder.h"
#include "support/zip_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Checkpoint;

void expect_bounded(const std::string& what, const std::string& file) {
  const auto start = std::chrono::steady_clock::now();
  const AllocationMeter meter;
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  const std::string outcome = opened ? "opens" : opened.error().text();
  EXPECT_LE(meter.peak(), (std::size_t{16} << 20) + 64 * file.size())
      << what << ": " << outcome << ", " << meter.peak() / file.size() << " bytes per byte";
  // It hangs, or takes quadratic time; not a measurement.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << what;
}

// `row(i)` for i = 0, 1, 2 ... as often as it fits.
template <class Row>
std::string rows(Row&& row, std::size_t size = kAttackSize) {
  std::string out;
  for (int i = 0; out.size() < size; ++i) out += row(i);
  return out;
}

std::string short_text(int i) {
  const std::string digits = std::to_string(i);
  return "\x8c" + little(digits.size(), 1) + digits;
}

// Memo: 1 "storage", 2 the class, 3 "cpu", 4 "0".
const std::string kParts = text("storage") + "q\1" + symbol("torch", "FloatStorage") + "q\2" +
                           text("cpu") + "q\3" + text("0") + "q\4";

TEST(MemoryBound, OfLegacyFilesIsBounded) {
  const auto legacy = [](auto&& row) { return LegacyBuilder(kParts + "](" + rows(row) + "e"); };
  const auto view = [](int i) { return "(h\1h\2h\4h\3K\1(" + short_text(i) + "K\0K\1ttQ"s; };
  const auto root = [](int i) { return "(h\1h\2" + short_text(i) + "h\3K\1NtQ"; };
  const auto empty = [](int i) { return "(h\1h\2" + short_text(i) + "h\3K\0NtQ"s; };
  expect_bounded("views of one storage", legacy(view).storage("0", "abcd").build());
  expect_bounded("views of a storage that is missing", legacy(view).build());
  expect_bounded("views of a storage of another size", legacy(view).storage("0", "").build());
  expect_bounded("storages that are missing", legacy(root).build());
  expect_bounded("one id again and again",
                 legacy([](int) { return "(h\1h\2h\4h\3K\1NtQ"s; }).storage("0", "abcd").build());
  expect_bounded("locations",
                 legacy([](int i) { return "(h\1h\2h\4" + short_text(i) + "K\1NtQ"; }).build());
  expect_bounded("empty storages of two classes", legacy([&](int i) {
                                                    return "(h\1h\2h\4h\3K\0NtQ(h\1"s +
                                                           symbol("torch", "ByteStorage") +
                                                           "h\4h\3K\0NtQ"s + (i == 0 ? "" : "0");
                                                  }).build());
  auto listed = legacy(empty);
  for (int i = 0; i < 40'000; ++i) listed.storage(std::to_string(i), "");
  expect_bounded("keys", listed.build());
  auto keys = LegacyBuilder("N");
  keys.lie([](auto& parts) { parts.keys = pickled("](" + rows([](int) { return "N"s; }) + "e"); });
  expect_bounded("keys that are none", keys.build());
  auto machine = LegacyBuilder("N");
  machine.lie(
      [](auto& parts) { parts.machine = pickled("](" + rows([](int) { return "}"s; }) + "e0}"); });
  expect_bounded("the machine", machine.build());
}

// What is read at first is a megabyte, whatever the pickle needs.
TEST(MemoryBound, OfASmallPickleBeforeMuchDataIsBounded) {
  const auto file =
      LegacyBuilder(legacy_storage("0", 1 << 24)).storage("0", std::string(1 << 26, '\1'));
  const std::string bytes = file.build();
  for (const std::string& content : {bytes, pickled("N") + std::string(1 << 26, '\1')}) {
    const AllocationMeter meter;
    const auto opened = Checkpoint::open(safe_load::base::as_bytes(content));
    ASSERT_TRUE(opened.ok()) << opened.error();
    EXPECT_LE(meter.peak(), std::size_t{4} << 20);
  }
}

TEST(MemoryBound, OfBarePicklesIsBounded) {
  expect_bounded("tuples without a protocol", "N" + rows([](int) { return "\x85"s; }) + ".");
  expect_bounded("what is not a pickle", "N" + rows([](int) { return "\x85"s; }));
  expect_bounded("text that is not a pickle", "(" + rows([](int) { return "]"s; }));
  const std::string inner = LegacyBuilder(legacy_storage("7", 0)).storage("7", "").build();
  expect_bounded("checkpoints inside",
                 pickled(symbol("torch.storage", "_load_from_bytes") + "q\1" + bytes(inner) +
                         "\x85q\2](" + rows([](int) { return "h\1h\2R"s; }) + "e"));
}

TEST(MemoryBound, OfSafetensorsIsBounded) {
  const auto header = [](const std::string& start, auto&& row, const std::string& end) {
    std::string body = rows(row);
    body.pop_back();
    return safetensors(start + body + end, "");
  };
  const auto named = [](std::string_view facts) {
    return [facts](int i) { return "\"" + std::to_string(i) + "\":" + std::string(facts) + ","; };
  };
  expect_bounded(
      "tensors",
      header("{", named("{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"), "}"));
  expect_bounded("no tensors", header("{", named("0"), "}"));
  expect_bounded("empty objects", header("{", named("{}"), "}"));
  expect_bounded("numbers", header(
                                "{\"a\":[", [](int) { return "1,"s; }, "]}"));
  expect_bounded("empty texts", header(
                                    "{\"a\":[", [](int) { return "\"\","s; }, "]}"));
  expect_bounded("empty arrays", header(
                                     "{\"a\":[", [](int) { return "[],"s; }, "]}"));
  expect_bounded("arrays of one", header(
                                      "{\"a\":[", [](int) { return "[1],"s; }, "]}"));
  expect_bounded("objects of one", header(
                                       "{\"a\":[", [](int) { return "{\"\":1},"s; }, "]}"));
  expect_bounded(
      "deep arrays",
      header(
          "{\"a\":[", [](int) { return std::string(60, '[') + std::string(60, ']') + ","; }, "]}"));
  expect_bounded("a wide shape",
                 header(
                     "{\"w\":{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":[0,",
                     [](int) { return "1,"s; }, "]}}"));
  expect_bounded("metadata", header("{\"__metadata__\":{", named("\"\""), "}}"));
  expect_bounded("facts", header("{\"w\":{", named("0"), "}}"));
}

TEST(MemoryBound, OfExportArchivesIsBounded) {
  const auto archive = [](const std::string& config) {
    return ZipBuilder()
        .stored("m/data/weights/model_weights_config.json", config)
        .stored("m/data/weights/w", "abcd")
        .stored("m/data/weights/p", CheckpointBuilder(kNone).build())
        .stored("m/archive_format", "pt2")
        .build();
  };
  const auto config = [](auto&& row) {
    std::string body = rows(row);
    body.pop_back();
    return "{\"config\":{" + body + "}}";
  };
  const auto named = [](std::string_view facts) {
    return [facts](int i) { return "\"" + std::to_string(i) + "\":" + std::string(facts) + ","; };
  };
  const std::string view =
      "{\"path_name\":\"w\",\"tensor_meta\":{\"dtype\":1,\"layout\":7,\"storage_offset\":{\"as_"
      "int\":0}}}";
  expect_bounded("views", archive(config(named(view))));
  expect_bounded("one checkpoint again and again",
                 archive(config(named("{\"path_name\":\"p\",\"use_pickle\":true}"))));
  expect_bounded("custom objects", archive(config(named("{\"path_name\":\"custom_obj_\"}"))));
  const std::string wide = "\"w\":" + view.substr(0, view.size() - 2) + ",\"sizes\":[";
  expect_bounded("sizes", archive("{\"config\":{" + wide +
                                  rows([](int) { return "{\"as_int\":1},"s; }) + "{}]}}}}"));
}

TEST(MemoryBound, OfPackagesIsBounded) {
  const auto package = [](const std::string& pickle) {
    return ZipBuilder()
        .stored("p/.data/extern_modules", "")
        .stored("p/.data/0.storage", "abcd")
        .stored("p/m/m.pkl", pickle)
        .build();
  };
  const std::string once = "\x80\2" + package_storage(0, 1);
  const std::string id = once.substr(2, once.size() - 3) + "q\1](";  // the tuple, without its Q
  expect_bounded("one storage", package("\x80\2" + id + rows([](int) { return "h\1Q"s; }) + "e."));
  const std::string object = package_object("m", "f", tuple({}));
  const std::string made = object.substr(0, object.size() - 1) + "q\1](";
  expect_bounded("objects", package("\x80\2" + made + rows([](int) { return "h\1Q"s; }) + "e."));
  expect_bounded(
      "objects with ids",
      package(pickled("](" + rows([](int i) { return package_object("m", "f", tuple({}), i); }) +
                      "e")));
  ZipBuilder zip;
  zip.stored("p/.data/extern_modules", "");
  for (int i = 0; i < 20'000; ++i) zip.stored("p/" + std::to_string(i) + ".pkl", "\x80\2N.");
  expect_bounded("pickles", zip.build());
}

TEST(MemoryBound, OfShardedSetsIsBounded) {
  const auto quoted = [](int i) { return "\"" + std::to_string(i) + "\""; };
  const auto object = [](std::string body) {
    body.pop_back();
    return "{" + body + "}";
  };
  const std::string shard = safetensors(
      object(rows(
          [&](int i) {
            return quoted(i) + ":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},";
          },
          kAttackSize / 2)),
      "");
  const auto expect_set_bounded = [&](const std::string& what, const std::string& map) {
    TemporaryFolder folder;
    const std::string index = "{\"weight_map\":" + map + "}";
    folder.file("s", shard).file("model.index.json", index);
    const AllocationMeter meter;
    const auto opened = Checkpoint::open(folder.path());
    EXPECT_LE(meter.peak(), (std::size_t{16} << 20) + 64 * (index.size() + shard.size())) << what;
  };
  expect_set_bounded("all names",
                     object(rows([&](int i) { return quoted(i) + ":\"s\","; }, kAttackSize / 8)));
  expect_set_bounded("names that are not there",
                     object(rows([&](int i) { return quoted(-i) + ":\"s\","; })));
  expect_set_bounded(
      "shards that are not there",
      object(rows([&](int i) { return quoted(i) + ":" + quoted(i) + ","; }, kAttackSize / 8)));
}

TEST(MemoryBound, OfTarFilesIsBounded) {
  const auto many = [](auto&& row) {
    std::vector<std::string> out;
    std::size_t size = 0;
    for (int i = 0; size < kAttackSize; ++i) {
      out.push_back(row(i));
      size += out.back().size();
    }
    return out;
  };
  TarCheckpoint tar;
  tar.value = std::string(kNone);
  tar.storages = many([](int i) { return tar_storage(i, "", 0); });
  expect_bounded("storages", tar.build());
  // The shortest rows there are.
  const std::string kind = symbol("torch", "ByteStorage");
  tar.storages =
      many([&](int i) { return "(" + integer(i) + "U\0"s + kind + "t." + little(0, 8); });
  expect_bounded("short storages", tar.build());
  tar.storages = {tar_storage(INT64_MIN, "abcd", 1)};
  tar.views = many([](int i) { return tar_view(i, INT64_MIN, 0, 1); });
  expect_bounded("views", tar.build());
  tar.views.clear();
  const auto scalar = [](int i) {
    return "(" + integer(i) + integer(INT64_MIN) + "Nt." + std::string(16, '\0');
  };
  tar.tensors = many(scalar);
  expect_bounded("tensors", tar.build());
  tar.tensors = many([](int i) {
    return tar_tensor(i, INT64_MIN, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1});
  });
  expect_bounded("tensors of five dimensions", tar.build());
  TarBuilder members = TarCheckpoint{std::string(kNone), {}, {}, {}}.tar();
  for (int i = 0; i < 4000; ++i) members.member(std::string(100, 'x'), "");
  expect_bounded("members", members.build());
}

TEST(MemoryBound, OfZipsOfCheckpointsIsBounded) {
  const auto zip_of = [](std::string_view content) {
    ZipBuilder zip;
    for (int i = 0; i < 20'000; ++i) zip.stored(std::to_string(i), content);
    return zip.build();
  };
  expect_bounded("pickles", zip_of("\x80\2N."));
  expect_bounded("texts", zip_of("A text."));
  expect_bounded("web pages", zip_of("<html>"));
  expect_bounded("empty files", zip_of(""));
  expect_bounded("legacy files", zip_of(LegacyBuilder("N").build()));
  expect_bounded("safetensors", zip_of(safetensors("{}", "")));
  expect_bounded("zip files", zip_of(ZipBuilder().stored("x", "\x80\2N.").build()));
}

}  // namespace
