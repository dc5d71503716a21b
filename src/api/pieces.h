// Pieces: elements of a storage without the whole storage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/storage_reader.h"
#include "safe_load/dtype.h"
#include "safe_load/result.h"

namespace safe_load::api {

// The elements of a storage, a piece at a time.
class Pieces {
 public:
  // `most`: bytes that are read at a time.
  Pieces(data::StorageReader& reader, std::uint32_t storage, DType dtype, std::size_t most)
      : reader_(reader),
        storage_(storage),
        size_(size_of(dtype)),
        unit_(info(dtype).swap_unit),
        most_(most) {}

  // Null if it cannot be read: status() says why.
  const std::byte* element(std::uint64_t index) {
    const std::uint64_t offset = index * size_;
    if (offset < begin_ || offset - begin_ + size_ > piece_.bytes.size()) {
      auto next = reader_.piece(storage_, unit_, offset, most_, buffer_);
      if (!next) {
        status_ = next.error();
        return nullptr;
      }
      piece_ = *next;
      begin_ = offset;
    }
    return piece_.bytes.data() + (offset - begin_);
  }
  const Status& status() const { return status_; }

 private:
  data::StorageReader& reader_;
  std::uint32_t storage_;
  std::size_t size_;
  std::size_t unit_;
  std::size_t most_;
  std::uint64_t begin_ = 0;
  data::StorageReader::Piece piece_;
  std::vector<std::byte> buffer_;
  Status status_;
};

}  // namespace safe_load::api
