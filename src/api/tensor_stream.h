// The elements of tensors on their way into a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include "api/state.h"
#include "data/storage_reader.h"
#include "safe_load/sink.h"
#include "safe_load/tensor.h"

namespace safe_load::api {

// Sends tensors to a sink, one behind the other: elements in row-major order, little-endian, a
// block at a time; conjugation and negation are resolved, and bool is 0 or 1.
//
// What stands in a file as it is is read where it is needed, and not kept: a row block by block,
// other strides as one stretch, or, where that is mostly gaps, in small windows. A storage that
// must be unpacked, turned around or put together is in memory from its first tensor to its last.
class TensorStream {
 public:
  // `tensors`: all that will be written. `took` is told how many bytes each block has, and may end
  // it (kStopped). Everything must outlive this.
  TensorStream(const State& state, std::span<const TensorView> tensors, Sink& sink,
               const std::function<bool(std::uint64_t)>& took);

  // REQUIRES: one of them; not quantized, not meta, copy_size().
  Status write(const TensorView& tensor);

 private:
  // A storage that is in memory while tensors of it are to come.
  struct Held {
    std::size_t users = 0;
    data::StorageReader::Piece piece = {};
  };

  bool is_read_in_parts(const TensorView& tensor) const;
  Status write_row(const TensorView& tensor);
  Status write_stretch(const TensorView& tensor, std::uint64_t end);
  Status write_windows(const TensorView& tensor);
  Status write_held(const TensorView& tensor);
  Status write_in_blocks(const TensorView& tensor, base::Bytes row);
  // `element`: where the element of this number in the storage is, or null.
  template <class Element>
  Status gather(const TensorView& tensor, Element&& element);
  Status write_block(DType dtype, base::Bytes block);

  const State& state_;
  Sink& sink_;
  const std::function<bool(std::uint64_t)>& took_;
  std::unordered_map<std::uint32_t, Held> held_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> block_;
  std::vector<std::byte> turned_;
};

}  // namespace safe_load::api
