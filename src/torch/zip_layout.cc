#include "torch/zip_layout.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "torch/readers.h"

namespace safe_load::torch {
namespace {

using archive::ZipDirectory;
using archive::ZipEntry;

bool equals_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return base::to_lower(x) == base::to_lower(y); });
}

// What a zip file without a data.pkl is.
Error other_zip(const ZipDirectory& directory) {
  const auto unsupported = [](Reason reason) { return Error(ErrorCode::kUnsupported, reason); };
  for (const ZipEntry& entry : directory.entries()) {
    const std::size_t slash = entry.name.find('/');
    if (slash != std::string_view::npos &&
        equals_but_for_case(entry.name.substr(slash + 1), "data.pkl"))
      return Error(ErrorCode::kAmbiguous, "a record whose name torch would take for data.pkl",
                   entry.local_offset)
          .about(entry.name);
  }
  if (find_mark(directory, Layout::kExport) != nullptr)
    return unsupported("a torch.export archive inside of a deflated record; extract it first");
  if (find_mark(directory, Layout::kPackage) != nullptr)
    return unsupported("a torch.package archive inside of a deflated record; extract it first");
  for (const ZipEntry& entry : directory.entries()) {
    const std::size_t last = entry.name.rfind('/');  // npos + 1 is 0
    if (entry.name.substr(last + 1) == "data.pkl")
      return Error(ErrorCode::kCorrupt, "a data.pkl that is in no top folder, where torch has it",
                   entry.local_offset)
          .about(entry.name);
  }
  // torch.save writes the data.pkl first and these last, also when it breaks off in between.
  for (const ZipEntry& entry : directory.entries())
    if (entry.name.ends_with("/.data/serialization_id"))
      return Error(ErrorCode::kTruncated,
                   "torch.save broke off: there is no data.pkl, only what it writes last",
                   entry.local_offset)
          .about(entry.name);
  const Error plain = unsupported("a zip file without a data.pkl: not a checkpoint of torch.save");
  if (directory.entries().empty()) return plain;
  return plain.about(directory.entries().front().name);
}

// A key that is a number below `end`, written as torch writes numbers.
std::optional<std::size_t> small_number(std::string_view key, std::size_t end) {
  if (key.empty() || key.size() > 9 || (key[0] == '0' && key.size() > 1)) return std::nullopt;
  std::size_t number = 0;
  for (const char c : key) {
    if (c < '0' || c > '9') return std::nullopt;
    number = 10 * number + static_cast<std::size_t>(c - '0');
  }
  return number < end ? std::optional(number) : std::nullopt;
}

}  // namespace

StorageRecords::StorageRecords(const ZipDirectory& directory, std::string folder)
    : directory_(&directory), folder_(std::move(folder)), numbered_(directory.entries().size()) {
  for (const ZipEntry& entry : directory.entries()) {
    if (!entry.name.starts_with(folder_)) continue;
    const auto number = small_number(entry.name.substr(folder_.size()), numbered_.size());
    if (number) numbered_[*number] = &entry;
  }
}

const ZipEntry* StorageRecords::find(std::string_view key) const {
  if (const auto number = small_number(key, numbered_.size())) return numbered_[*number];
  std::string name = folder_;
  name += key;
  return directory_->find(name);
}

// Source: torch/csrc/jit/serialization/import_read.cpp, readArchiveAndTensors().
StorageRecords ZipLayout::storages_of(const ZipEntry& of) const {
  constexpr std::string_view kSuffix = ".pkl";
  std::string folder(of.name.substr(0, of.name.size() - kSuffix.size()));
  return {*directory, std::move(folder += '/')};
}

Result<ZipLayout> find_layout(const ZipDirectory& directory) {
  ZipLayout layout;
  layout.directory = &directory;
  const Mark& pickle = *std::find_if(marks().begin(), marks().end(), [](const Mark& mark) {
    return mark.layout == Layout::kCheckpoint;
  });
  for (const ZipEntry& entry : directory.entries()) {
    if (!has_mark(pickle, entry.name, false)) continue;
    if (layout.pickle != nullptr)
      return Error(ErrorCode::kAmbiguous, "two folders hold a data.pkl", entry.local_offset)
          .about(entry.name);
    layout.pickle = &entry;
    layout.prefix = entry.name.substr(0, entry.name.find('/') + 1);
  }
  if (layout.pickle == nullptr) return other_zip(directory);
  const auto record = [&](std::string_view name) {
    return directory.find_record(layout.prefix + std::string(name));
  };
  SAFE_LOAD_TRY_ASSIGN(layout.constants, record("constants.pkl"));
  SAFE_LOAD_TRY_ASSIGN(layout.byte_order, record("byteorder"));
  SAFE_LOAD_TRY_ASSIGN(layout.version, record("version"));
  SAFE_LOAD_TRY_ASSIGN(layout.format_version, record(".format_version"));
  SAFE_LOAD_TRY_ASSIGN(const ZipEntry* const other_version, record(".data/version"));
  if (layout.version != nullptr && other_version != nullptr)
    layout.notes.push_back("two version records");
  if (layout.version == nullptr) layout.version = other_version;
  if (layout.version == nullptr) layout.notes.push_back("no version record");
  if (!directory.entries().front().name.starts_with(layout.prefix))
    layout.notes.push_back("the first entry lies outside of the checkpoint's folder");
  if (directory.trailing_bytes() != 0) layout.notes.push_back("bytes follow the zip file");
  return layout;
}

Result<bool> is_big_endian(std::string_view record) {
  if (record == "little") return false;
  if (record == "big") return true;
  return Error(ErrorCode::kCorrupt, "a byte order that is neither little nor big").about(record);
}

}  // namespace safe_load::torch
