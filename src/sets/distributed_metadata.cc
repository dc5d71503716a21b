#include "sets/distributed_metadata.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/text.h"
#include "base/try.h"
#include "pickle/machine.h"
#include "torch/tensor_interpreter.h"
#include "types/value_reader.h"

namespace safe_load::sets {

using container::ValueTree;

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

constexpr std::string_view kModule = "torch.distributed.";

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

bool stays_below(std::string_view path) {
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!base::is_file_name(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// Everything that is copied out of the tape is paid for: one object may be named a million times.
class MetadataReader {
 public:
  explicit MetadataReader(torch::TensorInterpreter& interpreter)
      : interpreter_(interpreter), tape_(interpreter.tape()), values_(tape_) {}

  Result<DistributedMetadata> read(NodeId root) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId state, state_of(root, "Metadata"));
    const NodeId items = values_.find(state, "state_dict_metadata");
    if (items == kNoNode || tape_[items].kind != Kind::kDict)
      return bad("metadata without a dict of what was saved");
    const NodeId version = values_.find(state, "version");
    if (version != kNoNode)
      metadata_.version = base::escaped(values_.text(version).value_or(std::string_view()));
    SAFE_LOAD_TRY(read_places(values_.find(state, "storage_data")));
    SAFE_LOAD_TRY(read_paths(values_.find(state, "planner_data")));
    const std::span<const NodeId> pairs = tape_.items(items);
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      if (tape_[pairs[i]].kind != Kind::kText) return bad("metadata with a name that is not text");
      SAFE_LOAD_TRY(read_item(tape_.text(pairs[i]), pairs[i + 1]));
    }
    SAFE_LOAD_TRY(report_surplus());
    return std::move(metadata_);
  }

 private:
  using Item = DistributedMetadata::Item;
  using Chunk = DistributedMetadata::Chunk;
  struct Place {
    std::string_view name;  // of the value
    Chunk chunk;
    std::optional<Error> error;
    bool is_used = false;
  };

  Status pay(std::uint64_t bytes) { return tape_.memory().take(2 * bytes); }

  bool is_a(NodeId id, std::string_view name) const {
    if (tape_[id].kind != Kind::kOpaque) return false;
    const NodeId callee = tape_.call(id).callee;
    return tape_[callee].kind == Kind::kSymbol && tape_.symbol(callee).name == name &&
           tape_.symbol(callee).module.starts_with(kModule);
  }

  // What BUILD gave to an object of this class.
  Result<NodeId> state_of(NodeId id, std::string_view name) const {
    if (!is_a(id, name)) return bad("metadata in which another class was expected").about(name);
    const std::span<const NodeId> states = tape_.items(tape_.added(id).states);
    if (states.size() != 1) return bad("an object without its attributes").about(name);
    return NodeId{states[0]};
  }

  // By name and place in the tensor, as torch compares a MetadataIndex.
  static std::string key_of(std::string_view name, const std::vector<std::int64_t>* offsets) {
    std::string key(name);
    key += offsets == nullptr ? '\0' : '\1';
    if (offsets != nullptr) key += base::as_text(std::as_bytes(std::span(*offsets)));
    return key;
  }

  Result<std::vector<std::int64_t>> numbers(NodeId id) {
    SAFE_LOAD_TRY_ASSIGN(const torch::Extents extents, interpreter_.read_extents(id));
    SAFE_LOAD_TRY(pay(extents.count * sizeof(std::int64_t)));
    const auto span = extents.span();
    return std::vector<std::int64_t>(span.begin(), span.end());
  }

