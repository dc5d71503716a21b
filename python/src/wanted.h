// Wanted: the values that are going to be built, numbered without gaps. Few nodes of a pickle
// become objects, so tables by place take a fraction of those by number.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace safe_load_python {

class Wanted {
 public:
  // `ids`: in ascending order, each below `count`.
  Wanted(std::vector<std::uint32_t> ids, std::uint32_t count)
      : ids_(std::move(ids)), words_(count / kBits + 1) {
    for (const std::uint32_t id : ids_) words_[id / kBits].bits |= bit(id);
    std::uint32_t before = 0;
    for (Word& word : words_) {
      word.before = before;
      before += static_cast<std::uint32_t>(std::popcount(word.bits));
    }
  }

  std::size_t size() const { return ids_.size(); }
  std::uint32_t operator[](std::size_t place) const { return ids_[place]; }
  const std::vector<std::uint32_t>& ids() const { return ids_; }

  bool has(std::uint32_t id) const { return (words_[id / kBits].bits & bit(id)) != 0; }
  // How many of them come before this number: its place, if it is one of them.
  std::size_t place(std::uint32_t id) const {
    const Word& word = words_[id / kBits];
    return word.before + static_cast<std::size_t>(std::popcount(word.bits & (bit(id) - 1)));
  }

 private:
  static constexpr std::uint32_t kBits = 64;
  static constexpr std::uint64_t bit(std::uint32_t id) { return std::uint64_t{1} << id % kBits; }

  struct Word {
    std::uint64_t bits = 0;
    std::uint32_t before = 0;
  };

  std::vector<std::uint32_t> ids_;
  std::vector<Word> words_;
};

}  // namespace safe_load_python
