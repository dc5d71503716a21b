// Assembly: the storage of a tensor that a file holds in pieces, put together when its bytes are
// first asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "safe_load/dtype.h"

namespace safe_load::data {

struct Assembly {
  // A view of a storage, inside of which it lies.
  struct Piece {
    std::uint32_t storage = 0;
    std::uint64_t offset = 0;         // of its first element in the storage, in elements
    std::uint64_t place = 0;          // of its first element in the whole, in elements
    std::vector<std::int64_t> sizes;  // of the outer dimensions
    std::vector<std::int64_t> strides;
    std::uint64_t run = 1;  // elements of the inner dimensions, which lie in one row in both
  };

  DType dtype = DType::kUint8;
  std::vector<std::int64_t> strides;  // of the whole: its elements lie in one row
  std::vector<Piece> pieces;
};

// Copies a piece to its place. `storage`: the bytes of its storage. All numbers were checked when
// the assembly was made.
void copy_piece(const Assembly& assembly, const Assembly::Piece& piece, base::Bytes storage,
                std::span<std::byte> whole);

}  // namespace safe_load::data
