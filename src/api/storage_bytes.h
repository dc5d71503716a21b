// StorageBytes: where the bytes of each storage are, read when they are first asked for.
//
// A stored record of a mapped file, or of one that is in memory, is a view of it. Everything else
// (deflated, not mapped, foreign byte order, in pieces) gets a place in one arena, which costs
// nothing until a page is touched. Owned by a shared pointer: arrays that leave the library keep it
// alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "archive/zip_member.h"
#include "base/source.h"
#include "os/file_set.h"
#include "safe_load/result.h"
#include "torch/assembly.h"

namespace safe_load::api {

class StorageBytes {
 public:
  // Where a storage is: `size` bytes, as they stand at `offset` of the file or in memory that lives
  // as long as this; the deflated data of an entry there; or in pieces, which earlier storages
  // have. There is one for each storage of a file: nothing is kept that another member tells.
  struct Origin {
    std::variant<std::monostate, const std::byte*, const archive::ZipEntry*, const torch::Assembly*>
        place;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::optional<std::uint32_t> whole = std::nullopt;  // an earlier storage that has these bytes
    bool is_foreign = false;                            // in the byte order of other machines

    bool is_in_file() const { return place.index() == 0; }  // as it is
    const std::byte* memory() const { return get<const std::byte*>(); }
    const archive::ZipEntry* deflated() const { return get<const archive::ZipEntry*>(); }
    const torch::Assembly* assembly() const { return get<const torch::Assembly*>(); }

   private:
    template <class Pointer>
    Pointer get() const {
      const auto* const held = std::get_if<Pointer>(&place);
      return held == nullptr ? nullptr : *held;
    }
  };

  // Exactly one of the ways to get at bytes: files (and, if mapped, their mapping), owned bytes, or
  // borrowed ones.
  explicit StorageBytes(os::FileSet files) : files_(std::move(files)) {}
  explicit StorageBytes(std::vector<std::byte>&& owned)
      : owned_(std::move(owned)), memory_source_(base::Bytes(owned_)) {}
  explicit StorageBytes(base::Bytes borrowed) : memory_source_(borrowed), is_borrowed_(true) {}

  StorageBytes(const StorageBytes&) = delete;
  StorageBytes& operator=(const StorageBytes&) = delete;

  const base::Source& source() const {
    return files_ ? static_cast<const base::Source&>(*files_) : *memory_source_;
  }
  const os::FileSet* files() const { return files_ ? &*files_ : nullptr; }
  bool is_borrowed() const { return is_borrowed_; }
  bool is_mapped() const { return !mapping_.bytes().empty(); }

  static const std::size_t kRecordSize;  // bytes of memory that each storage takes

  Status map();
  // Of the next storage. All are added before any bytes are asked for.
  void reserve(std::size_t storages) { records_.reserve(storages); }
  void add(const Origin& origin);

  // Its bytes are known to be damaged: whoever asks for them gets this error.
  void spoil(std::uint32_t id, const Error& error) { spoiled_.emplace(id, error); }

  // Where its bytes stand in the file as they are; 0: nowhere, or in one of several files.
  std::uint64_t data_offset(std::uint32_t id) const {
    const Origin& origin = records_[id].origin;
    if (files_ && !files_->is_one_file()) return 0;
    return origin.is_in_file() ? origin.offset : 0;
  }

  // The bytes of storage `id` for elements of `unit` bytes. Thread-safe.
  Result<std::span<std::byte>> writable(std::uint32_t id, std::size_t unit);
  Result<base::Bytes> readable(std::uint32_t id, std::size_t unit);

 private:
  struct Record {
    Origin origin;
    std::uint64_t place = 0;  // in the arena
    bool is_mapped = false;   // else it has a place in the arena
    bool is_loaded = false;
  };

  // The whole file as it may be handed out: its mapping, or the bytes that this object owns.
  std::span<std::byte> own_bytes() { return is_mapped() ? mapping_.bytes() : std::span(owned_); }
  bool is_aligned(std::uint64_t data_offset);
  Result<base::Bytes> in_file_order(std::uint32_t id);
  Result<base::Bytes> whole_in_file_order(std::uint32_t id);
  // REQUIRES: no assembly.
  Status read_whole(const Origin& origin, std::span<std::byte> into) const;
  Status put_together(const torch::Assembly& assembly, std::span<std::byte> into) const;
  Status copy_piece(const torch::Assembly& assembly, const torch::Assembly::Piece& piece,
                    std::span<std::byte> into, std::vector<std::byte>& buffer) const;
  base::Bytes in_place(const Origin& origin) const;
  std::uint64_t offset_in_whole(const Origin& part) const;
  Result<std::span<std::byte>> swapped(std::uint32_t id, std::size_t unit);

  std::optional<os::FileSet> files_;
  std::vector<std::byte> owned_;
  std::optional<base::MemorySource> memory_source_;
  bool is_borrowed_ = false;
  os::Memory mapping_;

  std::vector<Record> records_;
  std::map<std::uint32_t, Error> spoiled_;
  std::mutex mutex_;  // guards what follows and Record::is_loaded
  std::uint64_t arena_size_ = 0;
  os::Memory arena_;
  std::map<std::pair<std::uint32_t, std::size_t>, os::Memory> swapped_;
};

}  // namespace safe_load::api
