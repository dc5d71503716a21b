#include "data/assembly.h"

#include <algorithm>

namespace safe_load::data {

void copy_piece(const Assembly& assembly, const Assembly::Piece& piece, base::Bytes storage,
                std::span<std::byte> whole) {
  const std::size_t unit = size_of(assembly.dtype);
  std::vector<std::int64_t> counters(piece.sizes.size());
  auto from = static_cast<std::int64_t>(piece.offset);
  auto to = static_cast<std::int64_t>(piece.place);
  const std::size_t bytes = static_cast<std::size_t>(piece.run) * unit;
  for (;;) {
    const base::Bytes source = storage.subspan(static_cast<std::size_t>(from) * unit, bytes);
    std::copy(source.begin(), source.end(),
              whole.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(to) * unit));
    std::size_t axis = counters.size();
    while (axis > 0 && ++counters[axis - 1] == piece.sizes[axis - 1]) {
      --axis;
      from -= (piece.sizes[axis] - 1) * piece.strides[axis];
      to -= (piece.sizes[axis] - 1) * assembly.strides[axis];
      counters[axis] = 0;
    }
    if (axis == 0) return;
    from += piece.strides[axis - 1];
    to += assembly.strides[axis - 1];
  }
}

}  // namespace safe_load::data
