// Which kind of value a node of the tape is.
#pragma once

#include "pickle/tape.h"
#include "safe_load/value.h"

namespace safe_load::api {

ValueKind kind_of(const pickle::Node& node);

}  // namespace safe_load::api
