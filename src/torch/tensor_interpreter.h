// TensorInterpreter: persistent ids become storages, rebuild calls become tensors.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "torch/stacked_pickles.h"
#include "torch/tensor.h"
#include "torch/zip_layout.h"
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

// The storages of one run of stacked pickles, by their keys.
struct StackedStorages {
  struct View {
    std::uint32_t storage;  // its number
    std::uint64_t offset;   // bytes, in its root
  };
  struct Root {
    std::uint32_t storage = 0;
    std::vector<View> views;
    bool is_placed = false;
  };
  std::unordered_map<std::string_view, Root, base::TextHash> roots;
};

class TensorInterpreter final : public types::Interpreter {
 public:
  // `layout` must outlive the interpreter: storages point to its entries.
  TensorInterpreter(pickle::Tape& tape, const ZipLayout& layout, types::Encoding encoding,
                    const Limits& limits)
      : Interpreter(tape, encoding, limits),
        layout_(layout),
        by_record_(layout.directory == nullptr ? 0 : layout.directory->entries().size()) {
    // Nearly every record of a file is a storage with one tensor.
    storages_.reserve(by_record_.size());
    tensors_.reserve(by_record_.size());
    attributes_.reserve(by_record_.size());
  }

  const std::vector<Storage>& storages() const { return storages_; }
  std::string_view location(const Storage& storage) const { return locations_[storage.location]; }
  const std::vector<Tensor>& tensors() const { return tensors_; }  // by payload of a kTensor
  // By tensor: what BUILD or a rebuild function added to it, or kNoNode.
  const std::vector<pickle::NodeId>& attributes() const { return attributes_; }
  const std::vector<Quantizer>& quantizers() const { return quantizers_; }
  // Whether there are sparse, nested or quantized tensors, or generators: their elements have rules
  // of their own.
  bool has_composites() const { return has_composites_; }

 private:
  Status decode_persistent(pickle::NodeId id) override;
  Status decode_tensor(pickle::NodeId id, types::Meaning meaning) override;
  Status decode_tensor_state(pickle::NodeId id) override;

  Result<std::uint32_t> number_of_storage(pickle::NodeId persistent_id);
  Result<Storage> describe_storage(std::span<const pickle::NodeId> parts);
  Result<std::uint32_t> number_of_location(std::string_view location);
  Result<Storage> read_storage(pickle::NodeId persistent_id);
  Result<std::uint32_t> add_storage(const Storage& storage);
  Result<std::uint32_t> append_storage(const Storage& storage);
  std::size_t index_of(const archive::ZipEntry& entry) const;
  Status rebuild_view(types::Meaning meaning, std::span<const pickle::NodeId> given,
                      Tensor& tensor);
  Status rebuild(pickle::NodeId id, types::Meaning meaning, std::span<const pickle::NodeId> given,
                 Tensor& tensor, pickle::NodeId& attributes);
  Status check_attributes(pickle::NodeId state);
  bool is_settled(pickle::NodeId state, pickle::NodeId call) const;
  Status rebuild_quantized(std::span<const pickle::NodeId> given, Tensor& tensor);
  Status read_channels(std::span<const pickle::NodeId> parameters,
                       std::span<const std::int64_t> sizes, Quantizer& quantizer) const;
  Status rebuild_meta(std::span<const pickle::NodeId> given, Tensor& tensor);
  Status decode_nested(pickle::NodeId id);
  Result<pickle::NodeId> decode_stacked(const pickle::Program& program);
  Result<std::uint32_t> add_stacked_storage(pickle::NodeId persistent_id);
  Status place_storages(const StackedPickles& stacked, base::Bytes bytes);
  Status decode_composite(pickle::NodeId id, types::Meaning meaning);
  Status check_sparse(pickle::NodeId id, types::Meaning meaning) const;
  Status check_nested(std::span<const pickle::NodeId> given) const;
  Status check_jagged(std::span<const pickle::NodeId> given) const;
  const Tensor* tensor_at(pickle::NodeId id) const;
  bool is_index_tensor(pickle::NodeId id, std::size_t dims) const;
  Result<Extents> read_extents(pickle::NodeId id) const;
  void set_requires_grad(Tensor& tensor, bool requires_grad);
  Status rebuild_from_type(pickle::NodeId id);
  Status set_state(pickle::NodeId id, pickle::NodeId state);
  Status rebuild_composite_from_type(pickle::NodeId id, types::Meaning meaning);
  Status read_metadata(pickle::NodeId dict, Tensor& tensor) const;
  Status become_tensor(pickle::NodeId id, const Tensor& tensor, pickle::NodeId attributes);
  Status decode_small_value(pickle::NodeId id, types::Meaning meaning);

  const ZipLayout& layout_;
  std::vector<Storage> storages_;
  std::vector<std::string_view> locations_ = {"meta"};  // the first is Storage::kMeta
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> location_numbers_ = {
      {"meta", Storage::kMeta}};
  // The number of a storage plus one, or 0: by index of its record, or by key if it has none.
  std::vector<std::uint32_t> by_record_;
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> by_key_;
  std::vector<Tensor> tensors_;
  std::vector<pickle::NodeId> attributes_;
  std::vector<Quantizer> quantizers_;
  StackedStorages* stacked_ = nullptr;  // of the stacked pickles that are being read; null: none
  int nesting_ = 0;
  bool has_composites_ = false;
};

}  // namespace safe_load::torch
