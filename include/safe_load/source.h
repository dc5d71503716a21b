// Source: bytes that can be read at an offset: a file, memory, a browser's file, an object in a
// store.
//
//   struct Memory final : safe_load::Source {
//     std::vector<std::byte> all;
//     std::uint64_t size() const override { return all.size(); }
//     safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
//       if (offset > size() || into.size() > size() - offset)
//         return safe_load::Error(safe_load::ErrorCode::kTruncated, "the memory ends", offset);
//       std::ranges::copy(std::span(all).subspan(offset, into.size()), into.begin());
//       return {};
//     }
//   };
//   auto opened = safe_load::Checkpoint::open(std::make_shared<Memory>());
//
// The bytes must stay the same while somebody reads them. All functions are called from several
// threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "safe_load/export.h"
#include "safe_load/result.h"

namespace safe_load {
inline namespace v0 {

// [offset, offset + size)
struct ByteRange {
  std::uint64_t offset = 0;  // bytes
  std::uint64_t size = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

class SAFE_LOAD_EXPORT Source {
 public:
  virtual ~Source() = default;

  virtual std::uint64_t size() const = 0;  // bytes

  // Fills `into` with the bytes at `offset`. kTruncated if the source ends before; kIo if they
  // cannot be read.
  virtual Status read_at(std::uint64_t offset, std::span<std::byte> into) const = 0;

  // Says what will be read next, so that a source for which each read is a journey can fetch it all
  // at once. The ranges lie in the source, and may overlap. What cannot be fetched is reported by
  // read_at().
  virtual void will_read(std::span<const ByteRange> ranges) const { static_cast<void>(ranges); }

  // How much to read at first of what only shows where it ends when it is read.
  virtual std::uint64_t first_step() const { return std::uint64_t{64} << 10; }

  // The name of this file in its folder, as UTF-8; "" if it has none.
  virtual std::string name() const { return {}; }

  // Another file of the same folder, or of a folder in it ("shards/model-1.safetensors"), as the
  // index of a set names it. kUnsupported if there is no way to get at it.
  virtual Result<std::shared_ptr<const Source>> sibling(std::string_view name) const {
    return Error(ErrorCode::kUnsupported, "a source that has no files beside it").about(name);
  }
};

}  // namespace v0
}  // namespace safe_load
