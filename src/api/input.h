// Input: the bytes that a checkpoint is opened from, wherever they are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/joined_source.h"
#include "data/storage_reader.h"
#include "os/file.h"
#include "safe_load/issue.h"
#include "safe_load/open_options.h"
#include "safe_load/source.h"

namespace safe_load::api {

// To read a file of this size at once costs less than to look at it piece by piece.
inline constexpr std::uint64_t kSmallFile = std::uint64_t{64} << 10;

struct Input {
  std::shared_ptr<const Source> source;
  data::WholeFile whole;  // the same bytes in memory, if they are there
  // Of a set of files: `source` is these side by side.
  std::shared_ptr<const base::JoinedSource> set;
  std::vector<std::string> names;  // of the files of a set
  // Puts the bytes into memory without reading them; empty if they cannot be.
  std::function<Result<SharedBytes>()> map;
  // The files of the system that it came from, as they were when they were opened.
  std::vector<os::FileIdentity> files;
  // What state they are in now; empty if there are none, or if they are in memory.
  std::function<Result<std::vector<os::FileIdentity>>()> identify;
  bool is_on_network = false;
  std::string note;  // "" or what a user should know about the choice of files

  std::uint64_t file_size() const { return set ? set->byte_count() : source->size(); }
};

Result<Input, Issue> find_input(std::string_view path, const OpenOptions& options);
Result<Input, Issue> input_of_descriptor(int descriptor, std::uint64_t start,
                                         const OpenOptions& options);
// Its siblings belong to it if it is the index of a set.
Result<Input, Issue> input_of_source(std::shared_ptr<const Source> source,
                                     const OpenOptions& options);
Input input_of_memory(SharedBytes bytes);
Input input_of_borrowed(std::span<const std::byte> bytes);

}  // namespace safe_load::api
