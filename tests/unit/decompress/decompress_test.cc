// decompress: what a program packed comes back whole, or the reason why it does not.
#include "decompress/decompress.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "os/host.h"
#include "support/guarded_buffer.h"
#include "support/packer.h"

namespace {

using namespace std::string_view_literals;
using safe_load::ErrorCode;
using safe_load::decompress::Decompressed;
using test_support::Coding;
using test_support::codings;
using test_support::pack;

constexpr std::uint64_t kMost = std::uint64_t{1} << 24;

Decompressed unpack(Coding coding, std::string_view packed, std::uint64_t most = kMost) {
  static safe_load::os::SystemHost host;
  const test_support::GuardedBuffer buffer(packed);
  return safe_load::decompress::decompress(coding, buffer.bytes(), most, host);
}

std::string text_of(const Decompressed& content) {
  return std::string(safe_load::base::as_text(content.bytes.bytes));
}

// Neither all alike nor all different.
std::string content_of(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * i / 97 % 61);
  return content;
}

TEST(Decompress, GivesBackWhatWasPacked) {
  for (const Coding coding : codings())
    for (const std::size_t size : {0u, 1u, 1000u, 65'536u, 65'537u, 1'000'000u}) {
      const std::string content = content_of(size);
      const std::string packed = pack(coding, content);
      const Decompressed out = unpack(coding, packed);
      ASSERT_FALSE(out.error) << to_text(coding) << size << *out.error;
      EXPECT_TRUE(text_of(out) == content) << to_text(coding) << size;
      EXPECT_EQ(out.streams, 1u) << to_text(coding);
      EXPECT_EQ(out.end, packed.size()) << to_text(coding);
    }
}

TEST(Decompress, RefusesEveryTruncation) {
  const std::string content = content_of(3000);
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, content);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      const Decompressed out = unpack(coding, std::string_view(packed).substr(0, size));
      ASSERT_TRUE(out.error) << to_text(coding) << " cut at " << size;
      EXPECT_TRUE(out.error->code() == ErrorCode::kTruncated ||
                  out.error->code() == ErrorCode::kCorrupt)
          << to_text(coding) << " cut at " << size << *out.error;
      EXPECT_LE(out.error->offset(), size);
      EXPECT_TRUE(content.starts_with(text_of(out))) << to_text(coding) << " cut at " << size;
    }
  }
}

// All but LZMA alone carry a checksum.
TEST(Decompress, NeverGivesOtherContentForAFlippedBit) {
  const std::string content = content_of(300);
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, content);
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
      std::string flipped = packed;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      const Decompressed out = unpack(coding, flipped);
      const bool is_same = !out.error && text_of(out) == content;
      EXPECT_TRUE(is_same || out.error || coding == Coding::kLzma)
          << to_text(coding) << ", bit " << bit;
    }
  }
}

TEST(Decompress, ReadsStreamsBehindEachOther) {
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, "first, ") + pack(coding, "second");
    const Decompressed out = unpack(coding, packed);
    const bool is_series = coding != Coding::kZlib && coding != Coding::kLzma;
    ASSERT_FALSE(out.error) << to_text(coding) << *out.error;
    EXPECT_EQ(text_of(out), is_series ? "first, second" : "first, ") << to_text(coding);
    EXPECT_EQ(out.streams, is_series ? 2u : 1u) << to_text(coding);
    EXPECT_EQ(out.end, is_series ? packed.size() : pack(coding, "first, ").size());
  }
}

TEST(Decompress, LeavesBytesBehindTheStreamAlone) {
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, "content");
    const Decompressed out = unpack(coding, packed + "behind");
    EXPECT_FALSE(out.error) << to_text(coding);
    EXPECT_EQ(text_of(out), "content") << to_text(coding);
    EXPECT_EQ(out.end, packed.size()) << to_text(coding);
  }
}

TEST(Decompress, SkipsZerosThatFillUp) {
  const std::string zeros(8, '\0');
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, "content");
    const bool may_follow = coding == Coding::kGzip || coding == Coding::kXz;
    EXPECT_EQ(unpack(coding, packed + zeros).end, packed.size() + (may_follow ? 8 : 0))
        << to_text(coding);
  }
}

TEST(Decompress, StopsABombAtTheLimit) {
  const std::string zeros(std::size_t{1} << 26, '\0');
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, zeros);
    EXPECT_LT(packed.size(), zeros.size() / 900) << to_text(coding);
    const Decompressed out = unpack(coding, packed, 1'000'000);
    ASSERT_TRUE(out.error) << to_text(coding);
    EXPECT_EQ(out.error->code(), ErrorCode::kLimit) << to_text(coding) << *out.error;
    EXPECT_LE(out.bytes.bytes.size(), 1'000'000u) << to_text(coding);
  }
}

TEST(Decompress, TakesNoMoreMemoryThanAFileShows) {
  for (const Coding coding : codings()) {
    const Decompressed out = unpack(coding, pack(coding, "x"), 1);
    EXPECT_TRUE(!out.error || out.error->code() == ErrorCode::kLimit) << to_text(coding);
  }
}

TEST(Decompress, ReadsEveryPartOfAGzipHeader) {
  const std::string packed = pack(Coding::kGzip, "content");
  const auto with = [&](char flags, std::string_view parts) {
    std::string changed = packed;
    changed[3] = flags;
    return changed.insert(10, parts);
  };
  for (const auto& [file, parts] : {std::pair{'\4', "\3\0abc"sv},
                                    {'\x08', "model.pkl\0"sv},
                                    {'\x10', "a comment\0"sv},
                                    {'\2', "\1\2"sv},
                                    {'\x1e', "\1\0xname\0comment\0\1\2"sv}})
    EXPECT_EQ(text_of(unpack(Coding::kGzip, with(file, parts))), "content") << int{file};
  const Decompressed reserved = unpack(Coding::kGzip, with('\x20', ""));
  ASSERT_TRUE(reserved.error);
  EXPECT_EQ(reserved.error->code(), ErrorCode::kUnsupported);
  const Decompressed endless = unpack(Coding::kGzip, with('\x08', "").substr(0, 10) + "name");
  ASSERT_TRUE(endless.error);
  EXPECT_EQ(endless.error->code(), ErrorCode::kTruncated);
  EXPECT_EQ(endless.error->offset(), 14u);
}

// What a reader sees before it looks at the checksum.
TEST(Decompress, KeepsContentWhoseChecksumIsWrong) {
  for (const auto& [coding, trailer] :
       {std::pair{Coding::kGzip, 8u}, std::pair{Coding::kZlib, 4u}}) {
    std::string packed = pack(coding, "content");
    packed[packed.size() - trailer] ^= 1;
    const Decompressed out = unpack(coding, packed);
    ASSERT_TRUE(out.error) << to_text(coding);
    EXPECT_EQ(out.error->code(), ErrorCode::kCorrupt);
    EXPECT_EQ(out.error->offset(), packed.size() - trailer);
    EXPECT_EQ(text_of(out), "content");
  }
}

TEST(Decompress, RefusesZlibWithADictionary) {
  const Decompressed out = unpack(Coding::kZlib, "\x78\xbb\1\2\3\4\x03\0\0\0\0\1"sv);
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->code(), ErrorCode::kUnsupported);
}

}  // namespace
