// LegacyStorages: the storages of legacy pickles, whose bytes follow the pickles in the order of
// a list of keys.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/source.h"
#include "data/storage_map.h"
#include "torch/persistent_ids.h"

namespace safe_load::torch {

// docs/format/legacy.md has the rules L1 to L10.
class LegacyStorages final : public PersistentIds {
 public:
  // Something wrong with one storage alone.
  struct Damage {
    std::uint32_t storage;
    Error error;
  };

  // `keys`: the node that lists whose bytes follow.
  explicit LegacyStorages(pickle::NodeId keys) : keys_(keys) {}

  // ("storage", class, key, location, numel, view): a storage; view is None or (key, offset,
  // numel).
  // ("module", class, file, text): the class; the source text is never compiled.
  Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) override;

  // Walks the data, which begins at `position` of `source`: for each key the number of elements
  // (64 bits) and the elements, both little-endian. Storages get their places: in `memory`, which
  // holds the bytes of `source`, or if it is null `shift` bytes further on in the file.
  // An error means that the data cannot be walked.
  Status place(TensorInterpreter& interpreter, const Source& source, std::uint64_t position,
               const std::byte* memory, std::uint64_t shift);

  // What is wrong with single storages, in their order, once place() succeeded.
  const std::vector<Damage>& damage() const { return damage_; }
  std::uint64_t end() const { return end_; }  // behind the last storage
  bool has_source_text() const { return has_source_text_; }

 private:
  struct View {
    std::uint32_t storage;  // its number
    std::uint32_t root;     // the number of the storage that it is a part of
    std::uint64_t offset;   // bytes, in its root
  };
  struct Root {
    std::uint32_t storage = 0;
    std::vector<View> views;
    bool is_placed = false;
  };

  Result<std::uint32_t> add(TensorInterpreter& interpreter, std::span<const pickle::NodeId> parts);
  Result<std::uint32_t> add_view(TensorInterpreter& interpreter, data::Storage storage, Root& root,
                                 pickle::NodeId view);
  void tell_counts(const TensorInterpreter& interpreter, const Source& source,
                   std::uint64_t position) const;
  Status pay_for_damage(TensorInterpreter& interpreter, const Root& root) const;

  pickle::NodeId keys_;
  // By key. torch looks for both kinds in one table, so that no key may stand for two things.
  std::unordered_map<std::string_view, Root, base::TextHash> roots_;
  std::unordered_map<std::string_view, View, base::TextHash> views_;
  std::vector<Damage> damage_;
  std::uint64_t end_ = 0;
  bool has_source_text_ = false;
};

}  // namespace safe_load::torch
