// What libFuzzer calls for each new input: bytes are changed as it would, or by structure.
#include <algorithm>
#include <cstring>

#include "mutators.h"

using namespace safe_load::fuzz;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

std::string mutate_bytes(std::string_view content) {
  constexpr std::size_t kMore = 64;
  std::string out(content);
  out.resize(content.size() + kMore);
  auto* const bytes = reinterpret_cast<std::uint8_t*>(out.data());
  out.resize(LLVMFuzzerMutate(bytes, content.size(), out.size()));
  return out;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned seed) {
  Chance chance(seed);
  if (chance() % 3 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::string changed = content.starts_with("PK") ? mutate_zip(content, chance, mutate_bytes)
                                                        : mutate_pickle(content, chance);
  const std::size_t kept = std::min(changed.size(), most);
  std::memcpy(data, changed.data(), kept);
  return kept;
}
