// Walk: the opcodes of a pickle one after another, without running them.
#pragma once

#include <cstdint>
#include <functional>

#include "base/bytes.h"
#include "pickle/opcodes.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

// Calls `visit` with each opcode, its offset and the bytes of its argument (of a text or bytes: the
// content; of a line: without the line feed), up to the first STOP. Returns the offset behind it.
Result<std::uint64_t> walk(
    base::Bytes program,
    const std::function<void(Opcode, std::uint64_t offset, base::Bytes argument)>& visit);

}  // namespace safe_load::pickle
