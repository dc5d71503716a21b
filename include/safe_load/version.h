// The version: written here and nowhere else; CMake and pyproject read this file.
#pragma once

#include <string_view>

namespace safe_load {
inline namespace v0 {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace v0
}  // namespace safe_load
