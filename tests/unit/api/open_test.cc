// Opening: every way to bytes gives the same checkpoint, under every option.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/bytes.h"
#include "support/checkpoint_builder.h"
#include "support/guarded_buffer.h"
#include "support/temporary_file.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Access;
using safe_load::ByteOrder;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::Issue;
using safe_load::OpenOptions;
using safe_load::Result;

// {"w": the six floats 1 to 6}
std::string weights_pickle() {
  return "\x80\2" + dict({text("w"), tensor(storage("0", 6), 0, {2, 3}, {3, 1})}) + ".";
}

std::string stored_file() {
  return CheckpointBuilder::around(weights_pickle())
      .storage("0", raw<float>({1, 2, 3, 4, 5, 6}))
      .build();
}

std::string deflated_file() {
  return ZipBuilder()
      .deflated("a/data.pkl", weights_pickle())
      .deflated("a/data/0", raw<float>({1, 2, 3, 4, 5, 6}))
      .deflated("a/version", "3\n")
      .build();
}

// The elements of "w", or why they are not there.
std::string weights(const Result<Checkpoint, Issue>& opened) {
  if (!opened) return opened.error().text();
  const auto tensor = opened->root()["w"].tensor();
  if (!tensor) return "no tensor";
  float values[6];
  const auto copied = tensor->copy_to(std::span<float>(values));
  if (!copied) return std::string(copied.error().reason());
  std::string out;
  for (const float value : values) out += std::to_string(static_cast<int>(value));
  return out;
}

std::string read_through_descriptor(const std::string& path, std::uint64_t start,
                                    const OpenOptions& options = {}) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto opened = Checkpoint::open_descriptor(descriptor, start, options);
  ::close(descriptor);  // the checkpoint has its own
  return weights(opened);
}

// What torch.load does about that the tests of Python hold it against.
TEST(Open, SaysWhereTheLastRecordThatIsNeededEnds) {
  const std::string file = stored_file();
  const std::string data = raw<float>({1, 2, 3, 4, 5, 6});
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->container().end, file.find(data) + data.size());
  const std::string plain = CheckpointBuilder::around("\x80\2K\1.").build();
  const auto number = open_bytes(plain);
  ASSERT_TRUE(number) << number.error();
  EXPECT_EQ(number->container().end, plain.find("K\1.") + 3);
}

TEST(Open, GivesTheSameByPathSpanVectorAndDescriptor) {
  for (const std::string& file : {stored_file(), deflated_file()})
    for (const Access access : {Access::kAutomatic, Access::kMapped, Access::kCopied}) {
      const OpenOptions options{.access = access};
      const TemporaryFile kept(file);
      const GuardedBuffer borrowed(file);
      EXPECT_EQ(weights(Checkpoint::open(kept.path(), options)), "123456");
      EXPECT_EQ(weights(Checkpoint::open(borrowed.bytes(), options)), "123456");
      EXPECT_EQ(weights(open_bytes(file, options)), "123456");
      EXPECT_EQ(read_through_descriptor(kept.path(), 0, options), "123456");
    }
}

TEST(Open, ReadsFromTheMiddleOfAFile) {
  for (const std::size_t start : {1u, 100u, 4096u, 5000u})
    for (const Access access : {Access::kMapped, Access::kCopied}) {
      const TemporaryFile kept(std::string(start, '#') + stored_file());
      EXPECT_EQ(read_through_descriptor(kept.path(), start, {.access = access}), "123456") << start;
      EXPECT_EQ(read_through_descriptor(kept.path(), start - 1).substr(0, 11), "this is in ");
    }
}

TEST(Open, CountsOffsetsFromTheStartOfTheSlice) {
  const TemporaryFile kept("#####" + stored_file().substr(0, 200));
  const int descriptor = ::open(kept.path().c_str(), O_RDONLY | O_CLOEXEC);
  const auto opened = Checkpoint::open_descriptor(descriptor, 5);
  ::close(descriptor);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().offset, 200u);
}

TEST(Open, SaysWhatToDoWhenThereIsNoFile) {
  const auto missing = Checkpoint::open("/nowhere/model.pt");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_EQ(missing.error().message, "cannot open the file: No such file or directory");
  EXPECT_EQ(missing.error().hint, "check the path and the permissions");
  const auto folder = Checkpoint::open("/");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(Checkpoint::open_descriptor(-1, 0).ok());
}

TEST(Open, EndsWhenNobodyWantsItAnyMore) {
  std::string pickle;
  for (int i = 0; i < 1 << 20; ++i) pickle += "(1";
  int asked = 0;
  const auto opened =
      test_support::open_bytes(pickle + "N.", {.keep_going = [&] { return ++asked < 2; }});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kStopped);
  EXPECT_EQ(asked, 2);
}

