// Listing: the rows that both the text and the JSON report show, collected once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "safe_load/checkpoint.h"
#include "safe_load/distributed_tensor.h"

namespace safe_load::report {

// A value that is not a tensor, nor a container of others; or a container of many plain values.
struct ValueRow {
  std::string path;
  std::string kind;
  std::string text;
  bool is_idle = false;  // what every module keeps besides its weights: flags, and empty tables
};

struct Listing {
  std::vector<NamedTensor> tensors;
  std::uint64_t distinct_tensors = 0;
  std::uint64_t storage_bytes = 0;  // of the storages in the result, each counted once
  std::uint64_t arrays = 0;         // of NumPy
  std::vector<ValueRow> values;
  std::uint64_t more_values = 0;  // that are not idle, and were left out
  std::vector<RankTensor> ranks;
  std::vector<std::string> origins;
  std::vector<SymbolUse> unknown;  // names that are not in the table
  std::vector<SymbolUse> known;
};

// `most_values`: rows of values that are not idle; 0: all.
Listing collect(const Checkpoint& checkpoint, std::size_t most_values = 0);

}  // namespace safe_load::report
