// The pickle of plain values: protocol 2, what pickletools.optimize leaves of torch.save's own.
// docs/format/write.md has every rule.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "safe_load/result.h"
#include "writing/plain_values.h"

namespace safe_load::writing {

// `meets_storage` is told of each storage when it is reached first, in the order of the pickle, and
// may set its texts and numbers then. kUnsupported for a tuple, or the arguments of a call, that
// contain themselves; kLimit for what has no opcode (texts from 4 GiB on, integers beyond 255
// bytes).
Result<std::string> plain_pickle(PlainValues& values, PlainValues::Id root,
                                 const std::function<void(PlainValues::Id)>& meets_storage);

}  // namespace safe_load::writing
