// StorageReader: the bytes of each storage, read when they are first asked for.
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
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/host.h"
#include "base/mutex.h"
#include "data/storage_map.h"
#include "safe_load/result.h"
#include "safe_load/shared_bytes.h"
#include "safe_load/source.h"

namespace safe_load::data {

// The whole file in memory, from which storages may be lent: a mapping or a block that is owned, or
// bytes that are borrowed; neither, if the file is only read.
struct WholeFile {
  SharedBytes owned = {};
  base::Bytes borrowed = {};
  bool is_borrowed = false;

  base::Bytes bytes() const { return is_borrowed ? borrowed : base::Bytes(owned.bytes); }
};

class StorageReader {
 public:
  // `storages` is complete and located. All but `whole` must outlive this.
  StorageReader(const Source& file, const StorageMap& storages, base::Host& host, WholeFile whole);

  StorageReader(const StorageReader&) = delete;
  StorageReader& operator=(const StorageReader&) = delete;

  static const std::size_t kCost;  // bytes of memory that each storage takes

  // Its bytes are known to be damaged: whoever asks for them gets this error.
  void spoil(std::uint32_t id, const Error& error) { spoiled_.emplace(id, error); }

  // The bytes of storage `id` for elements of `unit` bytes. Thread-safe. Those of share() live as
  // long as their owner, and are read again for whoever asks when there is none any more; those of
  // readable() live as long as this.
  Result<SharedBytes> share(std::uint32_t id, std::size_t unit);
  Result<base::Bytes> readable(std::uint32_t id, std::size_t unit);

  // Some of these bytes, which nobody keeps: `into` gets those from `offset` on, both multiples of
  // `unit`. Takes no memory, but for a storage that is deflated or in pieces, which is put together
  // anew by each call. Thread-safe.
  Status read(std::uint32_t id, std::size_t unit, std::uint64_t offset, std::span<std::byte> into);

  // The bytes from `offset` on where they are, if they are in memory or cannot be had in parts
  // (deflated, in pieces), and then as many as there are; else at most `most` of them, read into
  // `buffer`. Thread-safe.
  struct Piece {
    base::Bytes bytes = {};
    std::shared_ptr<const void> owner = nullptr;
  };
  Result<Piece> piece(std::uint32_t id, std::size_t unit, std::uint64_t offset, std::size_t most,
                      std::vector<std::byte>& buffer);

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

  // There is one for each storage of a file: nothing is kept that another member tells.
  struct Slot {
    std::uint32_t block = 0;
    std::uint32_t place = 0;    // in the block
    std::uint32_t read_in = 0;  // the generation of the block into which it was read last
    bool is_lent = false;       // a view of the whole file; else it is in a block
  };

  // One storage, no part of another, and its place, to be read.
  struct Reading {
    std::uint32_t id;
    std::span<std::byte> into;
    bool is_done = false;
  };

  bool is_aligned(std::uint64_t offset) const;
  void add_to_block(Slot& slot, std::uint64_t size);
  // The storage in whose place its bytes lie; an empty one has none and stands alone.
  std::uint32_t whole_of(std::uint32_t id) const {
    const Storage& storage = storages_[id];
    return storage.size() == 0 ? id : storage.whole.value_or(id);
  }
  std::uint64_t offset_in_whole(const Storage& part) const;
  Status check(std::uint32_t id) const;

  // In the byte order of the file. `owner` gets what keeps them alive.
  Result<base::Bytes> view(std::uint32_t id, std::shared_ptr<const void>& owner);
  // REQUIRES: it is not borrowed.
  Result<SharedBytes> hold(std::uint32_t id);
  Result<SharedBytes> place_of(std::uint32_t id);
  Result<SharedBytes> swapped(std::uint32_t id, std::size_t unit);
  // Whether somebody has its bytes in memory, and may have written to them.
  bool is_held(std::uint32_t id, std::size_t unit);

  void read(std::span<Reading> readings, const std::function<bool()>& keep_going) const;
  std::size_t neighbours(std::span<const Reading> readings) const;
  Status read_together(std::span<const Reading> readings) const;
  void tell(std::span<const Reading> readings) const;
  void tell(const Storage& storage, std::vector<ByteRange>& ranges) const;
  Status read_whole(const Storage& storage, std::span<std::byte> into) const;
  Status read_piece(const Storage& storage, std::span<std::byte> into) const;
  Status put_together(const Assembly& assembly, std::span<std::byte> into) const;
  Status copy_piece(const Assembly& assembly, const Assembly::Piece& piece,
                    std::span<std::byte> into, std::vector<std::byte>& buffer) const;
  bool is_read_in_runs(const Assembly::Piece& piece) const;
  base::Bytes in_place(const Storage& storage) const;

  const Source& file_;
  const StorageMap& storages_;
  base::Host& host_;
  WholeFile whole_;

  std::vector<Slot> slots_;
  std::map<std::uint32_t, Error> spoiled_;
  std::vector<Block> blocks_;
  std::uint64_t most_shared_ = 0;            // bytes of a block that small storages share
  std::uint32_t shared_block_ = 0xFFFFFFFF;  // the one that they are put into
  base::Mutex mutex_;                        // guards what follows, the blocks and Slot::read_in
  std::map<std::pair<std::uint32_t, std::size_t>, SharedBytes> swapped_;
};

}  // namespace safe_load::data
