// Legacy files in which one thing lies: rules L1 to L10 of docs/format/legacy.md.
#include <gtest/gtest.h>

#include "hostile/zip_forgery.h"
#include "support/legacy_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::ErrorCode;
using safe_load::Issue;
using safe_load::OpenOptions;

std::string floats(std::string_view storage, std::int64_t count) {
  return tensor(storage, 0, {count}, {1});
}

// {"a": three floats of "0", "b": two floats of "1"}
std::string two_tensors(std::string_view first = legacy_storage("0", 3)) {
  return dict({text("a"), floats(first, 3), text("b"), floats(legacy_storage("1", 2), 2)});
}

LegacyBuilder two_storages(std::string_view value = two_tensors()) {
  return LegacyBuilder(value).storage("0", raw<float>({1, 2, 3})).storage("1", raw<float>({4, 5}));
}

// Opens with one issue of this text at this place, and both tensors are listed; the second is
// whole.
void expect_first_is_bad(const std::string& file, std::string_view message,
                         std::string_view path = "$[\"a\"]") {
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened) << message << ": " << opened.error();
  ASSERT_EQ(opened->issues().size(), 1u) << message;
  const Issue& issue = opened->issues()[0];
  EXPECT_EQ(issue.code, ErrorCode::kCorrupt);
  EXPECT_EQ(issue.message, message);
  EXPECT_EQ(issue.path, path) << message;
  EXPECT_NE(issue.hint, "");
  for (const auto& row : opened->tensors()) {
    const auto elements = row.tensor.as_span<float>();
    if (row.name != "b") {
      EXPECT_FALSE(elements.ok()) << row.name;
      continue;
    }
    ASSERT_TRUE(elements) << message;
    EXPECT_EQ((*elements)[0], 4.0f);
    EXPECT_EQ((*elements)[1], 5.0f);
  }
}

TEST(LegacyForgeries, OpenIfTheyAreNone) {
  for (const int protocol : {1, 2, 3, 4, 5}) {
    const std::string file = LegacyBuilder(two_tensors(), protocol)
                                 .storage("0", raw<float>({1, 2, 3}))
                                 .storage("1", raw<float>({4, 5}))
                                 .build();
    EXPECT_EQ(complaint(file), "") << protocol;
    const auto opened = open_bytes(file);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->container().format, safe_load::Format::kLegacy);
    EXPECT_EQ(opened->container().protocol, protocol < 2 ? 0 : protocol);
    EXPECT_EQ(opened->container().record_count, 2u);
    EXPECT_TRUE(opened->container().notes.empty());
    const auto tensors = opened->tensors();
    ASSERT_EQ(tensors.size(), 2u);
    EXPECT_EQ((*tensors[0].tensor.as_span<float>())[2], 3.0f);
    EXPECT_EQ((*tensors[1].tensor.as_span<float>())[1], 5.0f);
  }
}

TEST(LegacyForgeries, HaveFivePicklesOfTheirForm) {
  const auto lying = [](auto&& lie) { return two_storages().lie(lie).build(); };
  const std::string magic = pickled("\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19"s);
  expect_refused({
      {"the version is 1002", lying([](auto& p) { p.version = pickled("M\xea\3"); }),
       ErrorCode::kCorrupt, 0, "legacy pickles of a version other than 1001"},
      {"the version is True", lying([](auto& p) { p.version = pickled(kTrue); }),
       ErrorCode::kCorrupt, 0, "legacy pickles of a version other than 1001"},
      {"the machine is a list", lying([](auto& p) { p.machine = pickled("]"); }),
       ErrorCode::kCorrupt, 0, "legacy pickles without a description of the machine"},
      {"the keys are a tuple", lying([](auto& p) { p.keys = pickled(tuple({text("0")})); }),
       ErrorCode::kCorrupt,
       two_storages().lie([](auto& p) { p.keys = pickled(tuple({text("0")})); }).data_offset(),
       "keys of storages that are not a list"},
  });
}

