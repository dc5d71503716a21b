// TensorInterpreter: persistent ids become storages, rebuild calls become tensors.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "torch/tensor.h"
#include "torch/zip_layout.h"
#include "types/interpreter.h"

namespace safe_load::torch {

class TensorInterpreter final : public types::Interpreter {
 public:
  // `layout` must outlive the interpreter: storages point to its entries.
  TensorInterpreter(pickle::Tape& tape, const ZipLayout& layout, types::Encoding encoding,
                    const Limits& limits)
      : Interpreter(tape, encoding, limits), layout_(layout) {}

  const std::vector<Storage>& storages() const { return storages_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // by payload of a kTensor
  // By tensor: what BUILD or a rebuild function added to it, or kNoNode.
  const std::vector<pickle::NodeId>& attributes() const { return attributes_; }

 private:
  Status decode_persistent(pickle::NodeId id) override;
  Status decode_tensor(pickle::NodeId id, types::Meaning meaning) override;

  Result<Storage> read_storage(pickle::NodeId persistent_id) const;
  Result<std::uint32_t> add_storage(const Storage& storage);
  Status rebuild_view(types::Meaning meaning, std::span<const pickle::NodeId> given,
                      Tensor& tensor);
  Status rebuild(types::Meaning meaning, std::span<const pickle::NodeId> given, Tensor& tensor,
                 pickle::NodeId& attributes);
  void set_requires_grad(Tensor& tensor, bool requires_grad);
  Status rebuild_from_type(pickle::NodeId id);
  Status read_metadata(pickle::NodeId dict, Tensor& tensor) const;
  Status become_tensor(pickle::NodeId id, const Tensor& tensor, pickle::NodeId attributes);
  Status decode_small_value(pickle::NodeId id, types::Meaning meaning);

  const ZipLayout& layout_;
  std::vector<Storage> storages_;
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> by_key_;
  std::vector<Tensor> tensors_;
  std::vector<pickle::NodeId> attributes_;
};

}  // namespace safe_load::torch
