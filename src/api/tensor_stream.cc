#include "api/tensor_stream.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "api/each_element.h"
#include "api/pieces.h"
#include "base/bytes.h"
#include "base/try.h"
#include "data/elements.h"

namespace safe_load::api {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;   // bytes, which stay in the cache
constexpr std::size_t kWindow = std::size_t{4} << 10;  // around one element
constexpr std::uint64_t kMostGaps = 16;                // bytes of a stretch for each that is wanted

Error too_short() {
  return Error(ErrorCode::kCorrupt, "a storage is shorter than one of its tensors");
}

base::Bytes part_of(base::Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

bool is_row(const TensorView& tensor) {
  return tensor.is_contiguous() && !tensor.is_conjugated() && !tensor.is_negated();
}

// Behind the last element that strides lead to, in elements of the storage. REQUIRES: elements, and
// strides that are not negative, as opening has checked.
std::uint64_t end_of(const TensorView& tensor) {
  const Dims shape = tensor.shape();
  const Dims strides = tensor.strides();
  std::uint64_t last = tensor.storage_offset();
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] > 1) last += static_cast<std::uint64_t>((shape[i] - 1) * strides[i]);
  return last + 1;
}

}  // namespace

TensorStream::TensorStream(const State& state, std::span<const TensorView> tensors, Sink& sink,
                           const std::function<bool(std::uint64_t)>& took)
    : state_(state), sink_(sink), took_(took) {
  for (const TensorView& tensor : tensors)
    if (!is_read_in_parts(tensor)) ++held_[tensor.storage().id()].users;
}

bool TensorStream::is_read_in_parts(const TensorView& tensor) const {
  const data::Storage& storage = state_.storages()[tensor.storage().id()];
  const bool turns = storage.is_foreign() && info(tensor.dtype()).swap_unit > 1;
  return storage.offset_in_file().has_value() && !turns;
}

Status TensorStream::write(const TensorView& tensor) {
  if (!is_read_in_parts(tensor)) return write_held(tensor);
  if (tensor.element_count() == 0) return {};
  if (is_row(tensor)) return write_row(tensor);
  const std::uint64_t end = end_of(tensor);
  const std::uint64_t stretch = (end - tensor.storage_offset()) * size_of(tensor.dtype());
  const bool is_dense = stretch <= kBlock || stretch / kMostGaps <= tensor.byte_count();
  return is_dense ? write_stretch(tensor, end) : write_windows(tensor);
}

Status TensorStream::write_row(const TensorView& tensor) {
  const std::size_t unit = info(tensor.dtype()).swap_unit;
  std::uint64_t offset = tensor.storage_offset() * size_of(tensor.dtype());
  for (std::uint64_t left = tensor.byte_count(); left != 0;) {
    SAFE_LOAD_TRY_ASSIGN(const data::StorageReader::Piece piece,
                         state_.bytes->piece(tensor.storage().id(), unit, offset, kBlock, buffer_));
    const std::uint64_t size = std::min<std::uint64_t>({left, piece.bytes.size(), kBlock});
    if (size == 0) return too_short();
    SAFE_LOAD_TRY(write_block(tensor.dtype(), part_of(piece.bytes, 0, size)));
    offset += size;
    left -= size;
  }
  return {};
}

Status TensorStream::write_stretch(const TensorView& tensor, std::uint64_t end) {
  const std::size_t size = size_of(tensor.dtype());
  const std::uint64_t begin = tensor.storage_offset();
  const std::uint64_t wanted = (end - begin) * size;
  SAFE_LOAD_TRY_ASSIGN(
      const data::StorageReader::Piece piece,
      state_.bytes->piece(tensor.storage().id(), info(tensor.dtype()).swap_unit, begin * size,
                          static_cast<std::size_t>(wanted), buffer_));
  if (piece.bytes.size() < wanted) return too_short();
  return gather(tensor, [&](std::uint64_t at) { return piece.bytes.data() + (at - begin) * size; });
}

Status TensorStream::write_windows(const TensorView& tensor) {
  Pieces pieces(*state_.bytes, tensor.storage().id(), tensor.dtype(), kWindow);
  SAFE_LOAD_TRY(gather(tensor, [&](std::uint64_t at) { return pieces.element(at); }));
  return pieces.status();
}

Status TensorStream::write_held(const TensorView& tensor) {
  Held& held = held_[tensor.storage().id()];
  const std::size_t size = size_of(tensor.dtype());
  Status status;
  if (tensor.element_count() != 0) {
    if (held.piece.owner == nullptr) {
      SAFE_LOAD_TRY_ASSIGN(
          held.piece, state_.bytes->piece(tensor.storage().id(), info(tensor.dtype()).swap_unit, 0,
                                          std::numeric_limits<std::size_t>::max(), buffer_));
    }
    const base::Bytes bytes = held.piece.bytes;
    if (bytes.size() / size < end_of(tensor)) return too_short();
    status = is_row(tensor)
                 ? write_in_blocks(
                       tensor, part_of(bytes, tensor.storage_offset() * size, tensor.byte_count()))
                 : gather(tensor, [&](std::uint64_t at) { return bytes.data() + at * size; });
  }
  if (--held.users == 0) held_.erase(tensor.storage().id());
  return status;
}

Status TensorStream::write_in_blocks(const TensorView& tensor, base::Bytes row) {
  for (; !row.empty(); row = row.subspan(std::min(row.size(), kBlock)))
    SAFE_LOAD_TRY(write_block(tensor.dtype(), row.first(std::min(row.size(), kBlock))));
  return {};
}

template <class Element>
Status TensorStream::gather(const TensorView& tensor, Element&& element) {
  const DType dtype = tensor.dtype();
  const std::size_t size = size_of(dtype);
  const std::size_t unit = info(dtype).swap_unit;
  const bool is_negated = tensor.is_negated();
  const bool is_conjugated = tensor.is_conjugated();
  block_.clear();
  Status status;
  for_each_element(tensor.shape(), tensor.strides(), tensor.storage_offset(),
                   [&](std::uint64_t at) {
                     const std::byte* const from = element(at);
                     if (from == nullptr) return false;
                     block_.insert(block_.end(), from, from + size);
                     std::byte* const own = block_.data() + block_.size() - size;
                     if (is_negated) data::negate(dtype, own);
                     if (is_conjugated) data::flip_sign(own + unit, unit);
                     if (block_.size() + size <= kBlock) return true;
                     status = write_block(dtype, block_);
                     block_.clear();
                     return status.ok();
                   });
  SAFE_LOAD_TRY(status);
  return block_.empty() ? Status() : write_block(dtype, block_);
}

Status TensorStream::write_block(DType dtype, base::Bytes block) {
  const bool turns = std::endian::native == std::endian::big && info(dtype).swap_unit > 1;
  if (dtype == DType::kBool || turns) {
    turned_.assign(block.begin(), block.end());
    block = turned_;
  }
  if (dtype == DType::kBool)
    for (std::byte& value : turned_) value = value == std::byte{0} ? value : std::byte{1};
  if (turns) base::reverse_units(turned_, info(dtype).swap_unit);
  SAFE_LOAD_TRY(sink_.write(block));
  if (took_(block.size())) return {};
  return Error(ErrorCode::kStopped, "stopped");
}

}  // namespace safe_load::api
