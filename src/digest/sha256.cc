#include "digest/sha256.h"

#include <sha2.h>

#include <array>
#include <cstdint>

namespace safe_load::digest {

std::string sha256(std::string_view text) {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
  SHA256Data(static_cast<const std::uint8_t*>(static_cast<const void*>(text.data())), text.size(),
             hex.data());
  return hex.data();
}

}  // namespace safe_load::digest
