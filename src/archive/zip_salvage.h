// What could be a record of a zip file whose parts do not agree: for finding what hides in it,
// never for loading.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/source.h"
#include "safe_load/result.h"

namespace safe_load::archive {

struct SalvagedRecord {
  std::string name;            // bytes, of the local header
  std::string directory_name;  // bytes, if a directory entry leads here
  std::uint64_t local_offset = 0;
  std::uint64_t data_offset = 0;
  std::uint64_t stored_size = 0;  // as it stands in the file; lies in the source
  std::uint16_t method = 0;
  std::uint16_t flags = 0;  // of both headers
  bool is_in_directory = false;

  bool is_marked_encrypted() const;
};

struct Salvaged {
  std::vector<SalvagedRecord> records;  // by local offset
  bool has_directory = false;
  bool is_whole = true;  // false: there was more than could be looked at
};

// Every local header in the first 256 MiB, and all that a directory entry leads to.
inline constexpr std::uint64_t kMostSearched = std::uint64_t{256} << 20;
Salvaged salvage_zip(const Source& source);

// The content of a record; inflated to at most `most` bytes.
Result<std::vector<std::byte>> read_salvaged(const Source& source, const SalvagedRecord& record,
                                             std::uint64_t most);

// Whether Python's zipfile would find a directory with entries at the end of this file.
bool ends_in_directory(const Source& source);

}  // namespace safe_load::archive
