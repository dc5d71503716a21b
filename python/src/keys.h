// What it costs Python to put keys into a dict or a set, where a file may have chosen their hashes.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <span>

namespace safe_load_python {

enum class KeyHolder : std::uint8_t { kDict, kSet };

// Counts for all dicts and sets of one file together. Text and bytes are nearly never looked at:
// Python's hash of these is seeded.
class KeyCosts {
 public:
  // Whether the keys, in the order in which they come, cost no more than chance could explain.
  // Raises what Python raises for a value that it cannot hash.
  bool are_affordable(std::span<PyObject* const> keys, KeyHolder holder);

 private:
  bool spend(std::uint64_t steps);

  std::uint64_t spent_ = 0;  // steps beyond what honest keys take
};

}  // namespace safe_load_python
