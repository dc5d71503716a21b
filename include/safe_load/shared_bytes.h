// SharedBytes: bytes with what keeps them alive.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace safe_load {
inline namespace v0 {

struct SharedBytes {
  std::span<std::byte> bytes;
  std::shared_ptr<const void> owner = nullptr;  // null: nothing keeps them alive, or needs to
};

}  // namespace v0
}  // namespace safe_load
