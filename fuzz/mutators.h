// Mutators that know structure: a pickle as its instructions, a zip file as its entries. What they
// give is mostly well-formed, so that fuzzing spends its time behind the first check.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace safe_load::fuzz {

using Chance = std::minstd_rand;

// The instructions of a pickle, each with its operand; the last may be what is not an opcode.
std::vector<std::string_view> split_pickle(std::string_view pickle);

// Swaps, cuts, repeats, inserts and replaces instructions, some with operands in odd forms.
std::string mutate_pickle(std::string_view pickle, Chance& chance);

// Changes bytes of what has no structure that is known here.
using MutateBytes = std::function<std::string(std::string_view)>;

// Changes the content of an entry, its name or its place, and writes the file anew; at times one of
// its fields lies. What is not a zip file is returned as it is.
std::string mutate_zip(std::string_view file, Chance& chance, const MutateBytes& mutate);

}  // namespace safe_load::fuzz
