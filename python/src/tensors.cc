#include "tensors.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <bit>
#include <string>

#include "build.h"
#include "errors.h"
#include "memory.h"
#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {

using safe_load::Checkpoint;
using safe_load::Dims;
using safe_load::StorageView;
using safe_load::TensorView;
using safe_load::ValueKind;
using safe_load::ValueView;

namespace {

bool is_row_major(const Dims& shape, const Dims& strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

std::uint64_t element_count(const Dims& shape) {
  std::uint64_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::uint64_t>(size);
  return count;
}

}  // namespace

bool DeviceAnswers::operator()(std::string_view location) {
  if (!answers_.empty() && location.data() == last_.data() && location.size() == last_.size())
    return last_answer_;
  auto known = answers_.find(location);
  if (known == answers_.end())
    known = answers_.emplace(location, nb::cast<bool>(ask_(to_str(location)))).first;
  last_ = location;
  return last_answer_ = known->second;
}

TensorBuilder::TensorBuilder(std::shared_ptr<const Checkpoint> checkpoint, nb::handle makers,
                             const std::vector<std::uint32_t>& wanted,
                             const std::vector<ValueKind>& kinds)
    : checkpoint_(std::move(checkpoint)),
      makers_(makers),
      has_torch_(nb::cast<bool>(makers.attr("has_torch"))),
      makes_arrays_(nb::cast<bool>(makers.attr("makes_arrays"))),
      may_swap_(std::endian::native != std::endian::little ||
                checkpoint_->container().byte_order != safe_load::ByteOrder::kLittle),
      is_direct_(makers.attr("is_direct")) {
  count_users(wanted, kinds);
  if (!has_torch_ || checkpoint_->storage_count() == 0) return;
  if (auto table = DLExchange::of(makers.attr("tensor_class")))
    exchange_.emplace(*std::move(table));
  const nb::object libraries = makers.attr("c_abi");
  if (!libraries.is_none())
    if (const TorchAbi::Table* table = TorchAbi::find(nb::cast<std::string>(libraries[0]),
                                                      nb::cast<std::string>(libraries[1])))
      abi_.emplace(*table);
}

void TensorBuilder::count_users(const std::vector<std::uint32_t>& wanted,
                                const std::vector<ValueKind>& kinds) {
  users_.assign(checkpoint_->storage_count(), 0);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const ValueView value = checkpoint_->value(wanted[i]);
    if (kinds[i] == ValueKind::kTensor) users_[value.tensor()->storage().id()] += 1;
    if (kinds[i] == ValueKind::kStorage) users_[value.storage()->id()] += 2;
  }
}

void TensorBuilder::read_ahead() {
  std::vector<std::uint32_t> ids;
  DeviceAnswers stays_here(makers_.attr("stays_here"));
  for (std::uint32_t id = 0; id < users_.size(); ++id)
    if (users_[id] != 0 && stays_here(checkpoint_->storage(id).location())) ids.push_back(id);
  {
    const nb::gil_scoped_release release;
    checkpoint_->read_ahead(ids, &no_signal_came);
  }
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
}

bool TensorBuilder::covers_alone(const TensorView& tensor, const StorageView& storage,
                                 const Dims& shape, const Dims& strides) const {
  const std::uint64_t count = element_count(shape);
  return users_[storage.id()] == 1 && count != 0 && !tensor.is_quantized() &&
         count * safe_load::size_of(tensor.dtype()) == storage.byte_count() &&
         is_row_major(shape, strides) && !tensor.is_conjugated() && !tensor.is_negated();
}

nb::object TensorBuilder::storage(const StorageView& storage, std::size_t unit) {
  if (!may_swap_) unit = 1;
  nb::object& known = storages_[{storage.id(), unit}];
  if (!known.is_valid())
    known = makers_.attr("storage")(nb::cast(StorageHandle{checkpoint_, storage}), unit);
  return known;
}

nb::object TensorBuilder::storage_value(const StorageView& storage) {
  nb::object& known = storage_values_[storage.id()];
  const auto& type = safe_load::info(storage.dtype());
  if (!known.is_valid())
    known = makers_.attr("storage_value")(
        this->storage(storage, storage.is_untyped() ? 1 : type.swap_unit), to_str(type.name),
        storage.is_untyped());
  return known;
}

nb::object TensorBuilder::hand_over(const DLView& view, std::shared_ptr<const void> owner) {
  if (abi_ && abi_->carries(view.dtype)) {
    if (auto made = abi_->tensor(view, owner)) return *std::move(made);
  }
  if (exchange_) return exchange_->tensor(view, std::move(owner));
  return makers_.attr("from_dlpack")(dlpack_capsule(view, std::move(owner)));
}

nb::object TensorBuilder::tensor(const TensorView& tensor) {
  const safe_load::DType dtype = tensor.dtype();
  const auto& type = safe_load::info(dtype);
  const StorageView storage = tensor.storage();
  const bool makes_array = makes_arrays_ && storage.location() != "meta" &&
                           nb::cast<bool>(makers_.attr("makes")(to_str(type.name)));
  if (!has_torch_ && !makes_array) return nb::cast(tensor_object(tensor));
  const Dims shape = tensor.shape();
  const Dims strides = tensor.strides();
  const auto carried = dlpack_type(dtype, exchange_ ? DLTypes::kNarrow : DLTypes::kClassic);
  nb::object result;
  if (has_torch_ && carried && covers_alone(tensor, storage, shape, strides) &&
      is_direct_(storage.location())) {
    safe_load::SharedBytes shared = bytes_of(storage, type.swap_unit);
    result = hand_over({shared.bytes.data(), dtype, shape, strides}, std::move(shared.owner));
  } else {
    result = makers_.attr("tensor")(this->storage(storage, type.swap_unit), to_str(type.name),
                                    tensor.storage_offset(), to_tuple(shape), to_tuple(strides),
                                    tensor.is_conjugated(), tensor.is_negated());
  }
  const bool requires_grad = tensor.requires_grad();
  if (tensor.is_parameter() || requires_grad)
    result = makers_.attr("finish")(result, tensor.is_parameter(), requires_grad);
  return result;
}

}  // namespace safe_load_python
