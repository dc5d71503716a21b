// pack: compresses as the programs of the day do it, with the libraries that these are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decompress/coding.h"

namespace test_support {

using safe_load::decompress::Coding;

// Those that this build reads.
std::vector<Coding> codings();

// One stream. REQUIRES: one of codings().
std::string pack(Coding coding, std::string_view content);

}  // namespace test_support
