// What a file or a member is, judged by its content, and the container that opens it.
#pragma once

#include <cstdint>

#include "container/container.h"

namespace safe_load::formats {

// `reach`: how much of a file whose pickles end nobody knows where to read at first.
// A failure with kUnsupported says what the bytes are instead.
container::Outcome<container::ContainerPtr> recognise(const container::Slice& slice,
                                                      const OpenOptions& options,
                                                      std::uint64_t reach);

}  // namespace safe_load::formats
