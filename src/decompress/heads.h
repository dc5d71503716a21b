// How data begins that is compressed without a magic.
#pragma once

#include "base/bytes.h"

namespace safe_load::decompress {

// `head`: the first bytes of the data, of which there may be more.
bool is_zlib(base::Bytes head);
bool is_lzma(base::Bytes head);  // LZMA without a container

}  // namespace safe_load::decompress
