#include "safe_load/known_names.h"

#include "types/known.h"

namespace safe_load {
inline namespace v0 {

std::vector<KnownName> known_names() {
  std::vector<KnownName> names;
  for (const types::Known& row : types::known_names()) names.push_back({row.module, row.name});
  return names;
}

}  // namespace v0
}  // namespace safe_load
