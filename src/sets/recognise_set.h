// What several files are together, and the container that opens them.
#pragma once

#include <cstdint>
#include <vector>

#include "container/container.h"

namespace safe_load::sets {

// An index and the shards that it names, metadata of torch.distributed.checkpoint and the files
// that they name, shards that hold pieces of tensors, or what the processes of one run saved.
// `reach`: how much of a file whose pickles end nobody knows where to read at first.
container::Outcome<container::ContainerPtr> recognise_set(std::vector<container::Slice> files,
                                                          const OpenOptions& options,
                                                          std::uint64_t reach);

}  // namespace safe_load::sets
