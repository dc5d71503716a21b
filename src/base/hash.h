// Hashing of what a file chose: SipHash-1-3 with a seed of this process, so that nobody can prepare
// a file whose names all collide. Source: Aumasson and Bernstein, "SipHash", 2012.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>

#include "base/bytes.h"

namespace safe_load::base {

inline std::array<std::uint64_t, 2> hash_seed() {
  static const std::array<std::uint64_t, 2> kSeed = [] {
    std::random_device device;
    const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
    return std::array<std::uint64_t, 2>{word(), word()};
  }();
  return kSeed;
}

class SipHash {
 public:
  SipHash() {
    const auto [k0, k1] = hash_seed();
    v0_ ^= k0;
    v1_ ^= k1;
    v2_ ^= k0;
    v3_ ^= k1;
  }

  // Words are hashed as they come; how a value is cut into words is the caller's affair.
  void add(std::uint64_t word) {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }

  void add(std::string_view text) {
    const std::byte* bytes = as_bytes(text).data();
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) add(load_little<std::uint64_t>(bytes + i));
    std::uint64_t last = std::uint64_t{text.size()} << 56;
    for (int shift = 0; i < text.size(); ++i, shift += 8)
      last |= std::to_integer<std::uint64_t>(bytes[i]) << shift;
    add(last);
  }

  std::uint64_t finish() {
    v2_ ^= 0xFF;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_ = 0x736F6D6570736575;
  std::uint64_t v1_ = 0x646F72616E646F6D;
  std::uint64_t v2_ = 0x6C7967656E657261;
  std::uint64_t v3_ = 0x7465646279746573;
};

struct TextHash {
  std::size_t operator()(std::string_view text) const {
    SipHash hash;
    hash.add(text);
    return static_cast<std::size_t>(hash.finish());
  }
};

}  // namespace safe_load::base
