// ZipLayout: which records of a zip file make a checkpoint of torch.save (torch 1.6 and later), or
// the data of a TorchScript program.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/zip_directory.h"
#include "safe_load/result.h"

namespace safe_load::torch {

// The records of the storages of one pickle, in a folder that has its name.
class StorageRecords {
 public:
  StorageRecords() = default;
  // `directory` must outlive this.
  StorageRecords(const archive::ZipDirectory& directory, std::string folder);

  // Null if there is none. Keys are opaque, but nearly all are small numbers without a leading
  // zero, which need no search.
  const archive::ZipEntry* find(std::string_view key) const;

 private:
  const archive::ZipDirectory* directory_ = nullptr;
  std::string folder_;                              // "archive/data/"
  std::vector<const archive::ZipEntry*> numbered_;  // by key
};

// Entries point into the directory that was given.
struct ZipLayout {
  const archive::ZipDirectory* directory = nullptr;
  std::string prefix;  // "archive/": the folder that holds the records
  const archive::ZipEntry* pickle = nullptr;
  const archive::ZipEntry* byte_order = nullptr;  // null: the writer left it out
  const archive::ZipEntry* version = nullptr;
  const archive::ZipEntry* format_version = nullptr;
  const archive::ZipEntry* constants = nullptr;  // a pickle, which makes it a TorchScript program
  std::vector<std::string_view> notes;

  bool is_script() const { return constants != nullptr; }
  // Of the pickle, or of the constants.
  StorageRecords storages_of(const archive::ZipEntry& of) const;
};

// kUnsupported means that there is none; kAmbiguous, that two readers would open two different
// pickles.
Result<ZipLayout> find_layout(const archive::ZipDirectory& directory);

// "little" or "big", exactly; true for big.
Result<bool> is_big_endian(std::string_view record);

}  // namespace safe_load::torch
