#include "api/tensor_stream.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "api/each_element.h"
#include "base/try.h"
#include "data/elements.h"

namespace safe_load::api {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;  // bytes, which stay in the cache

// Blocks of elements as a file has them.
class Blocks {
 public:
  Blocks(Sink& sink, DType dtype, const std::function<bool(std::uint64_t)>& took)
      : sink_(sink), dtype_(dtype), took_(took) {}

  Status write(std::span<const std::byte> block) {
    if (dtype_ == DType::kBool) {
      own_.resize(block.size());
      std::ranges::transform(block, own_.begin(), [](std::byte b) {
        return b == std::byte{0} ? std::byte{0} : std::byte{1};
      });
      block = own_;
    } else if (std::endian::native == std::endian::big && info(dtype_).swap_unit > 1) {
      own_.assign(block.begin(), block.end());
      const auto unit = static_cast<std::ptrdiff_t>(info(dtype_).swap_unit);
      for (auto at = own_.begin(); at != own_.end(); at += unit) std::reverse(at, at + unit);
      block = own_;
    }
    SAFE_LOAD_TRY(sink_.write(block));
    if (took_(block.size())) return {};
    return Error(ErrorCode::kStopped, "stopped");
  }

 private:
  Sink& sink_;
  DType dtype_;
  const std::function<bool(std::uint64_t)>& took_;
  std::vector<std::byte> own_;
};

Status stream_row(const State& state, const TensorView& tensor, Blocks& blocks) {
  const std::size_t unit = info(tensor.dtype()).swap_unit;
  std::uint64_t offset = tensor.storage_offset() * size_of(tensor.dtype());
  std::uint64_t left = tensor.byte_count();
  std::vector<std::byte> buffer;
  while (left != 0) {
    SAFE_LOAD_TRY_ASSIGN(const data::StorageReader::Piece piece,
                         state.bytes->piece(tensor.storage().id(), unit, offset, kBlock, buffer));
    const std::uint64_t size = std::min<std::uint64_t>(left, piece.bytes.size());
    for (std::uint64_t done = 0; done < size; done += kBlock)
      SAFE_LOAD_TRY(blocks.write(piece.bytes.subspan(
          static_cast<std::size_t>(done),
          static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, size - done)))));
    offset += size;
    left -= size;
  }
  return {};
}

Status stream_each(const State& state, const TensorView& tensor, Blocks& blocks) {
  const DType dtype = tensor.dtype();
  const std::size_t size = size_of(dtype);
  const std::size_t unit = info(dtype).swap_unit;
  std::vector<std::byte> buffer;
  SAFE_LOAD_TRY_ASSIGN(const data::StorageReader::Piece storage,
                       state.bytes->piece(tensor.storage().id(), unit, 0,
                                          std::numeric_limits<std::size_t>::max(), buffer));
  std::vector<std::byte> block;
  block.reserve(kBlock);
  Status status;
  for_each_element(
      tensor.shape(), tensor.strides(), tensor.storage_offset(), [&](std::uint64_t at) {
        const auto element = storage.bytes.subspan(static_cast<std::size_t>(at * size), size);
        block.insert(block.end(), element.begin(), element.end());
        std::byte* const own = block.data() + block.size() - size;
        if (tensor.is_negated()) data::negate(dtype, own);
        if (tensor.is_conjugated()) data::flip_sign(own + unit, unit);
        if (block.size() + size <= kBlock) return true;
        status = blocks.write(block);
        block.clear();
        return status.ok();
      });
  SAFE_LOAD_TRY(status);
  return block.empty() ? Status() : blocks.write(block);
}

}  // namespace

Status stream_elements(const State& state, const TensorView& tensor, Sink& sink,
                       const std::function<bool(std::uint64_t)>& took) {
  if (tensor.element_count() == 0) return {};
  Blocks blocks(sink, tensor.dtype(), took);
  const bool is_row = tensor.is_contiguous() && !tensor.is_conjugated() && !tensor.is_negated();
  return is_row ? stream_row(state, tensor, blocks) : stream_each(state, tensor, blocks);
}

}  // namespace safe_load::api
