// TextIndex: finds the number of a text among many that somebody else keeps. One flat table.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace safe_load::base {

// Open addressing over numbers; the texts stay where they are, and `text_of(number)` gives them
// back. The hash is seeded, so that nobody can prepare texts that all collide.
class TextIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  // Room for so many texts; takes up to 22 bytes for each.
  void reserve(std::size_t count) { slots_.assign(std::bit_ceil(count + count / 3 + 2), Slot()); }

  // The number of this text, which becomes `number` if it is new. REQUIRES: room.
  template <class TextOf>
  std::uint32_t add(std::string_view text, std::uint32_t number, TextOf&& text_of) {
    const std::uint64_t hash = hash_of(text);
    Slot& slot = slots_[place_of(text, hash, text_of)];
    if (slot.number == kNone) slot = {static_cast<std::uint32_t>(hash >> 32), number};
    return slot.number;
  }

  // kNone if no such text was added.
  template <class TextOf>
  std::uint32_t find(std::string_view text, TextOf&& text_of) const {
    return slots_.empty() ? kNone : slots_[place_of(text, hash_of(text), text_of)].number;
  }

 private:
  struct Slot {
    std::uint32_t check = 0;  // more bits of the hash: most other texts are told apart by it
    std::uint32_t number = kNone;
  };

  static std::uint64_t hash_of(std::string_view text) {
    SipHash hash;
    hash.add(text);
    return hash.finish();
  }

  // Of the text, or of the free slot where it would be.
  template <class TextOf>
  std::size_t place_of(std::string_view text, std::uint64_t hash, TextOf& text_of) const {
    const auto check = static_cast<std::uint32_t>(hash >> 32);
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(hash) & mask;
    while (slots_[place].number != kNone &&
           (slots_[place].check != check || text_of(slots_[place].number) != text))
      place = (place + 1) & mask;
    return place;
  }

  std::vector<Slot> slots_;
};

}  // namespace safe_load::base
