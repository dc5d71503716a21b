// Claims: every format whose readers would take a file for their own by its first bytes.
//
// sniff() tells one kind, the one that a person means. Each program looks for its own marks alone,
// and these stand at different places: one file can have those of several.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace safe_load::archive {

// `head`: the first bytes of the file, 4096 or all of them. `size`: the whole file's. What runs
// nothing, such as pictures, has no claim; a pickle has one if it begins with PROTO and goes on.
std::vector<std::string_view> claims(base::Bytes head, std::uint64_t size);

}  // namespace safe_load::archive
