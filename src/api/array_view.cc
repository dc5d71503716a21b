#include <algorithm>
#include <array>
#include <limits>

#include "api/state.h"
#include "base/checked.h"
#include "safe_load/value.h"

namespace safe_load {
inline namespace v0 {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

std::string ArrayView::dtype() const { return state_->meaning().array_dtypes()[dtype_].text(); }
std::uint64_t ArrayView::item_size() const {
  return state_->meaning().array_dtypes()[dtype_].itemsize;
}
bool ArrayView::has_objects() const {
  return state_->meaning().array_dtypes()[dtype_].has_objects();
}
bool ArrayView::is_record() const { return state_->meaning().array_dtypes()[dtype_].is_record; }
bool ArrayView::is_aligned() const { return state_->meaning().array_dtypes()[dtype_].is_aligned; }

std::size_t ArrayView::field_count() const {
  return state_->meaning().array_dtypes()[dtype_].fields.size();
}

ArrayView::Field ArrayView::field(std::size_t i) const {
  const types::ArrayField& field = state_->meaning().array_dtypes()[dtype_].fields[i];
  const pickle::Tape& tape = state_->tape();
  const bool has_title = field.title != kNoNode && tape[field.title].kind == Kind::kText;
  return {tape.text(field.name), has_title ? std::optional(tape.text(field.title)) : std::nullopt,
          field.offset, ArrayView(state_, field.dtype, kNoArray)};
}

std::optional<ArrayView> ArrayView::base() const {
  const std::uint32_t base = state_->meaning().array_dtypes()[dtype_].base;
  if (base == types::kNoDtype) return std::nullopt;
  return ArrayView(state_, base, kNoArray);
}

Dims ArrayView::base_shape() const {
  const NodeId shape = state_->meaning().array_dtypes()[dtype_].shape;
  Dims dims;
  if (shape == kNoNode) return dims;
  const pickle::Tape& tape = state_->tape();
  if (tape[shape].kind == Kind::kInt)
    dims.push_back(static_cast<std::int64_t>(tape[shape].payload));
  for (const NodeId id : tape.items(shape))
    dims.push_back(static_cast<std::int64_t>(tape[id].payload));
  return dims;
}

bool ArrayView::is_text() const { return state_->meaning().array_dtypes()[dtype_].is_text(); }
bool ArrayView::is_coerced() const { return state_->meaning().array_dtypes()[dtype_].is_coerced; }

std::uint32_t ArrayView::part(Part which) const {
  const types::ArrayDtype& type = state_->meaning().array_dtypes()[dtype_];
  if (which == Part::kDtype) return type.node;
  if (which == Part::kMetadata) return type.metadata;
  if (which == Part::kMissing) return type.missing;
  if (array_ == kNoArray) return kNoNode;
  const types::Array& array = state_->meaning().arrays()[array_];
  if (which == Part::kFill) return array.fill_value;
  return state_->tape()[array.data].kind == Kind::kArray ? array.data : kNoNode;
}

std::string_view ArrayView::class_name() const {
  if (array_ == kNoArray) return "dtype";
  const NodeId array_class = state_->meaning().arrays()[array_].array_class;
  return array_class == kNoNode ? "ndarray" : state_->tape().symbol(array_class).name;
}

bool ArrayView::is_fortran() const {
  return array_ != kNoArray && state_->meaning().arrays()[array_].is_fortran;
}

bool ArrayView::is_masked() const {
  return array_ != kNoArray && state_->meaning().arrays()[array_].mask != kNoNode;
}

std::span<const std::byte> ArrayView::mask() const {
  if (!is_masked()) return {};
  return base::as_bytes(state_->tape().text(state_->meaning().arrays()[array_].mask));
}

Dims ArrayView::shape() const {
  Dims dims;
  if (array_ == kNoArray) return dims;
  const types::Array& array = state_->meaning().arrays()[array_];
  if (array.shape == kNoNode) return dims;
  const pickle::Tape& tape = state_->tape();
  const std::span<const NodeId> sizes = tape.items(array.shape);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t axis =
        array.axes == kNoNode ? i
                              : static_cast<std::size_t>(tape[tape.items(array.axes)[i]].payload);
    dims.push_back(static_cast<std::int64_t>(tape[sizes[axis]].payload));
  }
  return dims;
}

Dims ArrayView::strides() const {
  Dims strides;
  if (array_ == kNoArray) return strides;
  const types::Array& array = state_->meaning().arrays()[array_];
  if (array.shape == kNoNode) return strides;
  const pickle::Tape& tape = state_->tape();
  const std::span<const NodeId> sizes = tape.items(array.shape);
  std::array<std::int64_t, Dims::kMost> own{};
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t step = has_objects() ? 1 : static_cast<std::int64_t>(item_size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    // Lists of objects are in row-major order, whatever the flag says.
    const bool from_front = array.is_fortran && !has_objects();
    const std::size_t axis = from_front ? i : sizes.size() - 1 - i;
    own[axis] = step;
    // An array without items may have sizes whose product is not a number.
    const auto next = base::checked_mul(static_cast<std::uint64_t>(step),
                                        std::max<std::uint64_t>(1, tape[sizes[axis]].payload));
    if (next && *next <= kMost) step = static_cast<std::int64_t>(*next);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i)
    strides.push_back(own[array.axes == kNoNode
                              ? i
                              : static_cast<std::size_t>(tape[tape.items(array.axes)[i]].payload)]);
  return strides;
}

std::span<const std::byte> ArrayView::bytes() const {
  if (array_ == kNoArray || has_objects()) return {};
  return base::as_bytes(state_->tape().text(state_->meaning().arrays()[array_].data));
}

Values ArrayView::elements() const {
  if (array_ == kNoArray || !has_objects() || part(Part::kScalar) != kNoNode) return {state_, {}};
  return {state_, state_->tape().items(state_->meaning().arrays()[array_].data)};
}

}  // namespace v0
}  // namespace safe_load