  // {MetadataIndex: _StorageInfo}
  Status read_places(NodeId dict) {
    if (dict == kNoNode || tape_[dict].kind != Kind::kDict)
      return bad("metadata that do not say where the bytes are");
    const std::span<const NodeId> pairs = tape_.items(dict);
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      SAFE_LOAD_TRY_ASSIGN(const NodeId index, state_of(pairs[i], "MetadataIndex"));
      const NodeId name = values_.find(index, "fqn");
      if (name == kNoNode || tape_[name].kind != Kind::kText)
        return bad("a place of a value without a name");
      const NodeId at = values_.find(index, "offset");
      std::optional<std::vector<std::int64_t>> offsets;
      if (at != kNoNode && !values_.is_none(at)) {
        SAFE_LOAD_TRY_ASSIGN(offsets, numbers(at));
      }
      std::string key = key_of(tape_.text(name), offsets ? &*offsets : nullptr);
      SAFE_LOAD_TRY(pay(sizeof(Place) + sizeof(std::string) + key.size()));
      if (!place_numbers_.try_emplace(std::move(key), places_.size()).second)
        return Error(ErrorCode::kAmbiguous, "two places for one chunk").about(tape_.text(name));
      SAFE_LOAD_TRY_ASSIGN(Place place, read_place(pairs[i + 1]));
      place.name = tape_.text(name);
      places_.push_back(std::move(place));
    }
    return {};
  }

  Place* find_place(std::string_view name, const std::vector<std::int64_t>* offsets) {
    const auto found = place_numbers_.find(key_of(name, offsets));
    if (found == place_numbers_.end()) return nullptr;
    Place& place = places_[found->second];
    place.is_used = true;
    return &place;
  }

  Result<Place> read_place(NodeId id) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId info, state_of(id, "_StorageInfo"));
    const auto number = [&](std::string_view field) {
      const NodeId node = values_.find(info, field);
      return node == kNoNode ? std::nullopt : values_.integer(node);
    };
    const NodeId path = values_.find(info, "relative_path");
    if (path == kNoNode || tape_[path].kind != Kind::kText)
      return bad("a place of a value without a file");
    Place place;
    SAFE_LOAD_TRY_ASSIGN(place.chunk.file, file_number(tape_.text(path)));
    const auto offset = number("offset");
    const auto length = number("length");
    if (offset && length && *offset >= 0 && *length >= 0) {
      place.chunk.offset = static_cast<std::uint64_t>(*offset);
      place.chunk.length = static_cast<std::uint64_t>(*length);
    } else {
      place.error = bad("a place of a value that is no range of bytes");
    }
    const NodeId transforms = values_.find(info, "transform_descriptors");
    if (transforms != kNoNode && !values_.is_none(transforms)) {
      const std::span<const NodeId> names = tape_.items(transforms);
      if (!names.empty())
        place.error = Error(ErrorCode::kUnsupported, "bytes that an extension transformed")
                          .about(values_.text(names[0]).value_or("?"));
    }
    return place;
  }

  // D1
  Result<std::uint32_t> file_number(std::string_view path) {
    const auto known = file_numbers_.find(path);
    if (known != file_numbers_.end()) return std::uint32_t{known->second};
    if (!stays_below(path))
      return bad("metadata that name a path, not a file in the folder").about(path);
    SAFE_LOAD_TRY(pay(path.size() + sizeof(std::string)));
    const auto number = static_cast<std::uint32_t>(metadata_.files.size());
    metadata_.files.emplace_back(path);
    file_numbers_.emplace(path, number);
    return number;
  }

  // {name: (key, key, index, ...)}
  Status read_paths(NodeId dict) {
    if (dict == kNoNode || values_.is_none(dict)) return {};
    if (tape_[dict].kind != Kind::kDict) return {};  // of a planner that torch does not have
    const std::span<const NodeId> pairs = tape_.items(dict);
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      if (tape_[pairs[i]].kind != Kind::kText || tape_[pairs[i + 1]].kind != Kind::kTuple) continue;
      SAFE_LOAD_TRY(pay(sizeof(ValueTree::Path)));
      ValueTree::Path path;
      for (const NodeId step : values_.tuple(pairs[i + 1])) {
        const auto index = values_.integer(step);
        if (tape_[step].kind == Kind::kText) {
          SAFE_LOAD_TRY(pay(tape_.text(step).size() + sizeof(ValueTree::Step)));
          path.emplace_back(std::string(tape_.text(step)));
        } else if (index) {
          SAFE_LOAD_TRY(pay(sizeof(ValueTree::Step)));
          path.emplace_back(*index);
        } else {
          return bad("a path with a step that is neither a key nor an index")
              .about(tape_.text(pairs[i]));
        }
      }
      paths_.insert_or_assign(tape_.text(pairs[i]), std::move(path));
    }
    return {};
  }

  Status read_item(std::string_view name, NodeId id) {
    SAFE_LOAD_TRY(pay(sizeof(Item) + 2 * name.size() + sizeof(ValueTree::Step)));
    Item item;
    item.name = name;
    const auto path = paths_.find(name);
    item.path = path == paths_.end() ? ValueTree::Path{item.name} : std::move(path->second);
    if (id == kNoNode) {
      item.error = bad("a place of a value that the metadata do not describe");
    } else if (is_a(id, "BytesStorageMetadata")) {
      const Place* const place = find_place(name, nullptr);
      if (place == nullptr) {
        item.error = bad("a value whose bytes the metadata do not place");
      } else {
        item.error = place->error;
        item.chunks.push_back(place->chunk);
      }
    } else {
      item.is_tensor = true;
      const Status read = read_tensor(id, item);
      if (!read && read.error().code() == ErrorCode::kLimit) return read;
      if (!read) item.error = read.error();
    }
    item_numbers_.emplace(name, metadata_.items.size());
    metadata_.items.push_back(std::move(item));
    return {};
  }

  // D6: what no value has a use for is part of a value that is not whole.
  Status report_surplus() {
    for (const Place& place : places_) {
      if (place.is_used) continue;
      const auto item = item_numbers_.find(place.name);
      if (item == item_numbers_.end()) {
        SAFE_LOAD_TRY(read_item(place.name, kNoNode));
      } else if (!metadata_.items[item->second].error) {
        metadata_.items[item->second].error =
            bad("a place of a chunk that the value does not have");
      }
    }
    return {};
  }

  Status read_tensor(NodeId id, Item& item) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId facts, state_of(id, "TensorStorageMetadata"));
    const NodeId properties = values_.find(facts, "properties");
    const NodeId size = values_.find(facts, "size");
    const NodeId chunks = values_.find(facts, "chunks");
    if (properties == kNoNode || size == kNoNode || chunks == kNoNode ||
        tape_[chunks].kind != Kind::kList)
      return bad("a tensor without a type, a size or chunks");
    SAFE_LOAD_TRY_ASSIGN(item.dtype, read_dtype(properties));
    SAFE_LOAD_TRY_ASSIGN(item.sizes, numbers(size));
    std::unordered_map<const Place*, std::vector<std::int64_t>> seen;
    for (const NodeId chunk : tape_.items(chunks)) SAFE_LOAD_TRY(read_chunk(chunk, item, seen));
    return {};
  }

  // (dtype, layout, requires_grad, memory format, pin_memory)
  Result<DType> read_dtype(NodeId properties) const {
    SAFE_LOAD_TRY_ASSIGN(const NodeId parts, state_of(properties, "TensorProperties"));
    const std::span<const NodeId> given = values_.tuple(parts);
    const types::Known* const row = given.size() == 5 && tape_[given[0]].kind == Kind::kSymbol
                                        ? interpreter_.known(given[0])
                                        : nullptr;
    if (row == nullptr || row->kind != types::SymbolKind::kTensorDtype)
      return bad("a tensor without a type");
    const pickle::Node& layout = tape_[given[1]];
    const bool is_strided =
        layout.kind == Kind::kRecord &&
        layout.aux == static_cast<std::uint16_t>(types::Meaning::kLayout) &&
        values_.text(tape_.items(tape_.call(given[1]).arguments)[0]) == "torch.strided";
    if (!is_strided)
      return Error(ErrorCode::kUnsupported, "a tensor in chunks that is not strided");
    return static_cast<DType>(row->value);
  }

  // Replicas are one chunk: their place is the same.
  Status read_chunk(NodeId id, Item& item,
                    std::unordered_map<const Place*, std::vector<std::int64_t>>& seen) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId facts, state_of(id, "ChunkStorageMetadata"));
    const NodeId at = values_.find(facts, "offsets");
    const NodeId size = values_.find(facts, "sizes");
    if (at == kNoNode || size == kNoNode) return bad("a chunk without a place in its tensor");
    SAFE_LOAD_TRY_ASSIGN(std::vector<std::int64_t> offsets, numbers(at));
    SAFE_LOAD_TRY_ASSIGN(std::vector<std::int64_t> sizes, numbers(size));
    Place* const place = find_place(item.name, &offsets);
    if (place == nullptr) return bad("a chunk whose bytes the metadata do not place");
    if (place->error) return *place->error;
    const auto [known, is_new] = seen.try_emplace(place, sizes);
    if (!is_new && known->second == sizes) return {};
    if (!is_new) return bad("chunks of a tensor overlap");
    SAFE_LOAD_TRY(pay(sizeof(Chunk) + sizeof(std::pair<const Place*, std::vector<std::int64_t>>)));
    Chunk chunk = place->chunk;
    chunk.offsets = std::move(offsets);
    chunk.sizes = std::move(sizes);
    item.chunks.push_back(std::move(chunk));
    return {};
  }

  torch::TensorInterpreter& interpreter_;
  pickle::Tape& tape_;
  types::ValueReader values_;
  DistributedMetadata metadata_;
  std::vector<Place> places_;
  template <class Key, class Value>
  using ByText = std::unordered_map<Key, Value, base::TextHash>;
  ByText<std::string, std::size_t> place_numbers_;
  ByText<std::string_view, std::uint32_t> file_numbers_;
  ByText<std::string_view, std::size_t> item_numbers_;
  ByText<std::string_view, ValueTree::Path> paths_;
};

}  // namespace

Result<DistributedMetadata> read_distributed_metadata(base::Bytes pickle, const Limits& limits) {
  pickle::Tape tape(pickle, limits);
  torch::TensorInterpreter interpreter(tape, types::Encoding::kUtf8, limits);
  SAFE_LOAD_TRY_ASSIGN(const pickle::Built built, pickle::run(tape, pickle::Program{pickle}));
  torch::NoPersistentIds ids;
  SAFE_LOAD_TRY(interpreter.interpret(0, tape.size(), ids));
  SAFE_LOAD_TRY(interpreter.finish());
  if (!interpreter.damaged_values().empty()) return interpreter.damaged_values()[0].error;
  return MetadataReader(interpreter).read(built.root);
}

}  // namespace safe_load::sets
