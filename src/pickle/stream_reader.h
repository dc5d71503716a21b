// StreamReader: somebody who reads on in the stream itself where a BUILD ends, as joblib does for
// the bytes of arrays.
#pragma once

#include <array>
#include <cstdint>
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
  virtual ~StreamReader() = default;

  // Whether it takes anything where objects of this class are built. built() is asked only once
  // there is such a name.
  virtual bool knows(const Symbol& symbol) const = 0;

  // `object`, a call, was given `state`. `rest` follows in the stream, at `offset`. What is on the
  // tape may grow on: its content is growing_items() and last_state(), not yet items().
  virtual Result<Follows> built(const Tape& tape, NodeId object, NodeId state, base::Bytes rest,
                                std::uint64_t offset) = 0;
};

}  // namespace safe_load::pickle
