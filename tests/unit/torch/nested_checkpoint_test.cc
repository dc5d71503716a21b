// Checkpoints inside a pickle: legacy pickles and the bytes of storages, read on the same tape.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/checkpoint_builder.h"
#include "support/zip_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::ValueKind;

std::string program(std::string_view value) { return "\x80\x02" + std::string(value) + "."; }

// The five programs and the data, each of which a test may forge.
struct Legacy {
  std::string magic = program("\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19"s);
  std::string version = program(integer(1001));
  std::string machine = program("}");
  std::string object;
  std::string keys = program(list({text("7")}));
  std::string data = little(3, 8) + raw<float>({1, 2, 3});

  std::string bytes() const { return magic + version + machine + program(object) + keys + data; }
};

// ("storage", torch.FloatStorage, key, "cpu", count, view) as a persistent id.
std::string legacy_storage(std::string_view key, std::int64_t count, std::string_view view = kNone,
                           std::string_view location = "cpu") {
  return tuple({text("storage"), symbol("torch", "FloatStorage"), text(key), text(location),
                integer(count), view}) +
         "Q";
}

std::string view_of(std::string_view key, std::int64_t offset, std::int64_t count) {
  return tuple({text(key), integer(offset), integer(count)});
}

Legacy holding(std::string object) {
  Legacy legacy;
  legacy.object = std::move(object);
  return legacy;
}

std::string loaded(const Legacy& legacy) {
  return reduce(symbol("torch.storage", "_load_from_bytes"), {bytes(legacy.bytes())});
}

std::string complaint_about(const Legacy& legacy) {
  return complaint(CheckpointBuilder(loaded(legacy)));
}

TEST(NestedCheckpoint, GivesTheStorageThatItHolds) {
  const auto opened = open(CheckpointBuilder(loaded(holding(legacy_storage("7", 3)))));
  ASSERT_TRUE(opened);
  const auto storage = opened->root().storage();
  ASSERT_TRUE(storage);
  const auto bytes = storage->bytes();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()),
            raw<float>({1, 2, 3}));
}

TEST(NestedCheckpoint, GivesTheTensorThatItHolds) {
  const std::string object = tensor(legacy_storage("7", 3), 1, {2}, {1});
  const auto opened = open(CheckpointBuilder(loaded(holding(object))));
  ASSERT_TRUE(opened);
  std::vector<float> values(2);
  ASSERT_TRUE(opened->root().tensor()->copy_to(std::span(values)).ok());
  EXPECT_EQ(values, (std::vector<float>{2, 3}));
}

TEST(NestedCheckpoint, IsUsedByWhatComesAfterIt) {
  const std::string outer = tensor(loaded(holding(legacy_storage("7", 3))), 0, {3}, {1});
  const auto opened = open(CheckpointBuilder(outer));
  ASSERT_TRUE(opened);
  std::vector<float> values(3);
  ASSERT_TRUE(opened->root().tensor()->copy_to(std::span(values)).ok());
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
}

TEST(NestedCheckpoint, HasKeysOfItsOwn) {
  const std::string object = legacy_storage("7", 3);
  const CheckpointBuilder file =
      CheckpointBuilder(tuple({storage("7", 2), loaded(holding(object)), loaded(holding(object))}));
  const auto opened = open(CheckpointBuilder(file).storage("7", raw<float>({8, 9})));
  ASSERT_TRUE(opened);
  const auto items = opened->root().items();
  EXPECT_EQ(items[0].storage()->byte_count(), 8u);
  EXPECT_EQ(items[1].storage()->byte_count(), 12u);
  EXPECT_NE(items[1].storage()->id(), items[2].storage()->id());
}

TEST(NestedCheckpoint, ReadsAViewOfAStorage) {
  const auto opened =
      open(CheckpointBuilder(loaded(holding(legacy_storage("7", 3, view_of("8", 1, 2))))));
  ASSERT_TRUE(opened);
  const auto bytes = opened->root().storage()->bytes();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()),
            raw<float>({2, 3}));
}

TEST(NestedCheckpoint, ReadsTextOfPython2AndComputedBytes) {
  const Legacy legacy = holding(legacy_storage("7", 3));
  const std::string from_python2 =
      reduce(symbol("torch.storage", "_load_from_bytes"), {python2(legacy.bytes())});
  const auto opened = open(CheckpointBuilder(from_python2));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->root().kind(), ValueKind::kStorage);
}