TEST(Open, NeverWritesToTheFile) {
  for (const Access access : {Access::kMapped, Access::kCopied}) {
    const TemporaryFile kept(stored_file());
    const auto opened = Checkpoint::open(kept.path(), {.access = access});
    ASSERT_TRUE(opened.ok());
    const auto bytes = opened->storage(0).writable_bytes();
    ASSERT_TRUE(bytes.ok());
    std::fill(bytes->begin(), bytes->end(), std::byte{0});
    EXPECT_EQ(weights(opened), "000000");
    EXPECT_EQ(kept.content(), stored_file());
  }
}

TEST(Open, BorrowedBytesAreReadOnly) {
  const GuardedBuffer borrowed(stored_file());
  const auto opened = Checkpoint::open(borrowed.bytes());
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->storage(0).writable_bytes().error().code(), ErrorCode::kMismatch);
  EXPECT_TRUE(opened->storage(0).bytes().ok());
}

TEST(Open, SharedBytesOutliveTheCheckpoint) {
  const TemporaryFile kept(stored_file());
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
  {
    const auto opened = Checkpoint::open(kept.path());
    ASSERT_TRUE(opened.ok());
    bytes = *opened->storage(0).bytes();
    owner = opened->storage(0).share()->owner;
  }
  EXPECT_EQ(safe_load::base::as_text(bytes), raw<float>({1, 2, 3, 4, 5, 6}));
}

TEST(Open, KeepsItsViewsInPlaceWhenMoved) {
  auto opened = open_bytes(stored_file());
  ASSERT_TRUE(opened.ok());
  const auto bytes = *opened->storage(0).bytes();
  Checkpoint moved = *std::move(opened);
  EXPECT_EQ(moved.storage(0).bytes()->data(), bytes.data());
  EXPECT_EQ(moved.tensors().size(), 1u);
  auto other = open_bytes(deflated_file());
  ASSERT_TRUE(other.ok());
  moved = *std::move(other);
  EXPECT_EQ(moved.container().prefix, "a/");
  EXPECT_EQ(moved.tensors().size(), 1u);
}

// ---- verify

// What verifying finds, as "code MEMBER+OFFSET: message", or "" if nothing.

std::string verified(const ZipBuilder& zip, bool verify = true) {
  const auto opened = open_bytes(zip.build(), {.verify = verify});
  if (!opened) return "refused: " + opened.error().text();
  std::string found;
  for (const Issue& issue : opened->issues())
    found += std::string(to_text(issue.code)) + ' ' + issue.member + '+' +
             std::to_string(issue.offset) + ": " + issue.message;
  return found;
}

std::string different_crc(const ZipBuilder& zip, std::size_t entry, const std::string& member) {
  return "corrupt " + member + '+' + std::to_string(zip.local_offset(entry)) +
         ": the CRC-32 differs from the directory's: " + member;
}

template <class Lie>
ZipBuilder with_storage(Lie lie) {
  return ZipBuilder()
      .stored("a/", "")
      .stored("a/data.pkl", weights_pickle())
      .stored("a/data/0", raw<float>({1, 2, 3, 4, 5, 6}))
      .lie(lie)
      .deflated("a/version", "3\n");
}

TEST(Verify, FindsADifferentCrcAndKeepsTheFileOpen) {
  const auto flipped = with_storage([](ZipEntryParts& entry) { entry.data[3] ^= 1; });
  EXPECT_EQ(verified(flipped), different_crc(flipped, 2, "a/data/0"));
  EXPECT_EQ(verified(flipped, false), "");
}

TEST(Verify, HandsOutNoBytesThatItFoundDamaged) {
  const auto flipped = with_storage([](ZipEntryParts& entry) { entry.data[3] ^= 1; });
  const auto trusting = open_bytes(flipped.build());
  ASSERT_TRUE(trusting);
  EXPECT_TRUE(trusting->storage(0).bytes().ok());
  const auto verifying = open_bytes(flipped.build(), {.verify = true});
  ASSERT_TRUE(verifying);
  const auto bytes = verifying->storage(0).bytes();
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().reason(), "the CRC-32 differs from the directory's");
  EXPECT_FALSE(verifying->storage(0).writable_bytes().ok());
}

TEST(Verify, FindsNothingInAnHonestFile) {
  EXPECT_EQ(verified(with_storage([](ZipEntryParts&) {})), "");
}

TEST(Verify, TakesACrcOfZeroForAbsent) {
  const auto absent = with_storage([](ZipEntryParts& entry) {
    entry.data[3] ^= 1;
    entry.central.crc = 0;
  });
  EXPECT_EQ(verified(absent), "");
}