// A magic number that somebody computes is no sign of torch.save.
TEST(LegacyForgeries, AreNoCheckpointIfTheirMagicIsComputed) {
  auto file = two_storages();
  file.lie([](auto& p) {
    p.magic = pickled(reduce(symbol("builtins", "int"), {text("119547037146038801333356")}));
  });
  const auto opened = open_bytes(file.build());
  EXPECT_TRUE(!opened || opened->container().format == safe_load::Format::kPickle);
}

TEST(LegacyForgeries, ListEachKeyOnce) {  // L4
  const std::string six(24, '\1');
  auto twice = LegacyBuilder(floats(legacy_storage("0", 3), 3));
  twice.storage("0", raw<float>({1, 2, 3})).storage("0", raw<float>({4, 5, 6}));
  expect_refused({{"the same key twice", twice.build(), ErrorCode::kCorrupt,
                   twice.data_offset() + 8 + 12, "a key of a storage that is listed twice: 0"}});
  auto unknown = two_storages();
  unknown.storage("2", six);
  expect_refused(
      {{"a key that nothing names", unknown.build(), ErrorCode::kCorrupt,
        unknown.data_offset() + 8 + 12 + 8 + 8, "bytes of a storage that nothing describes: 2"}});
  auto numbers = two_storages();
  numbers.lie([](auto& p) { p.keys = pickled(list({integer(0), integer(1)})); });
  expect_refused({{"keys that are numbers", numbers.build(), ErrorCode::kCorrupt,
                   numbers.data_offset(), "a key of a storage that is not text"}});
}

TEST(LegacyForgeries, MissAKeyOfOneStorage) {  // L5
  expect_first_is_bad(LegacyBuilder(two_tensors()).storage("1", raw<float>({4, 5})).build(),
                      "a storage whose bytes are missing: 0");
}

// torch leaves such memory as it found it.
TEST(LegacyForgeries, MissAKeyOfAViewedStorage) {
  const std::string view = legacy_storage("0", 6, "FloatStorage", view_of("v", 1, 3));
  expect_first_is_bad(LegacyBuilder(two_tensors(view)).storage("1", raw<float>({4, 5})).build(),
                      "a storage whose bytes are missing: 0");
}

TEST(LegacyForgeries, HaveAnotherSizeInTheirData) {  // L2, L10
  const std::string message =
      "a storage that has another size in its data than in the pickle; perhaps two processes wrote "
      "the file: ";
  for (const std::string& content : {raw<float>({1, 2}), raw<float>({1, 2, 3, 4}), ""s})
    expect_first_is_bad(
        LegacyBuilder(two_tensors()).storage("0", content).storage("1", raw<float>({4, 5})).build(),
        message + std::to_string(content.size()) + " bytes instead of 12, storage 0");
}

// Behind it other bytes are read as a size.
TEST(LegacyForgeries, HaveASizeThatMakesTheNextOneNonsense) {
  const std::string file =
      LegacyBuilder(two_tensors()).storage("0", "").storage("1", raw<float>({4, 5})).build();
  const std::string shifted = file.substr(0, file.size() - 16) + raw<float>({1, 2, 3, 4});
  expect_refused({{"numbers where a size should be", shifted, ErrorCode::kCorrupt, file.size() - 16,
                   "a storage that has another size in its data than in the pickle; perhaps two "
                   "processes wrote the file: 0 bytes instead of 12, storage 0"}});
}

TEST(LegacyForgeries, EndBeforeTheirStoragesDo) {  // L3
  const std::string whole = two_storages().build();
  const std::uint64_t second = two_storages().data_offset() + 8 + 12;
  expect_refused({
      {"the last byte is missing", whole.substr(0, whole.size() - 1), ErrorCode::kTruncated, second,
       "the file ends before the end of a storage: 1 bytes are missing, storage 1"},
      {"an element is missing", whole.substr(0, whole.size() - 4), ErrorCode::kTruncated, second,
       "the file ends before the end of a storage: 4 bytes are missing, storage 1"},
      {"the count is missing", whole.substr(0, second + 7), ErrorCode::kTruncated, second,
       "the file ends before the bytes of a storage: 1"},
      {"the storage is missing", whole.substr(0, second), ErrorCode::kTruncated, second,
       "the file ends before the bytes of a storage: 1"},
  });
  for (const std::uint64_t count :
       {std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} / 4}) {
    auto file = LegacyBuilder(two_tensors()).storage("0", raw<float>({1, 2, 3}));
    const auto opened = open_bytes(file.counted("1", count, raw<float>({4, 5})).build());
    ASSERT_FALSE(opened) << count;
    EXPECT_EQ(opened.error().code, ErrorCode::kTruncated) << count;
  }
}

