// Promise: whatever the bytes and whatever container they seem to be, opening ends in a checkpoint
// or in an issue that says what; and of a checkpoint that opened everything can be read.
#include <cstdint>

#include "base/bytes.h"
#include "read_everything.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Options come from the input, so that a found case repeats.
  OpenOptions options;
  options.verify = size % 2 == 1;
  options.encoding = static_cast<TextEncoding>(size % 3);
  const auto opened = Checkpoint::open(std::as_bytes(std::span(data, size)), options);
  if (opened) {
    read_everything(*opened);
  } else if (opened.error().message.empty()) {
    std::abort();
  }
  return 0;
}
