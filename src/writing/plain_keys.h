// Which keys of a dict, or members of a set, Python takes for equal.
#pragma once

#include <optional>
#include <string>

#include "writing/plain_values.h"

namespace safe_load::writing {

// One text for all values that are equal and have one hash; nothing for what cannot be a key, or is
// too large to tell. Beyond 64 bits some numbers share a text that are not equal. Tensors are told
// apart by what they are.
std::optional<std::string> key_text(const PlainValues& values, PlainValues::Id id);

}  // namespace safe_load::writing