TEST(LegacyForgeries, ViewNothingOutsideTheirStorage) {  // L6
  const auto viewed = [](std::int64_t offset, std::int64_t count) {
    return two_storages(
               two_tensors(legacy_storage("0", 3, "FloatStorage", view_of("v", offset, count))))
        .build();
  };
  EXPECT_EQ(complaint(viewed(0, 3)), "");
  const std::string outside = "a view that reaches past its storage: 0";
  const std::string odd = "a view of a storage in a form that torch does not write: 0";
  expect_first_is_bad(viewed(1, 3), outside);
  expect_first_is_bad(viewed(3, 1), outside);
  for (const auto& [offset, count] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {-1, 1}, {0, -1}, {4, 0}, {0, 4}, {INT64_MAX, 1}, {std::int64_t{1} << 62, 3}})
    expect_first_is_bad(viewed(offset, count), odd);
}

// What is written to a view is seen in its storage, wherever the bytes have to be copied to.
TEST(LegacyForgeries, ShareBytesWithTheirViews) {
  for (const std::string& shift : {""s, "x"s, "1234567"s}) {
    const std::string view = legacy_storage("0", 4, "FloatStorage", view_of("v", 1, 2));
    const auto file = LegacyBuilder(list({text(shift), tensor(view, 0, {2}, {1}),
                                          floats(legacy_storage("0", 4), 4)}))
                          .storage("0", raw<float>({1, 2, 3, 4}))
                          .build();
    for (const std::string& whole : {file, ZipBuilder().deflated("a", file).build()}) {
      const auto opened = open_bytes(whole);
      ASSERT_TRUE(opened) << opened.error();
      const auto tensors = opened->tensors();
      ASSERT_EQ(tensors.size(), 2u);
      const auto bytes = tensors[0].tensor.storage().writable_bytes();
      ASSERT_TRUE(bytes) << bytes.error();
      ASSERT_EQ(bytes->size(), 8u);
      EXPECT_EQ((*tensors[0].tensor.as_span<float>())[1], 3.0f);
      (*bytes)[7] = std::byte{0xc0};
      EXPECT_EQ((*tensors[1].tensor.as_span<float>())[2], -3.0f) << shift;
    }
  }
}

// An offset of 2^62 doubles is 2^65 bytes, which a multiplication of 64 bits takes for nothing.
TEST(LegacyForgeries, ViewNothingByOverflow) {
  constexpr std::int64_t kMany = std::int64_t{1} << 60;
  const std::string view =
      legacy_storage("0", kMany, "DoubleStorage", view_of("v", kMany + 1, kMany + 1));
  const auto opened = open_bytes(LegacyBuilder(list({view})).counted("0", 0, "").build());
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_FALSE(opened->issues().empty());
}

TEST(LegacyForgeries, HaveViewsInNoFormOfTorch) {
  const std::string odd = "a view of a storage in a form that torch does not write: 0";
  for (const std::string& view :
       {tuple({text("v"), integer(0)}), tuple({text("v"), integer(0), integer(1), integer(1)}),
        tuple({integer(1), integer(0), integer(1)}), tuple({text("v"), real(0), integer(1)}),
        tuple({text("v"), integer(0), std::string(kTrue)}),
        list({text("v"), integer(0), integer(1)}), text("v"), "}"s, integer(0)})
    expect_first_is_bad(
        two_storages(two_tensors(legacy_storage("0", 3, "FloatStorage", view))).build(), odd);
}