TEST(Verify, LooksAtRecordsThatNothingElseNeeds) {
  const auto with_unused = [](auto lie) {
    return with_storage([](ZipEntryParts&) {}).stored("a/unused", "content").lie(lie);
  };
  const auto flipped = with_unused([](ZipEntryParts& entry) { entry.data[0] = 'C'; });
  const auto renamed = with_unused([](ZipEntryParts& entry) { entry.local.name = "a/UNUSED"; });
  EXPECT_EQ(verified(flipped), different_crc(flipped, 4, "a/unused"));
  EXPECT_EQ(verified(renamed), "ambiguous a/unused+" + std::to_string(renamed.local_offset(4)) +
                                   ": local header and directory name differ: a/unused");
  EXPECT_EQ(verified(flipped, false), "");
  EXPECT_EQ(verified(renamed, false), "");
}

TEST(Verify, InflatesWhatIsDeflated) {
  const auto zip = ZipBuilder()
                       .deflated("a/data.pkl", "\x80\2N.")
                       .deflated("a/text", std::string(1000, 'x'))
                       .lie([](ZipEntryParts& entry) { entry.central.crc ^= 1; });
  EXPECT_EQ(verified(zip), different_crc(zip, 1, "a/text"));
}

TEST(Verify, ReadsRecordsLargerThanItsBlock) {
  const std::string large(1'000'000, 'x');
  const auto zip = ZipBuilder().stored("a/data.pkl", "\x80\2N.").stored("a/large", large);
  EXPECT_EQ(verified(zip), "");
  for (const std::size_t place : {0u, 262'143u, 262'144u, 999'999u}) {
    ZipBuilder flipped = zip;
    flipped.lie([&](ZipEntryParts& entry) { entry.data[place] = 'y'; });
    EXPECT_EQ(verified(flipped), different_crc(flipped, 1, "a/large")) << place;
  }
}

// ---- byte order

TEST(ByteOrderOption, CountsOnlyForFilesThatDoNotSay) {
  const std::string swapped =
      "\x3f\x80\0\0\x40\0\0\0\x40\x40\0\0\x40\x80\0\0\x40\xa0\0\0\x40\xc0\0\0"s;
  const auto file = [&](std::string_view byte_order) {
    CheckpointBuilder builder = CheckpointBuilder::around(weights_pickle());
    builder.storage("0", swapped);
    if (!byte_order.empty()) builder.record("byteorder", byte_order);
    return builder;
  };
  const OpenOptions as_big{.byte_order = ByteOrder::kBig};
  const OpenOptions as_little{.byte_order = ByteOrder::kLittle};
  EXPECT_EQ(weights(open(file(""), as_big)), "123456");
  EXPECT_EQ(weights(open(file("big"))), "123456");
  EXPECT_EQ(weights(open(file("big"), as_little)), "123456");
  for (const auto& opened : {open(file("")), open(file("little"), as_big)}) {
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->container().byte_order, ByteOrder::kLittle);
    EXPECT_NE(weights(opened), "123456");
  }
}

// ---- threads

// Many storages of each kind: in place, deflated, and of the other byte order.
std::string many_storages(int count, std::string_view byte_order) {
  std::string value = "](";
  ZipBuilder zip;
  for (int i = 0; i < count; ++i)
    value += tensor(storage(std::to_string(i), 256, "IntStorage"), 0, {256}, {1});
  zip.stored("a/data.pkl", "\x80\2" + value + "e.").stored("a/byteorder", byte_order);
  for (int i = 0; i < count; ++i) {
    std::string content;
    for (std::uint64_t k = 0; k < 256; ++k) {
      std::string word = little(static_cast<std::uint64_t>(i) * 1000 + k, 4);
      if (byte_order == "big") word = {word[3], word[2], word[1], word[0]};
      content += word;
    }
    const std::string name = "a/data/" + std::to_string(i);
    i % 2 == 0 ? zip.stored(name, content) : zip.deflated(name, content);
  }
  return zip.build();
}

TEST(Threads, ReadTheStoragesOfOneCheckpointAtOnce) {
  constexpr std::size_t kCount = 60;
  for (const std::string_view byte_order : {"little", "big"}) {
    const TemporaryFile kept(many_storages(kCount, byte_order));
    const auto opened = Checkpoint::open(kept.path());
    ASSERT_TRUE(opened.ok()) << opened.error();
    std::atomic<int> wrong = 0;
    const auto read_all = [&](std::size_t first) {
      for (std::size_t step = 0; step < kCount; ++step) {
        const std::size_t i = (first + step) % kCount;
        const auto value = opened->root()[static_cast<std::int64_t>(i)];
        const auto numbers = value.tensor()->as_span<std::int32_t>();
        const auto expected = static_cast<std::int32_t>(i * 1000 + 255);
        wrong += !numbers || (*numbers)[255] != expected || opened->path(value).empty() ? 1 : 0;
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 8; ++i) threads.emplace_back(read_all, i % 2 == 0 ? 0 : 7 * i);
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0) << byte_order;
  }
}

}  // namespace
