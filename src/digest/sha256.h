// SHA-256: the only folder that knows libmd.
#pragma once

#include <string>
#include <string_view>

namespace safe_load::digest {

// As 64 hexadecimal digits.
std::string sha256(std::string_view text);

}  // namespace safe_load::digest
