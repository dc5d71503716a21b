// GuardedBuffer: bytes that end at an unmapped page, so that one byte too many is a crash, not
// luck.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace test_support {

class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::string_view content);
  ~GuardedBuffer();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<std::byte> pages_;
  std::span<const std::byte> bytes_;
};

}  // namespace test_support
