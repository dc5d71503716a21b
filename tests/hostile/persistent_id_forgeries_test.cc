// Forged storages: persistent ids that contradict their records, and byte orders that are none.
#include "hostile/zip_forgery.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::ByteOrder;
using safe_load::ErrorCode;

// What is wrong with a checkpoint that holds this value and the storage "0" of eight bytes.
std::string verdict(std::string_view value) {
  return complaint(CheckpointBuilder(value).storage("0", raw<float>({1, 2})));
}

// "corrupt at OFFSET: message", where OFFSET is that of the last BINPERSID.
std::string at_last_id(std::string_view value, std::string_view message) {
  return "corrupt at " + std::to_string(2 + value.rfind('Q')) + ": " + std::string(message);
}

void expect_bad(std::initializer_list<std::pair<std::string, std::string>> cases) {
  for (const auto& [value, message] : cases)
    EXPECT_EQ(verdict(value), at_last_id(value, message)) << testing::PrintToString(value);
}

// The record of storage 0 has eight bytes.
std::string claims(int bytes) {
  return "a storage and its record differ in size: 8 bytes in the archive, " +
         std::to_string(bytes) + " in the pickle, storage 0";
}

// A persistent id whose last place holds `numel`.
std::string counted(std::string_view numel) {
  return tuple({text("storage"), symbol("torch", "FloatStorage"), text("0"), text("cpu"), numel}) +
         "Q";
}

TEST(PersistentIdForgeries, S1RecordsHaveExactlyTheClaimedSize) {
  expect_bad({
      {storage("0", 1), claims(4)},
      {storage("0", 3), claims(12)},
      {storage("0", 7, "ByteStorage"), claims(7)},
      {storage("0", 9, "UntypedStorage"), claims(9)},
      {storage("1", 2), "a storage whose record is not in the archive: 1"},
      {storage("../data/0", 2), "a storage whose record is not in the archive: ../data/0"},
  });
  EXPECT_EQ(verdict(storage("0", 2)), "");
  EXPECT_EQ(verdict(storage("0", 8, "ByteStorage")), "");
  EXPECT_EQ(verdict(storage("0", 8, "UntypedStorage")), "");
}

TEST(PersistentIdForgeries, S2AndS3NeedNoRecord) {
  EXPECT_EQ(verdict(storage("none", 0)), "");
  EXPECT_EQ(verdict(storage("none", 1'000'000, "FloatStorage", "meta")), "");
}

TEST(PersistentIdForgeries, S4OneKeyIsOneStorage) {
  const std::string kTwoWays = "a storage that is described in two ways: 0";
  const auto twice = [](std::string_view first, std::string_view second) {
    return list({first, second});
  };
  expect_bad({
      {twice(storage("0", 2), storage("0", 2, "IntStorage")), kTwoWays},
      {twice(storage("0", 2), storage("0", 8, "UntypedStorage")), kTwoWays},
      {twice(storage("0", 8, "ByteStorage"), storage("0", 8, "CharStorage")), kTwoWays},
      {twice(storage("0", 2), storage("0", 2, "FloatStorage", "cuda:0")), kTwoWays},
      {twice(storage("0", 2), storage("0", 0)), kTwoWays},
      {twice(storage("0", 0), storage("0", 2)), kTwoWays},
      {twice(storage("0", 2), storage("0", 3)), claims(12)},
  });
  EXPECT_EQ(verdict(twice(storage("0", 2), storage("0", 2))), "");
  EXPECT_EQ(verdict(twice(storage("0", 8, "ByteStorage"), storage("0", 8, "UntypedStorage"))), "");
}

TEST(PersistentIdForgeries, S5EmptyStoragesMayShareAKey) {
  const auto opened = open(
      CheckpointBuilder(list({storage("0", 0), storage("0", 0, "IntStorage"), storage("0", 0)})));
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->issues().empty());
  EXPECT_EQ(opened->root()[1].storage()->dtype(), safe_load::DType::kInt32);
  EXPECT_EQ(opened->root()[0].storage()->dtype(), safe_load::DType::kFloat32);
}

