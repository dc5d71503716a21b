// OpenOptions: how a checkpoint is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "safe_load/dtype.h"
#include "safe_load/limits.h"

namespace safe_load {
inline namespace v0 {

enum class Access : std::uint8_t {
  kAutomatic,  // kMapped, but kCopied on network file systems
  kMapped,     // tensor bytes stay in the file until touched; the file must not shrink meanwhile
  kCopied,     // tensor bytes are read into memory when first asked for
};

// What text of a Python 2 file is, where its bytes can be either.
enum class TextEncoding : std::uint8_t { kUtf8, kLatin1, kBytes };

struct OpenOptions {
  Limits limits = {};
  Access access = Access::kAutomatic;
  TextEncoding encoding = TextEncoding::kUtf8;
  std::optional<ByteOrder> byte_order = std::nullopt;  // for files that do not say
  bool verify = false;  // hold every record against its CRC-32, which reads the whole file
  // Asked now and then, by the thread that opens, while pickles are read: no ends it with kStopped.
  std::function<bool()> keep_going = {};
};

}  // namespace v0
}  // namespace safe_load
