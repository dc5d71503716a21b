// What a user may do with a checkpoint that opened, all of it.
#pragma once

#include <safe_load/safe_load.h>

#include <cstdlib>
#include <vector>

namespace safe_load {

inline void read_everything(const Checkpoint& checkpoint) {
  if (to_text(checkpoint, "fuzz").empty() || to_json(checkpoint, "fuzz").empty()) std::abort();
  static_cast<void>(checkpoint.symbols());
  static_cast<void>(checkpoint.state_dict().ok());
  for (const NamedTensor& row : checkpoint.tensors()) {
    const auto size = row.tensor.copy_size();
    if (!size || *size > (1u << 20)) continue;
    std::vector<std::byte> copy(static_cast<std::size_t>(*size));
    static_cast<void>(row.tensor.copy_bytes_to(copy).ok());
    static_cast<void>(row.tensor.statistics().ok());
  }
  for (const Issue& issue : checkpoint.issues())
    if (issue.message.empty()) std::abort();
}

}  // namespace safe_load
