// Which values are weights, and what their names are. python/safe_load/_inert/weights.py answers
// the same for objects of Python; tests/golden holds the two together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "safe_load/checkpoint.h"

namespace safe_load::records {

// Tensors of every kind, damaged values, which may have been some, and if `arrays` those of NumPy.
bool is_weight(const ValueView& value, bool arrays);

// Of a key: text as it is, also as bytes, and a whole number of 64 bits as its digits.
std::optional<std::string> name_of(const ValueView& key);

// The weights by their names, each name once.
class WeightNames {
 public:
  // kAmbiguous if the name was there before, kUnsupported if the weight is not a plain tensor.
  Status add(std::string_view name, const ValueView& weight);

  // Pays for a name of a whole module; kLimit if all of them cost more than kMostNameCost.
  Status pay(std::string_view name);

  std::vector<StateDict::Item> take() { return std::move(items_); }

 private:
  std::unordered_set<std::string, base::TextHash> names_;
  std::vector<StateDict::Item> items_;
  std::uint64_t cost_ = 0;
};

}  // namespace safe_load::records
