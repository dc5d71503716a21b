// Output: memory that grows with what is decompressed, never by what a header claims.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/host.h"
#include "base/try.h"

namespace safe_load::decompress {

class Output {
 public:
  // Never holds more than `most` bytes; begins with `first`. `host` must outlive this.
  Output(base::Host& host, std::uint64_t first, std::uint64_t most)
      : host_(host), first_(first), most_(most) {}

  base::Bytes bytes() const { return base::Bytes(memory_.bytes).first(size_); }
  std::span<std::byte> room() const { return memory_.bytes.subspan(size_); }
  // The first `size` bytes of room() were filled.
  void add(std::size_t size) { size_ += size; }

  // grow() if no room is left.
  Status make_room() { return room().empty() ? grow() : Status(); }
  // Twice as much room as before, or what is left. kLimit if nothing is.
  Status grow() {
    const std::uint64_t now = memory_.bytes.size();
    if (now >= most_) return Error(ErrorCode::kLimit, "it unpacks to more than the limits allow");
    SAFE_LOAD_TRY_ASSIGN(SharedBytes larger,
                         host_.allocate(std::min(most_, std::max(first_, 2 * now))));
    std::copy_n(memory_.bytes.data(), size_, larger.bytes.data());
    memory_ = std::move(larger);
    return {};
  }

  // What was added, with the memory that it lies in.
  SharedBytes take() && { return {memory_.bytes.first(size_), std::move(memory_.owner)}; }

 private:
  base::Host& host_;
  std::uint64_t first_;
  std::uint64_t most_;
  SharedBytes memory_;
  std::size_t size_ = 0;
};

}  // namespace safe_load::decompress