TEST(PersistentIdForgeries, CountsAreNumbers) {
  const std::string kNone = "a storage whose size is not a number: 0";
  expect_bad({
      {counted("\x88"), kNone},
      {counted("G@\0\0\0\0\0\0\0"s), kNone},
      {counted("N"), kNone},
      {counted(text("2")), kNone},
      {counted(integer(-1)), kNone},
      {counted("\x8a\x09\0\0\0\0\0\0\0\x80\0"s), kNone},                              // 2^63
      {counted("\x8a\x08\0\0\0\0\0\0\0\x40"s), "a storage whose size overflows: 0"},  // 2^62
  });
  EXPECT_EQ(verdict(counted("\x8a\1\2")), "");                     // as Python 2 writes it
  EXPECT_EQ(verdict(counted("\x8a\x09\2\0\0\0\0\0\0\0\0"s)), "");  // 2 all the same
}

TEST(PersistentIdForgeries, IdsAreTuplesOfFive) {
  const std::string kNone = "a persistent id that is not a storage";
  const std::string word = text("storage");
  const std::string kind = symbol("torch", "FloatStorage");
  const std::string key = text("0");
  const std::string cpu = text("cpu");
  const std::string two = integer(2);
  expect_bad({
      {"NQ", kNone},
      {text("0") + "Q", kNone},
      {list({word, kind, key, cpu, two}) + "Q", kNone},
      {tuple({word, kind, key, cpu}) + "Q", kNone},
      {tuple({word, kind, key, cpu, two, "N"}) + "Q", kNone},
      {tuple({text("Storage"), kind, key, cpu, two}) + "Q", kNone},
      {tuple({word, text("FloatStorage"), key, cpu, two}) + "Q", kNone},
      {tuple({word, kind, integer(0), cpu, two}) + "Q", kNone},
      {tuple({word, kind, key, "N", two}) + "Q", kNone},
      {tuple({word, symbol("os", "system"), key, cpu, two}) + "Q",
       "a storage of an unknown class: system"},
      {tuple({word, symbol("torch", "Size"), key, cpu, two}) + "Q",
       "a storage of an unknown class: Size"},
  });
}

TEST(PersistentIdForgeries, TheRestOfTheFileStaysUsable) {
  const std::string value = dict({text("bad"), tensor(storage("1", 2), 0, {2}, {1}), text("good"),
                                  tensor(storage("0", 2), 0, {2}, {1})});
  const auto opened = open(CheckpointBuilder(value).storage("0", raw<float>({1, 2})));
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_EQ(opened->issues().size(), 1u);
  const safe_load::Issue& issue = opened->issues()[0];
  EXPECT_EQ(issue.member, "archive/data.pkl");
  EXPECT_EQ(issue.path, "$[\"bad\"]");
  EXPECT_NE(issue.hint, "");
  EXPECT_EQ(opened->tensors().size(), 1u);
  EXPECT_EQ(opened->root()["bad"].kind(), safe_load::ValueKind::kDamaged);
  EXPECT_EQ((*opened->root()["good"].tensor()->as_span<float>())[0], 1.0f);
}

TEST(ByteOrderForgeries, OnlyTwoWordsAreByteOrders) {
  constexpr std::string_view kNeither = "a byte order that is neither little nor big";
  for (const auto& [content, message] :
       {std::pair("Little"s, std::string(kNeither) + ": Little"),
        std::pair("little\n"s, std::string(kNeither) + ": little\\n"),
        std::pair("bigger"s, std::string(kNeither) + ": bigger"),
        std::pair(""s, std::string(kNeither))})
    expect_refused({{content, honest().stored("a/byteorder", content).build(), ErrorCode::kCorrupt,
                     0, message, "a/byteorder"}});
  const ZipBuilder larger = honest().stored("a/byteorder", std::string(65, 'x'));
  expect_refused({{"65 bytes", larger.build(), ErrorCode::kLimit, larger.local_offset(3),
                   "a record of more than 64 bytes where a word is expected", "a/byteorder"}});
}

TEST(ByteOrderForgeries, BothWordsAreUnderstood) {
  for (const auto& [word, order] :
       {std::pair("little", ByteOrder::kLittle), std::pair("big", ByteOrder::kBig)}) {
    const auto opened = open_bytes(honest().stored("a/byteorder", word).build());
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->container().byte_order, order);
  }
}

}  // namespace
