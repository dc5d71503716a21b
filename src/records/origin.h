// Origin: the library that wrote a checkpoint, as far as its values tell.
#pragma once

#include <string>
#include <vector>

#include "safe_load/checkpoint.h"

namespace safe_load::records {

// "DeepSpeed 0.14.2: ...", printable, each once; none if nothing tells.
std::vector<std::string> origins(const Checkpoint& checkpoint);

}  // namespace safe_load::records
