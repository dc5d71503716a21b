// TensorView::copy_elements_to: a few elements of what may be a large tensor.
#include <cstring>

#include "api/pieces.h"
#include "api/state.h"
#include "base/try.h"
#include "data/elements.h"
#include "safe_load/tensor.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;  // bytes

// Where the element of this place lies in its storage, in elements.
std::uint64_t position(std::uint64_t place, const Dims& shape, const Dims& strides,
                       std::uint64_t offset) {
  auto at = static_cast<std::int64_t>(offset);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::uint64_t>(shape[axis]);
    // The stride of what has one element means nothing.
    if (size > 1) at += static_cast<std::int64_t>(place % size) * strides[axis];
    place /= size;
  }
  return static_cast<std::uint64_t>(at);
}

}  // namespace

Status TensorView::copy_elements_to(std::span<const std::uint64_t> places,
                                    std::span<std::byte> out) const {
  if (is_packed())
    return Error(ErrorCode::kMismatch, "several values share a byte; use copy_bytes_to")
        .about(name(dtype()));
  const std::size_t size = size_of(dtype());
  if (out.size() % size != 0 || out.size() / size != places.size())
    return Error(ErrorCode::kMismatch, "the room is not of as many elements as there are places");
  const std::uint64_t count = element_count();
  for (const std::uint64_t place : places)
    if (place >= count) return Error(ErrorCode::kMismatch, "no element has this place");
  if (places.empty()) return {};
  if (is_meta()) return Error(ErrorCode::kMismatch, "a storage on the meta device has no data");
  api::Pieces pieces(*state_->bytes, storage().id(), dtype(), kPiece);
  const Dims sizes = shape();
  const Dims steps = strides();
  const std::size_t unit = info(dtype()).swap_unit;
  std::byte* to = out.data();
  for (const std::uint64_t place : places) {
    const std::byte* element = pieces.element(position(place, sizes, steps, storage_offset()));
    if (element == nullptr) return pieces.status();
    std::memcpy(to, element, size);
    if (is_negated()) data::negate(dtype(), to);
    if (is_conjugated()) data::flip_sign(to + unit, unit);
    to += size;
  }
  return {};
}

}  // namespace v0
}  // namespace safe_load
