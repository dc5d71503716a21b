// Pickles as text: base64 or hex in a string of JSON.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

namespace safe_load::scanner {

// Whether a value is a pickle, or base64 or hex of one, by how it begins and ends.
bool looks_like_pickle(std::string_view text);

// Calls `found` for each string of a JSON text that is a pickle as base64 or hex, and for each that
// Stable-Baselines3 would unpickle, whatever it looks like. Reads strings alone, so that no fault
// of the text around them hides one.
void for_each_packed_pickle(
    std::string_view json,
    const std::function<void(std::string_view key, std::vector<std::byte> pickle)>& found);

}  // namespace safe_load::scanner
