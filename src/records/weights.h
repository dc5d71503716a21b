// Which values are weights, and what their names are. python/safe_load/_inert/weights.py answers
// the same for objects of Python; tests/golden holds the two together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "safe_load/checkpoint.h"

namespace safe_load::records {

// Tensors of every kind, records of tensors of a class of their own, damaged values, which may have
// been some, and if `arrays` those of NumPy.
bool is_weight(const ValueView& value, bool arrays);

// A tensor of one element, or of none.
bool is_number(const ValueView& weight);

// Of a key: text as it is, also as bytes, and a whole number of 64 bits as its digits.
std::optional<std::string> name_of(const ValueView& key);

// A key for a message; also one that is no name.
std::string text_of_key(const ValueView& key);

// Whether the key leads to state of the training, or to what torch calls the extra state of a
// module; or the value is the state of an optimizer.
bool is_beside_weights(const ValueView& key, const ValueView& value);

// Key, value, key, value ... of a dict, or of a record that stands for one; of others none.
Values pairs_of(const ValueView& holder);

// The weights by their names, each name once.
class WeightNames {
 public:
  // kAmbiguous if the name was there before, kUnsupported if the weight is not a plain tensor.
  Status add(std::string_view name, const ValueView& weight);

  // Pays for a name of a whole module; kLimit if all of them cost more than kMostNameCost.
  Status pay(std::string_view name);

  bool is_empty() const { return names_.empty(); }
  StateDict take() { return std::move(found_); }

 private:
  std::unordered_set<std::string, base::TextHash> names_;
  StateDict found_;
  std::uint64_t cost_ = 0;
};

// The weights of a dict. What else holds tensors there is kUnsupported.
Status add_weights(const ValueView& holder, bool arrays, WeightNames& names);

}  // namespace safe_load::records
