// StorageBytes: where the bytes of each storage are, read when they are first asked for.
//
// A stored record of a mapped file, or of one that is in memory, is a view of it, if it lies at a
// multiple of 64 bytes. Everything else (deflated, not mapped, foreign byte order, in pieces) gets
// a place in a block of memory, which costs nothing until it is read. Whoever takes bytes along
// owns the block in which they lie, and nothing else: not the file, not the other storages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "safe_load/tensor.h"
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

  // Exactly one of the ways to get at bytes: files (and, if mapped, their mapping), a whole file in
  // memory that is owned, or one that is borrowed.
  explicit StorageBytes(os::FileSet files) : files_(std::move(files)) {}
  explicit StorageBytes(SharedBytes whole)
      : whole_(std::move(whole)), memory_source_(base::Bytes(whole_.bytes)) {}
  explicit StorageBytes(base::Bytes borrowed) : memory_source_(borrowed), is_borrowed_(true) {}

  StorageBytes(const StorageBytes&) = delete;
  StorageBytes& operator=(const StorageBytes&) = delete;

  const base::Source& source() const {
    return files_ ? static_cast<const base::Source&>(*files_) : *memory_source_;
  }
  const os::FileSet* files() const { return files_ ? &*files_ : nullptr; }
  bool is_borrowed() const { return is_borrowed_; }

  static const std::size_t kRecordSize;  // bytes of memory that each storage takes

  Status map();
  // All storages, before any bytes are asked for: how many there will be, then each in turn.
  void begin(std::size_t storages);
  void add(const Origin& origin);

  // Its bytes are known to be damaged: whoever asks for them gets this error.
  void spoil(std::uint32_t id, const Error& error) { spoiled_.emplace(id, error); }

  // Where its bytes stand in the file as they are; 0: nowhere, or in one of several files.
  std::uint64_t data_offset(std::uint32_t id) const {
    const Origin& origin = records_[id].origin;
    if (files_ && !files_->is_one_file()) return 0;
    return origin.is_in_file() ? origin.offset : 0;
  }

  // The bytes of storage `id` for elements of `unit` bytes. Thread-safe. Those of share() live as
  // long as their owner, and are read again for whoever asks when there is none any more; those of
  // readable() live as long as this.
  Result<SharedBytes> share(std::uint32_t id, std::size_t unit);
  Result<base::Bytes> readable(std::uint32_t id, std::size_t unit);

  // Reads those that must be read, with several threads, and keeps them as readable() does. What
  // cannot be read gives its error to whoever asks for it. Ends early if `keep_going`, which this
  // thread calls, says no.
  void read_ahead(std::span<const std::uint32_t> ids, const std::function<bool()>& keep_going);

 private:
  // Storages of some size have one of their own, so that each is freed with its last tensor;
  // smaller ones share it. It is there while somebody owns it.
  struct Block {
    std::uint64_t size = 0;
    std::span<std::byte> bytes = {};
    std::weak_ptr<const void> owner = {};
    std::shared_ptr<const void> kept = nullptr;  // for those who own nothing
    std::uint32_t generation = 0;                // how often it was made
  };

  struct Record {
    Origin origin;
    std::uint32_t block = 0;
    std::uint32_t place = 0;    // in the block
    std::uint32_t read_in = 0;  // the generation of the block into which it was read last
    bool is_lent = false;       // a view of the file or of what is borrowed; else it is in a block
  };

  bool is_aligned(std::uint64_t data_offset) const;
  const Record& whole_of(std::uint32_t id) const;
  void add_to_block(Record& record);
  std::uint64_t offset_in_whole(const Origin& part) const;

  // In the byte order of the file. `owner` gets what keeps them alive.
  Result<base::Bytes> view(std::uint32_t id, std::shared_ptr<const void>& owner);
  // REQUIRES: it is not borrowed.
  Result<SharedBytes> hold(std::uint32_t id);
  Result<SharedBytes> place_of(const Record& record);
  Result<SharedBytes> swapped(std::uint32_t id, std::size_t unit);

  // One record and its place, to be read.
  struct Reading {
    Record* record;
    std::span<std::byte> into;
    bool is_done = false;
  };
  void read(std::span<Reading> readings, const std::function<bool()>& keep_going) const;
  Status read_whole(const Record& record, std::span<std::byte> into) const;
  Status read_piece(const Origin& origin, std::span<std::byte> into) const;
  Status put_together(const torch::Assembly& assembly, std::span<std::byte> into) const;
  Status copy_piece(const torch::Assembly& assembly, const torch::Assembly::Piece& piece,
                    std::span<std::byte> into, std::vector<std::byte>& buffer) const;
  base::Bytes in_place(const Origin& origin) const;

  std::optional<os::FileSet> files_;
  SharedBytes whole_;  // the mapping, or the file in memory, from which storages may be lent
  std::optional<base::MemorySource> memory_source_;
  bool is_borrowed_ = false;

  std::vector<Record> records_;
  std::map<std::uint32_t, Error> spoiled_;
  std::vector<Block> blocks_;
  std::uint64_t most_shared_ = 0;            // bytes of a block that small storages share
  std::uint32_t shared_block_ = 0xFFFFFFFF;  // the one that they are put into
  std::mutex mutex_;                         // guards what follows, the blocks and Record::read_in
  std::map<std::pair<std::uint32_t, std::size_t>, SharedBytes> swapped_;
};

}  // namespace safe_load::api
