// JoblibArrays: the arrays that joblib.dump writes between the opcodes of a pickle.
//
// An array is pickled as an object that describes it (NumpyArrayWrapper), and where its BUILD ends,
// the bytes of the array stand in the stream: a byte that says how many more fill up, those, and
// the elements; without both from joblib before 1.2. An array of objects stands there as a pickle
// of its own. Source: joblib/numpy_pickle.py of 0.10 to 1.6.
#pragma once

#include <cstdint>

#include "container/container.h"
#include "pickle/stream_reader.h"
#include "safe_load/limits.h"

namespace safe_load::formats {

class JoblibArrays final : public pickle::StreamReader {
 public:
  explicit JoblibArrays(const Limits& limits) : limits_(limits) {}

  bool knows(const pickle::Symbol& symbol) const override;
  Result<pickle::Follows> built(const pickle::Tape& tape, pickle::NodeId object,
                                pickle::NodeId state, base::Bytes rest,
                                std::uint64_t offset) override;

  // Where they stand.
  const container::StreamArrays& found() const { return found_; }

 private:
  Result<pickle::Follows> follow(const pickle::Tape& tape, pickle::NodeId state,
                                 base::Bytes rest) const;

  Limits limits_;
  container::StreamArrays found_;
};

// Whether a symbol is the class of those objects.
bool is_joblib_wrapper(const pickle::Symbol& symbol);

}  // namespace safe_load::formats
