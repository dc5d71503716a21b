#include "safe_load/tensor.h"

#include <algorithm>
#include <cstring>

#include "api/each_element.h"
#include "api/state.h"
#include "base/checked.h"
#include "base/try.h"
#include "data/elements.h"
#include "torch/bounds.h"

namespace safe_load {
inline namespace v0 {

using pickle::Kind;
using pickle::NodeId;

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '[';
  for (std::size_t i = 0; i < dims.size(); ++i) out << (i == 0 ? "" : ", ") << dims[i];
  return out << ']';
}

namespace {

const data::Storage& storage_of(const api::State* state, std::uint32_t id) {
  return state->storages()[id];
}

const torch::Tensor& tensor_of(const api::State* state, std::uint32_t id) {
  return state->meaning().tensors()[id];
}

Error mismatch(Reason reason) { return Error(ErrorCode::kMismatch, reason); }

}  // namespace

// ---- storages

std::string_view StorageView::key() const { return storage_of(state_, id_).key; }
std::string_view StorageView::location() const {
  return state_->storages().location(storage_of(state_, id_));
}
DType StorageView::dtype() const { return storage_of(state_, id_).dtype; }
bool StorageView::is_untyped() const { return storage_of(state_, id_).is_untyped; }
std::uint64_t StorageView::byte_count() const { return storage_of(state_, id_).byte_count; }

Result<std::span<std::byte>> StorageView::writable_bytes(std::size_t unit) const {
  SAFE_LOAD_TRY(bytes(unit));
  SAFE_LOAD_TRY_ASSIGN(const SharedBytes shared, share(unit));
  return shared.bytes;
}

Result<std::span<const std::byte>> StorageView::bytes(std::size_t unit) const {
  if (storage_of(state_, id_).is_meta())
    return mismatch("a storage on the meta device has no data");
  return state_->bytes->readable(id_, unit);
}

Result<SharedBytes> StorageView::share(std::size_t unit) const {
  if (storage_of(state_, id_).is_meta())
    return mismatch("a storage on the meta device has no data");
  return state_->bytes->share(id_, unit);
}

// ---- tensors

DType TensorView::dtype() const { return tensor_of(state_, id_).dtype; }
std::uint64_t TensorView::storage_offset() const { return tensor_of(state_, id_).offset; }
bool TensorView::requires_grad() const { return tensor_of(state_, id_).requires_grad; }
bool TensorView::is_parameter() const { return tensor_of(state_, id_).is_parameter; }
bool TensorView::is_conjugated() const { return tensor_of(state_, id_).is_conjugated; }
bool TensorView::is_negated() const { return tensor_of(state_, id_).is_negated; }
StorageView TensorView::storage() const { return {state_, tensor_of(state_, id_).storage}; }
bool TensorView::is_quantized() const {
  return tensor_of(state_, id_).quantizer != torch::kNotQuantized;
}
bool TensorView::is_meta() const { return storage_of(state_, storage().id()).is_meta(); }

Dims TensorView::extents(std::uint32_t node) const {
  const pickle::Tape& tape = state_->tape();
  // torch.Size holds its tuple as an argument.
  const NodeId tuple =
      tape[node].kind == Kind::kRecord ? tape.items(tape.call(node).arguments)[0] : node;
  Dims dims;
  for (const NodeId id : tape.items(tuple))
    dims.push_back(static_cast<std::int64_t>(tape[id].payload));
  return dims;
}

Dims TensorView::shape() const { return extents(tensor_of(state_, id_).sizes); }
Dims TensorView::strides() const { return extents(tensor_of(state_, id_).strides); }

std::uint64_t TensorView::element_count() const {
  const Dims sizes = shape();
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return 0;
  std::uint64_t count = 1;
  for (const std::int64_t size : sizes) count *= static_cast<std::uint64_t>(size);
  return count;
}

bool TensorView::is_packed() const {
  return is_quantized() && (dtype() == DType::kQuint4x2 || dtype() == DType::kQuint2x4);
}

// Two or four values share a byte of the packed types, when they are quantized.
std::uint64_t TensorView::byte_count() const {
  const std::uint64_t count = element_count();
  constexpr std::uint64_t kBeyond = ~std::uint64_t{0};
  if (!is_quantized()) return base::checked_mul(count, size_of(dtype())).value_or(kBeyond);
  if (dtype() == DType::kQuint4x2) return (count + 1) / 2;
  if (dtype() == DType::kQuint2x4) return (count + 3) / 4;
  return base::checked_mul(count, size_of(dtype())).value_or(kBeyond);
}

bool TensorView::is_contiguous() const {
  const Dims sizes = shape();
  const Dims steps = strides();
  return torch::is_contiguous({sizes.begin(), sizes.end()}, {steps.begin(), steps.end()});
}

std::uint64_t TensorView::file_offset() const {
  if (element_count() == 0 || is_meta()) return 0;
  if (state_->input.set) return 0;
  const auto data = storage_of(state_, storage().id()).offset_in_file();
  return data ? *data + storage_offset() * size_of(dtype()) : 0;
}

Result<std::span<const std::byte>> TensorView::contiguous_bytes(DType wanted,
                                                                std::size_t alignment) const {
  if (wanted != dtype()) return mismatch("the elements are of another type").about(name(dtype()));
  if (is_conjugated() || is_negated())
    return mismatch("the bytes are conjugated or negated; use copy_to");
  if (!is_contiguous()) return mismatch("the elements do not lie in one row; use copy_to");
  if (element_count() == 0) return std::span<const std::byte>();
  SAFE_LOAD_TRY_ASSIGN(const auto bytes, storage().bytes(info(dtype()).swap_unit));
  const auto own = bytes.subspan(static_cast<std::size_t>(storage_offset() * size_of(dtype())),
                                 static_cast<std::size_t>(byte_count()));
  // std::align only looks at it.
  void* address = const_cast<std::byte*>(own.data());  // NOLINT(*-const-cast)
  std::size_t space = own.size();
  if (std::align(alignment, own.size(), address, space) != own.data())
    return mismatch("the elements are not aligned in the file; use copy_to");
  return own;
}

Status TensorView::copy_bytes_to(std::span<std::byte> out) const {
  if (!is_packed()) return convert_to(dtype(), out);
  if (out.size() != byte_count()) return mismatch("the room is not of byte_count() bytes");
  SAFE_LOAD_TRY_ASSIGN(const auto bytes, storage().bytes());
  std::copy_n(bytes.begin(), out.size(), out.begin());
  return {};
}

Status TensorView::convert_to(DType wanted, std::span<std::byte> out) const {
  const DType own = dtype();
  if (is_packed())
    return mismatch("several values share a byte; use copy_bytes_to").about(name(own));
  if (wanted != own && !data::widens(own, wanted))
    return mismatch("the type asked for cannot hold every value of this type").about(name(own));
  const auto bytes_needed = base::checked_mul(element_count(), size_of(wanted));
  if (!bytes_needed || out.size() != *bytes_needed)
    return mismatch("the room is not of element_count() elements");
  if (element_count() == 0) return {};
  SAFE_LOAD_TRY_ASSIGN(const auto bytes, storage().bytes(info(own).swap_unit));
  const std::size_t size = size_of(own);
  const std::size_t step = size_of(wanted);
  const std::size_t unit = info(wanted).swap_unit;
  const bool conjugated = is_conjugated();
  const bool negated = is_negated();
  if (wanted == own && is_contiguous() && !conjugated && !negated) {
    std::memcpy(out.data(), bytes.data() + storage_offset() * size, out.size());
    return {};
  }
  std::byte* to = out.data();
  api::for_each_element(shape(), strides(), storage_offset(), [&](std::uint64_t at) {
    const std::byte* element = bytes.data() + at * size;
    if (wanted == own) {
      std::memcpy(to, element, size);
    } else {
      data::widen(own, element, wanted, to);
    }
    if (negated) data::negate(wanted, to);
    if (conjugated) data::flip_sign(to + unit, unit);
    to += step;
    return true;
  });
  return {};
}

Result<std::uint64_t> TensorView::copy_size() const {
  const Limits& limits = state_->options.limits;
  const std::uint64_t most =
      std::max(limits.max_copied_bytes, limits.max_copied_ratio * storage().byte_count());
  const auto bytes = base::checked_mul(element_count(), size_of(dtype()));
  if (!bytes || *bytes > most)
    return Error(ErrorCode::kLimit, "more elements than Limits::max_copied_bytes allows to copy");
  return *bytes;
}

}  // namespace v0
}  // namespace safe_load
