// StreamReader: somebody who reads on in the stream itself where a BUILD ends, as joblib does for
// the bytes of arrays.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

// What takes the place of the object that was built, and where the opcodes go on.
struct Follows {
  enum class What : std::uint8_t {
    kNothing,  // the object stays
    kBytes,    // a call of `function` with these bytes, and the arguments
    kPickle,   // the value of a pickle of its own, behind which the opcodes go on
  } what = What::kNothing;
  std::uint64_t skipped = 0;  // bytes before the bytes
  std::uint64_t size = 0;
  std::string_view module;  // of the function; texts that live on
  std::string_view name;
  std::array<NodeId, 3> arguments = {};
};

class StreamReader {
 public:
  // The most items of a state that are shown.
  static constexpr std::size_t kMostItems = 32;

  virtual ~StreamReader() = default;

  // `object`, a call, was given `state`, whose keys and values are `items` if it is a dict of few.
  // `rest` follows in the stream, at `offset`. What still grows has no items() on the tape yet.
  virtual Result<Follows> built(const Tape& tape, NodeId object, NodeId state,
                                std::span<const NodeId> items, base::Bytes rest,
                                std::uint64_t offset) = 0;
};

}  // namespace safe_load::pickle
