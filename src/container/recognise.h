// What a file or a member is, judged by its content, and the container that opens it.
#pragma once

#include <cstdint>
#include <vector>

#include "container/container.h"

namespace safe_load::container {

// `reach`: how much of a file whose pickles end nobody knows where to read at first.
// A failure with kUnsupported says what the bytes are instead.
Outcome<ContainerPtr> recognise(const Slice& slice, const OpenOptions& options,
                                std::uint64_t reach);

// The same for several files: an index and the shards that it names, metadata of
// torch.distributed.checkpoint and the files that they name, or shards that hold pieces of tensors.
Outcome<ContainerPtr> recognise_set(std::vector<Slice> files, const OpenOptions& options,
                                    std::uint64_t reach);

}  // namespace safe_load::container
