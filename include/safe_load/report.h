// Reports: what a checkpoint holds, as text for people and as JSON for programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "safe_load/checkpoint.h"

namespace safe_load {

struct TextOptions {
  std::size_t width = 0;      // columns; 0: as wide as needed, nothing is cut
  std::size_t most_rows = 0;  // of values; 0: all
  bool color = false;         // ANSI escapes around what also has words
};

// Container, tensors with type, shape, size and aliases, other values, inert classes, issues. Every
// name from the file is escaped. Ends in a line feed.
std::string to_text(const Checkpoint& checkpoint, std::string_view title,
                    const TextOptions& options = {});

// One value or tensor, with statistics of its elements.
std::string to_text(const Checkpoint& checkpoint, const ValueView& value,
                    const TextOptions& options = {});

// The same facts as an object whose first member is "schema": "safe-load.inspect/1";
// docs/guide/json.md describes it. Members may be added without a new number, never changed.
std::string to_json(const Checkpoint& checkpoint, std::string_view title);
std::string to_json(const Checkpoint& checkpoint, const ValueView& value);
// Why a file could not be opened: "schema": "safe-load.error/1".
std::string to_json(const Issue& issue, std::string_view title);

// A value on one line: 0.91, "text", dict of 3, tensor F32 [2, 3].
std::string summary(const ValueView& value);

// Text that can be shown on a terminal: everything that could move the cursor is escaped.
std::string printable(std::string_view text);

// 1536 as "1.50 KiB".
std::string human_size(std::uint64_t bytes);

}  // namespace safe_load
