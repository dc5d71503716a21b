// HeapHost: memory of the heap, where a sanitizer sees its ends.
#pragma once

#include <memory>
#include <vector>

#include "base/host.h"

class HeapHost final : public safe_load::base::Host {
 public:
  safe_load::Result<safe_load::SharedBytes> allocate(std::uint64_t size) override {
    const auto kept = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(size));
    return safe_load::SharedBytes{*kept, kept};
  }
  std::unique_ptr<safe_load::base::Blocks> large_blocks() override {
    return std::make_unique<safe_load::base::HeapBlocks>();
  }
  void prepare(std::span<std::byte>) override {}
  void run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                    const std::function<bool()>&) override {
    for (std::size_t i = 0; i < count; ++i) work(i);
  }
};