TEST(LegacyForgeries, GiveOneKeyToOneThing) {  // L1, L6
  const auto pair = [](std::string_view first, std::string_view second) {
    return two_storages(list({first, second, legacy_storage("1", 2)})).build();
  };
  const auto viewed = [](std::string_view key, std::int64_t offset, std::int64_t count,
                         std::string_view root = "0", std::int64_t whole = 3) {
    return legacy_storage(root, whole, "FloatStorage", view_of(key, offset, count));
  };
  const std::string whole = legacy_storage("0", 3);
  EXPECT_EQ(complaint(pair(whole, whole)), "");
  EXPECT_EQ(complaint(pair(whole, viewed("v", 1, 2))), "");
  EXPECT_EQ(complaint(pair(viewed("v", 1, 2), viewed("v", 1, 2))), "");
  EXPECT_EQ(complaint(pair(viewed("v", 1, 2), viewed("w", 1, 2))), "");
  const std::string two_ways = ": a storage that is described in two ways: 0";
  const std::string two_views = ": a view of a storage that is described in two ways: ";
  struct Row {
    std::string first, second, complaint;
  };
  for (const Row& row : std::vector<Row>{
           {whole, legacy_storage("0", 2), two_ways},
           {whole, legacy_storage("0", 3, "IntStorage"), two_ways},
           {whole, legacy_storage("0", 3, "FloatStorage", kNone, "cuda:0"), two_ways},
           {whole, viewed("v", 0, 2, "0", 2), two_ways},
           {viewed("v", 0, 2), viewed("v", 1, 2), two_views + "v"},
           {viewed("v", 0, 2), viewed("v", 0, 1), two_views + "v"},
           {viewed("v", 0, 2), viewed("v", 0, 2, "1", 2), two_views + "v"},
           {whole, viewed("0", 0, 3), two_views + "0"},
           {whole, viewed("0", 0, 2, "1", 2), two_views + "0"},
           {viewed("2", 0, 2), legacy_storage("2", 2),
            ": a storage that is described in two ways: 2"},
       }) {
    const std::string found = complaint(pair(row.first, row.second));
    EXPECT_TRUE(found.starts_with("corrupt at ") && found.find(row.complaint) != std::string::npos)
        << row.complaint << "\n"
        << found;
    EXPECT_EQ(found.find('\n'), std::string::npos) << found;
  }
}

// torch gives one key to an empty storage that tensors of two types share.
TEST(LegacyForgeries, MayShareAKeyIfTheyAreEmpty) {
  const auto file =
      LegacyBuilder(list({floats(legacy_storage("0", 0), 0),
                          tensor(legacy_storage("0", 0, "LongStorage"), 0, {0}, {1})}))
          .storage("0", "");
  EXPECT_EQ(complaint(file.build()), "");
  const auto opened = open_bytes(file.build());
  ASSERT_TRUE(opened);
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].tensor.dtype(), safe_load::DType::kFloat32);
  EXPECT_EQ(tensors[1].tensor.dtype(), safe_load::DType::kInt64);
}

TEST(LegacyForgeries, MayHaveAByteStorageUnderTwoClasses) {
  const auto file =
      LegacyBuilder(
          list({legacy_storage("0", 4, "ByteStorage"),
                tensor_v3(legacy_storage("0", 4, "UntypedStorage"), "uint16", 0, {2}, {1})}))
          .storage("0", raw<std::uint16_t>({7, 8}), 1);
  EXPECT_EQ(complaint(file.build()), "");
}

TEST(LegacyForgeries, MayHoldUntypedStorages) {  // L9
  const auto file = LegacyBuilder(tensor_v3(legacy_storage("0", 3, "UntypedStorage"),
                                            "float8_e4m3fn", 0, {3}, {1}))
                        .storage("0", "\x38\x40\x44", 1);
  EXPECT_EQ(complaint(file.build()), "");
  const auto opened = open_bytes(file.build());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->tensors()[0].tensor.dtype(), safe_load::DType::kFloat8E4m3fn);
}

TEST(LegacyForgeries, HaveTrailingBytesNoted) {  // L7
  auto file = two_storages();
  file.lie([](auto& p) { p.trailing = "rest of it"; });
  const auto opened = open_bytes(file.build());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->issues().empty());
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_EQ(opened->container().notes[0], "10 bytes follow the last storage");
  EXPECT_EQ(opened->container().end, opened->container().file_size - 10);
}

