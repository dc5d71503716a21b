// Channel: how open files and bytes go from one process to another.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "descriptor.h"

namespace cli {

// The two ends, or nothing if the system has none left.
std::optional<std::pair<Descriptor, Descriptor>> make_channel();

bool send_descriptor(int channel, int descriptor);
// None when the other end is closed.
Descriptor receive_descriptor(int channel);

bool write_all(int channel, const void* bytes, std::size_t count);
bool read_all(int channel, void* bytes, std::size_t count);

}  // namespace cli
