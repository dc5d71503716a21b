// The names that stand for values: everything else that a file names becomes an inert record.
#pragma once

#include <string_view>
#include <vector>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// An exact pair, as Python 3 spells it; views of constants.
struct KnownName {
  std::string_view module;
  std::string_view name;
};

// All of them, sorted. Which calls of one mean what is in docs/kinds.md.
SAFE_LOAD_EXPORT std::vector<KnownName> known_names();

}  // namespace v0
}  // namespace safe_load