// torch itself cannot read a persistent id of protocol 0, which is printed text.
TEST(LegacyForgeries, HaveNoPersistentIdsOfProtocol0) {
  const std::string found = complaint(LegacyBuilder("P('storage', 0)\n", 0).build());
  EXPECT_TRUE(found.starts_with("corrupt at ") || found.starts_with("unsupported at ")) << found;
}

TEST(LegacyForgeries, HavePersistentIdsInNoFormOfTorch) {
  const std::string odd = "a persistent id that is not a storage";
  const std::string kind = symbol("torch", "FloatStorage");
  const auto id = [&](std::initializer_list<std::string_view> parts) { return tuple(parts) + "Q"; };
  for (const std::string& value : {
           text("0") + "Q",
           id({text("storage"), kind, text("0"), text("cpu"), integer(3)}),
           id({text("module"), text("torch"), text("file"), text("source")}),
           id({text("module"), kind, text("file")}),
       }) {
    const std::string found = complaint(two_storages(list({value, two_tensors()})).build());
    EXPECT_TRUE(found.find(odd) != std::string::npos) << found;
  }
}

// Source text stays text: the id is the class it names.
TEST(LegacyForgeries, CompileNoSourceText) {
  const auto id =
      tuple({text("module"), symbol("m", "Net"), text("net.py"), text("import os")}) + "Q";
  const auto opened = open_bytes(two_storages(list({newobj(id, {}), two_tensors()})).build());
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_TRUE(opened->issues().empty());
  ASSERT_EQ(opened->container().notes.size(), 1u);
  const auto first = opened->root().items()[0];
  EXPECT_EQ(first.kind(), safe_load::ValueKind::kOpaque);
}

// What an id becomes may not be callable.
TEST(LegacyForgeries, CallNoStorage) {
  for (const std::string& value :
       {reduce(legacy_storage("0", 3), {}), newobj(legacy_storage("0", 3), {integer(1)})}) {
    const std::string found = complaint(two_storages(list({value, two_tensors()})).build());
    EXPECT_TRUE(found.starts_with("corrupt at ")) << found;
  }
  EXPECT_NE(
      complaint(two_storages(list({build(legacy_storage("0", 3), "}"), two_tensors()})).build()),
      "");
  EXPECT_NE(
      complaint(
          two_storages(list({build(reduce(text("x") + "Q", {}), "}"), two_tensors()})).build()),
      "");
}

// Larger than what is read at first, 1 MiB, and than each further try.
TEST(LegacyForgeries, MayBeLargerThanTheFirstRead) {
  for (const std::size_t size :
       {std::size_t{1} << 20, std::size_t{5} << 20, std::size_t{17} << 20}) {
    const std::string long_text(size, 'x');
    const auto file =
        two_storages(dict({text("t"), text(long_text), text("a"), floats(legacy_storage("0", 3), 3),
                           text("b"), floats(legacy_storage("1", 2), 2)}));
    const auto opened = open_bytes(file.build());
    ASSERT_TRUE(opened) << size << ": " << opened.error();
    EXPECT_TRUE(opened->issues().empty());
    ASSERT_EQ(opened->tensors().size(), 2u);
    EXPECT_EQ((*opened->tensors()[1].tensor.as_span<float>())[1], 5.0f);
    EXPECT_EQ(opened->root()["t"].get<std::string_view>()->size(), size);
  }
}

TEST(LegacyForgeries, MayBeCutInTheirPickles) {
  const std::string long_text(std::size_t{3} << 20, 'x');
  const auto file = two_storages(list({text(long_text), two_tensors()})).build();
  for (const std::size_t size : {std::size_t{1} << 20, std::size_t{2} << 20}) {
    const auto opened = open_bytes(file.substr(0, size));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kTruncated) << opened.error();
  }
}

// The limit counts bytes of pickles; data behind them do not count.
TEST(LegacyForgeries, KeepToTheLimitOfPickles) {
  const std::string data((std::size_t{2} << 20), '\1');
  const auto file = LegacyBuilder(legacy_storage("0", 1 << 19)).storage("0", data).build();
  OpenOptions options;
  options.limits.max_pickle_bytes = 1000;
  EXPECT_EQ(complaint(file, options), "");
  options.limits.max_pickle_bytes = 50;
  const auto opened = open_bytes(file, options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kLimit) << opened.error();
}

}  // namespace
