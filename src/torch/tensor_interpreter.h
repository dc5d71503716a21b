// TensorInterpreter: persistent ids become storages, rebuild calls become tensors.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "data/storage_map.h"
#include "pickle/machine.h"
#include "torch/persistent_ids.h"
#include "torch/tensor.h"
#include "types/interpreter.h"

namespace safe_load::torch {

inline constexpr std::size_t kMostDims = 64;

// Sizes or strides in a fixed array; the tuple stays on the tape.
struct Extents {
  std::array<std::int64_t, kMostDims> values;  // the first `count` of them
  std::size_t count = 0;
  std::span<const std::int64_t> span() const { return std::span(values).first(count); }
};

inline bool is_text(const pickle::Node& node) {
  return node.kind == pickle::Kind::kText || node.kind == pickle::Kind::kBytes;
}

// "cuda" or "cuda:1", the index at most 127 as in torch.
bool is_device(std::string_view text);

class TensorInterpreter final : public types::Interpreter {
 public:
  TensorInterpreter(pickle::Tape& tape, types::Encoding encoding, const Limits& limits)
      : Interpreter(tape, encoding, limits), storages_(tape.memory()) {}

  // Makes room: nearly every record of a file is a storage with one tensor.
  void reserve(std::size_t tensors);

  // Gives meaning to the nodes [first, end), which a program built; `ids` tells what their
  // persistent ids are. finish() comes once, behind the last of them.
  Status interpret(pickle::NodeId first, pickle::NodeId end, PersistentIds& ids);
  using Interpreter::finish;

  using Interpreter::add_damaged_value;
  using Interpreter::tape;
  data::StorageMap& storages() { return storages_; }
  const data::StorageMap& storages() const { return storages_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // by payload of a kTensor
  // By tensor: what BUILD or a rebuild function added to it, or kNoNode.
  const std::vector<pickle::NodeId>& attributes() const { return attributes_; }
  const std::vector<Quantizer>& quantizers() const { return quantizers_; }
  // Whether there are sparse, nested or quantized tensors, or generators: their elements have rules
  // of their own.
  bool has_composites() const { return has_composites_; }

  // ("storage", class, key, location, numel): the parts of a persistent id that all containers
  // share.
  Result<data::Storage> describe_storage(std::span<const pickle::NodeId> parts);
  // Of a tuple, list or torch.Size of whole numbers.
  Result<Extents> read_extents(pickle::NodeId id) const;
  // The same into a place that is there: for every tensor, half a kilobyte is much to copy.
  Status read_extents(pickle::NodeId id, Extents& extents) const;
  // A tensor that no call rebuilt: a node for it, after its bounds were checked.
  Result<pickle::NodeId> add_tensor(const Tensor& tensor);
  // The strides of elements without gaps, as a tuple; in row-major order unless `is_fortran`.
  Result<pickle::NodeId> add_dense_strides(std::span<const std::int64_t> sizes,
                                           bool is_fortran = false);

 private:
  Status decode_persistent(pickle::NodeId id) override;
  Status decode_tensor(pickle::NodeId id, types::Meaning meaning) override;
  Status decode_tensor_state(pickle::NodeId id, types::Meaning meaning) override;

  Status rebuild_view(types::Meaning meaning, std::span<const pickle::NodeId> given,
                      Tensor& tensor);
  Status rebuild(pickle::NodeId id, types::Meaning meaning, std::span<const pickle::NodeId> given,
                 Tensor& tensor, pickle::NodeId& attributes);
  // Of the tensor that the call `id` makes.
  Status check_attributes(pickle::NodeId id, pickle::NodeId state);
  void note_objects(pickle::NodeId id, pickle::NodeId attributes);
  bool has_methods_of_its_own(pickle::NodeId value) const;
  bool is_settled(pickle::NodeId state, pickle::NodeId call) const;
  Status rebuild_quantized(std::span<const pickle::NodeId> given, Tensor& tensor);
  Status read_channels(std::span<const pickle::NodeId> parameters,
                       std::span<const std::int64_t> sizes, Quantizer& quantizer) const;
  Status rebuild_meta(std::span<const pickle::NodeId> given, Tensor& tensor);
  Status decode_nested(pickle::NodeId id);
  Result<pickle::NodeId> decode_legacy(const pickle::Program& program);
  Status decode_composite(pickle::NodeId id, types::Meaning meaning);
  Status wrap_composite(pickle::NodeId id, types::Meaning meaning);
  Status unify_sparse(pickle::NodeId id);
  Result<pickle::NodeId> add_layout(std::string_view name);
  Status check_sparse(pickle::NodeId id, types::Meaning meaning) const;
  Status check_nested(std::span<const pickle::NodeId> given) const;
  Status check_jagged(std::span<const pickle::NodeId> given) const;
  const Tensor* tensor_at(pickle::NodeId id) const;
  bool is_index_tensor(pickle::NodeId id, std::size_t dims) const;
  bool is_metadata(pickle::NodeId id) const;
  Status check_tensor(const Tensor& tensor) const;
  Status rebuild_from_type(pickle::NodeId id);
  Status set_state(pickle::NodeId id, pickle::NodeId state);
  Status rebuild_composite_from_type(pickle::NodeId id, types::Meaning meaning);
  Status read_metadata(pickle::NodeId dict, Tensor& tensor) const;
  Status become_tensor(pickle::NodeId id, Tensor tensor, pickle::NodeId attributes);
  Status decode_small_value(pickle::NodeId id, types::Meaning meaning);
  Status decode_old(pickle::NodeId id, types::Meaning meaning);
  Status decode_old_state(pickle::NodeId id, types::Meaning meaning);
  Status rebuild_from_array(pickle::NodeId id);
  Status storage_from_list(pickle::NodeId id);
  Result<std::string_view> keep_bytes(std::string_view content);
  Result<std::string_view> upper_halves(std::string_view floats, bool is_big);

  data::StorageMap storages_;
  std::vector<Tensor> tensors_;
  std::vector<pickle::NodeId> attributes_;
  std::vector<Quantizer> quantizers_;
  PersistentIds* ids_ = nullptr;  // of the program that is being interpreted
  int nesting_ = 0;
  bool has_composites_ = false;
};

}  // namespace safe_load::torch