TEST(NestedCheckpoint, IsHeldAgainstItself) {
  const std::string object = legacy_storage("7", 3);
  const auto with = [&](auto&& forge) {
    Legacy legacy = holding(object);
    forge(legacy);
    return complaint_about(legacy);
  };
  const auto expect = [](const std::string& found, std::string_view expected) {
    EXPECT_NE(found.find(expected), std::string::npos) << found << "\n  " << expected;
  };
  expect(with([](Legacy& s) { s.magic = program(integer(7)); }), "torch's magic number");
  expect(with([](Legacy& s) { s.version = program(integer(1002)); }), "a version other than 1001");
  expect(with([](Legacy& s) { s.machine = program(kNone); }), "description of the machine");
  expect(with([](Legacy& s) { s.keys = program(kNone); }), "keys of storages that are not a list");
  expect(with([](Legacy& s) { s.keys = program(list({integer(7)})); }), "that is not text");
  expect(with([](Legacy& s) { s.keys = program(list({text("8")})); }), "that nothing describes: 8");
  expect(with([](Legacy& s) { s.keys = program(list({})); }), "whose bytes are missing");
  expect(with([](Legacy& s) {
           s.keys = program(list({text("7"), text("7")}));
           s.data += s.data;
         }),
         "listed twice: 7");
  expect(with([](Legacy& s) {
           s.data = little(2, 8) + raw<float>({1, 2});
         }),
         "another size in its data than in the pickle");
  expect(with([](Legacy& s) { s.data.pop_back(); }), "truncated");
  expect(with([](Legacy& s) { s.object = kNone; }), "that nothing describes: 7");
  expect(with([](Legacy& s) { s.object = integer(1) + "Q"; }),
         "a persistent id that is not a storage");
  expect(with([](Legacy& s) { s.object = "\x82\x01"; }), "an extension code");
}

TEST(NestedCheckpoint, HoldsDescriptionsOfOneStorageAgainstEachOther) {
  const auto found = [](std::string_view first, std::string_view second) {
    return complaint_about(holding(tuple({first, second})));
  };
  const std::string whole = legacy_storage("7", 3);
  const auto seen = [&](std::int64_t offset, std::int64_t count) {
    return legacy_storage("7", 3, view_of("8", offset, count));
  };
  EXPECT_NE(found(whole, legacy_storage("7", 4)).find("described in two ways: 7"),
            std::string::npos);
  EXPECT_NE(found(whole, legacy_storage("7", 3, kNone, "cuda:0")).find("in two ways: 7"),
            std::string::npos);
  EXPECT_NE(found(whole, seen(2, 2)).find("reaches past its storage: 7"), std::string::npos);
  EXPECT_NE(found(whole, seen(-1, 2)).find("that torch does not write: 7"), std::string::npos);
  EXPECT_NE(found(seen(1, 1), seen(1, 2)).find("described in two ways: 8"), std::string::npos);
  EXPECT_NE(found(whole, seen(1, 2)).find("holds neither a storage nor a tensor"),
            std::string::npos);
}

TEST(NestedCheckpoint, IsRefusedBelowEightLevels) {
  Legacy legacy = holding(legacy_storage("7", 3));
  for (int level = 2; level <= 9; ++level) {
    const std::string inner = loaded(legacy);
    if (level <= 8) {
      EXPECT_EQ(complaint(CheckpointBuilder(inner)), "") << level;
    }
    legacy = holding(inner);
    legacy.keys = program(list({}));
    legacy.data.clear();
  }
  EXPECT_NE(complaint_about(legacy).find("more than eight checkpoints inside each other"),
            std::string::npos);
}

// Each level is read once: work grows with the bytes, not with the calls that ask for them.
TEST(NestedCheckpoint, CannotBeReadAgainAndAgainForFree) {
  std::string marks;
  for (int i = 0; i < 100'000; ++i) marks += "(0";  // MARK, POP: costs time and leaves nothing
  const std::string blob = memoized(1, bytes(marks));
  std::string calls = memoized(0, symbol("torch.storage", "_load_from_bytes")) + "0" + blob + "0]";
  for (int i = 0; i < 20'000; ++i) calls += fetched(0) + fetched(1) + "\x85Ra";
  const std::string found = complaint(CheckpointBuilder(calls));
  EXPECT_NE(found.find("Limits::work_per_byte"), std::string::npos) << found.substr(0, 200);
}

TEST(NestedCheckpoint, EveryTruncationIsNoticed) {
  const std::string whole = holding(legacy_storage("7", 3)).bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string value =
        reduce(symbol("torch.storage", "_load_from_bytes"), {bytes(whole.substr(0, size))});
    EXPECT_NE(complaint(CheckpointBuilder(value)), "") << size;
  }
}

}  // namespace
