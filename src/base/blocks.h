// Blocks: where the large pieces of memory of a parser come from.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace safe_load::base {

class Blocks {
 public:
  virtual ~Blocks() = default;

  // So many bytes for objects of any type, not initialised, as long as this object lives.
  virtual std::byte* take(std::size_t bytes) = 0;
};

class HeapBlocks final : public Blocks {
 public:
  std::byte* take(std::size_t bytes) override {
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
    return blocks_.back().get();
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace safe_load::base
