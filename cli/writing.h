// What every command that writes a checkpoint does.
#pragma once

#include <safe_load/checkpoint.h>
#include <safe_load/write.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace cli {

std::string counted(std::size_t count, std::string_view noun);  // "1 byte", "2 bytes"

// Nothing if it cannot be opened, which is said.
std::optional<safe_load::Checkpoint> open_to_write(const Options& options);

// Says all that stands against writing. An exit code.
int refuse(const std::vector<safe_load::Issue>& issues, const Options& options);

// Writes the plan where the options say, or looks whether it could. An exit code.
int write(const safe_load::Plan& plan, const Options& options);

}  // namespace cli
