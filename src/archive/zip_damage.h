// What is left of a zip file whose directory cannot be read: for messages, never for loading.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/source.h"

namespace safe_load::archive {

struct LastRecord {
  std::string name;  // bytes
  std::uint64_t end = 0;
};

// The last record that is there as a whole, by the local headers alone. Looks at no more than
// 256 MiB of the data of records whose size stands behind them.
std::optional<LastRecord> last_whole_record(const Source& source);

// Whether another zip file ends just in front of `offset`, where the next one begins.
bool is_seam(const Source& source, std::uint64_t offset);

// Whether a record of a zip file begins at `offset`, and another one at the start: a zip file that
// lies in another one, which is cut off.
bool is_inside_another(const Source& source, std::uint64_t offset);

// How many bytes behind the place that the end record states the directory really begins: what an
// insertion or loss of bytes leaves. None if it begins where it should, or nowhere.
std::optional<std::int64_t> directory_shift(const Source& source);

}  // namespace safe_load::archive
