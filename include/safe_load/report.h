// Reports: what a checkpoint holds, as text for people and as JSON for programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "safe_load/checkpoint.h"
#include "safe_load/export.h"
#include "safe_load/file_report.h"

namespace safe_load {
inline namespace v0 {

enum class TensorOrder : std::uint8_t { kFile, kSize, kName };  // kSize: the largest first

struct TextOptions {
  std::size_t width = 0;        // columns; 0: as wide as needed, nothing is cut
  std::size_t most_rows = 0;    // of each table; 0: all
  bool color = false;           // ANSI escapes around what also has words
  std::size_t most_values = 0;  // rows of values; 0: as most_rows
  TensorOrder order = TensorOrder::kFile;
  bool is_summary = false;    // of a listing the first line alone
  bool all_elements = false;  // of tensors and arrays, however many there are
  bool is_tree = false;       // tensors by the parts of their names, with what each part holds
};

// Container, tensors with type, shape, size and aliases, other values, inert classes, issues. Every
// name from the file is escaped. Ends in a line feed.
SAFE_LOAD_EXPORT std::string to_text(const Checkpoint& checkpoint, std::string_view title,
                                     const TextOptions& options = {});

// One value or tensor, with statistics of its elements, and these as part_to_text() has them.
SAFE_LOAD_EXPORT std::string to_text(const Checkpoint& checkpoint, const ValueView& value,
                                     const TextOptions& options = {});

// The elements of a tensor or array as NumPy prints them, or a part of them, written as in Python:
// "0:3, :2". Of more than a thousand elements each dimension shows three at its ends, unless
// options.all_elements. Reads no more than it shows.
SAFE_LOAD_EXPORT Result<std::string> part_to_text(const ValueView& value, std::string_view part,
                                                  const TextOptions& options = {});

// The same facts as an object whose first member is "schema": "safe-load.inspect/1";
// docs/guide/json.md describes it. Members may be added without a new number, never changed.
SAFE_LOAD_EXPORT std::string to_json(const Checkpoint& checkpoint, std::string_view title);
SAFE_LOAD_EXPORT std::string to_json(const Checkpoint& checkpoint, const ValueView& value);
// One page in HTML about one file, which has no scripts and fetches nothing: the verdict with its
// findings, and of the checkpoint, if it could be opened, a treemap of its tensors, their tree,
// histograms of the largest (of some of their elements) and the values. No text of the file is
// markup.
SAFE_LOAD_EXPORT std::string to_html(const FileReport& scan, std::string_view title,
                                     const Checkpoint* checkpoint);
// Why a file could not be opened: "schema": "safe-load.error/1".
SAFE_LOAD_EXPORT std::string to_json(const Issue& issue, std::string_view title);

// A value on one line: 0.91, "text", dict of 3, tensor F32 [2, 3].
SAFE_LOAD_EXPORT std::string summary(const ValueView& value);

// Text that can be shown on a terminal: everything that could move the cursor is escaped.
SAFE_LOAD_EXPORT std::string printable(std::string_view text);

// The first of the words to which a typed one is nearest: a few letters are wrong, or what stands
// in front of a dot was left out. "" if none is near.
SAFE_LOAD_EXPORT std::string_view nearest_word(std::string_view typed,
                                               std::span<const std::string_view> words);

// 1536 as "1.50 KiB".
SAFE_LOAD_EXPORT std::string human_size(std::uint64_t bytes);

}  // namespace v0
}  // namespace safe_load
