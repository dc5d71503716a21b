// Sources of memory and of a part of another source. A parser sees a file through a Source alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/checked.h"
#include "safe_load/result.h"
#include "safe_load/source.h"

namespace safe_load::base {

// Up to `size` bytes at `offset`: what the source has of them, none if it cannot be read.
inline std::vector<std::byte> read_up_to(const Source& source, std::uint64_t offset,
                                         std::uint64_t size) {
  if (offset >= source.size()) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(size, source.size() - offset)));
  if (!source.read_at(offset, bytes)) return {};
  return bytes;
}

// First step of sources that are near: to read costs little there, and to begin a pickle again
// costs much.
inline constexpr std::uint64_t kLocalStep = std::uint64_t{1} << 20;

// Bytes in memory that somebody else owns.
class MemorySource final : public Source {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(bytes) {}

  Bytes bytes() const { return bytes_; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::uint64_t first_step() const override { return kLocalStep; }

  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (!fits(offset, into.size(), bytes_.size()))
      return Error(ErrorCode::kTruncated, "the data ends before the bytes that were asked for",
                   offset);
    std::copy_n(bytes_.data() + offset, into.size(), into.data());
    return {};
  }

 private:
  Bytes bytes_;
};

// A part of another source.
class PartSource final : public Source {
 public:
  // REQUIRES: fits(offset, size, whole.size()). `whole` must outlive this.
  PartSource(const Source& whole, std::uint64_t offset, std::uint64_t size)
      : whole_(whole), offset_(offset), size_(size) {}

  std::uint64_t size() const override { return size_; }
  std::uint64_t first_step() const override { return whole_.first_step(); }

  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (!fits(offset, into.size(), size_))
      return Error(ErrorCode::kTruncated, "the data ends before the bytes that were asked for",
                   offset);
    return whole_.read_at(offset_ + offset, into);
  }
  void will_read(std::span<const ByteRange> ranges) const override {
    std::vector<ByteRange> moved(ranges.begin(), ranges.end());
    for (ByteRange& range : moved) range.offset += offset_;
    whole_.will_read(moved);
  }

 private:
  const Source& whole_;
  std::uint64_t offset_;
  std::uint64_t size_;
};

}  // namespace safe_load::base
