// What a file is, judged by its content alone.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "decompress/coding.h"

namespace safe_load::archive {

// A kind of file, what it is to a person, and the next safe step.
struct Sniffed {
  enum class Kind {
    kZip,
    kLegacy,
    kTar,
    kSafetensors,
    kArray,
    kPickle,
    kProgram,     // native code
    kCompressed,  // as a whole: gzip, xz, 7z ...
    kPointer,     // of Git LFS
    kPage,
    kJson,
    kText,
    kZeros,
    kOther,
  } kind;
  std::string_view what;
  std::string_view hint;
  // Without a magic, as pickles of protocol 0 and 1 are: it must run to its end to be one.
  bool may_be_pickle = false;
  decompress::Coding coding = decompress::Coding::kNone;  // of what is compressed and can be read
};

// `head`: the first bytes of the file, 4096 or all of them. `size`: the whole file's.
Sniffed sniff(base::Bytes head, std::uint64_t size);

}  // namespace safe_load::archive
