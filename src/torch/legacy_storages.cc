#include "torch/legacy_storages.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/checked.h"
#include "base/try.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

constexpr std::uint64_t kCountSize = sizeof(std::uint64_t);
constexpr std::uint64_t kHashNode = 64;  // bytes that an entry of a hash table takes at most

}  // namespace

Result<pickle::Node> LegacyStorages::resolve(TensorInterpreter& interpreter, NodeId id) {
  const pickle::Tape& tape = interpreter.tape();
  const auto persistent_id = static_cast<NodeId>(tape[id].payload);
  const std::span<const NodeId> parts = tape.items(persistent_id);
  if (tape[persistent_id].kind == Kind::kTuple && parts.size() == 4 && is_text(tape[parts[0]]) &&
      tape.text(parts[0]) == "module" && tape[parts[1]].kind == Kind::kSymbol) {
    has_source_text_ = true;
    return pickle::Node(tape[parts[1]]);
  }
  if (tape[persistent_id].kind != Kind::kTuple || parts.size() != 6)
    return bad("a persistent id that is not a storage");
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, add(interpreter, parts));
  return storage_node(number);
}

Result<std::uint32_t> LegacyStorages::add(TensorInterpreter& interpreter,
                                          std::span<const NodeId> parts) {
  data::StorageMap& storages = interpreter.storages();
  SAFE_LOAD_TRY_ASSIGN(const data::Storage storage, interpreter.describe_storage(parts.first(5)));
  if (views_.contains(storage.key))
    return bad("a storage that is described in two ways").about(storage.key);
  const auto [entry, is_new] = roots_.try_emplace(storage.key, Root());
  Root& root = entry->second;
  if (is_new) {
    SAFE_LOAD_TRY(interpreter.tape().memory().take(sizeof(Root) + kHashNode));
    SAFE_LOAD_TRY_ASSIGN(root.storage, storages.add(storage));
  }
  const bool is_whole = interpreter.tape()[parts[5]].kind == Kind::kNone;
  const data::Storage& whole = storages[root.storage];
  if (whole.dtype != storage.dtype || whole.byte_count != storage.byte_count ||
      whole.location != storage.location) {
    // Empty storages may share a key under different classes: each is one of its own.
    if (storage.byte_count == 0 && whole.byte_count == 0 && is_whole) return storages.add(storage);
    return bad("a storage that is described in two ways").about(storage.key);
  }
  if (is_whole) return std::uint32_t{root.storage};
  return add_view(interpreter, storage, root, parts[5]);
}

Result<std::uint32_t> LegacyStorages::add_view(TensorInterpreter& interpreter,
                                               data::Storage storage, Root& root, NodeId view) {
  const pickle::Tape& tape = interpreter.tape();
  data::StorageMap& storages = interpreter.storages();
  const std::span<const NodeId> parts = tape.items(view);
  const std::uint64_t unit = size_of(storage.dtype);
  const auto is_count = [&](NodeId node) {
    return tape[node].kind == Kind::kInt && tape[node].payload <= storage.byte_count / unit;
  };
  if (tape[view].kind != Kind::kTuple || parts.size() != 3 || !is_text(tape[parts[0]]) ||
      !is_count(parts[1]) || !is_count(parts[2]))
    return bad("a view of a storage in a form that torch does not write").about(storage.key);
  const std::uint64_t offset = tape[parts[1]].payload * unit;
  const std::uint64_t whole = std::exchange(storage.byte_count, tape[parts[2]].payload * unit);
  if (!base::fits(offset, storage.byte_count, whole))
    return bad("a view that reaches past its storage").about(storage.key);
  storage.key = tape.text(parts[0]);
  const auto known = views_.find(storage.key);
  if (known != views_.end()) {
    const View& view_of_key = known->second;
    if (view_of_key.root == root.storage && view_of_key.offset == offset &&
        storages[view_of_key.storage].byte_count == storage.byte_count)
      return std::uint32_t{view_of_key.storage};
  }
  if (known != views_.end() || roots_.contains(storage.key))
    return bad("a view of a storage that is described in two ways").about(storage.key);
  SAFE_LOAD_TRY(interpreter.tape().memory().take(3 * sizeof(View) + kHashNode));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, storages.add_part(storage, root.storage));
  views_.emplace(storage.key, View{number, root.storage, offset});
  root.views.push_back({number, root.storage, offset});
  return number;
}

// Of a storage and all of its views.
Status LegacyStorages::pay_for_damage(TensorInterpreter& interpreter, const Root& root) const {
  return interpreter.tape().memory().take(2 * sizeof(Damage) * (1 + root.views.size()));
}

// Where the counts of elements stand if the storages are as long as they are described.
void LegacyStorages::tell_counts(const TensorInterpreter& interpreter, const Source& source,
                                 std::uint64_t position) const {
  const pickle::Tape& tape = interpreter.tape();
  std::vector<ByteRange> counts;
  for (const NodeId key : tape.items(keys_)) {
    if (!base::fits(position, kCountSize, source.size())) break;
    counts.push_back({position, kCountSize});
    const auto found = is_text(tape[key]) ? roots_.find(tape.text(key)) : roots_.end();
    if (found == roots_.end()) break;
    const std::uint64_t bytes = interpreter.storages()[found->second.storage].byte_count;
    if (!base::fits(position + kCountSize, bytes, source.size())) break;
    position += kCountSize + bytes;
  }
  source.will_read(counts);
}

Status LegacyStorages::place(TensorInterpreter& interpreter, const Source& source,
                             std::uint64_t position, const std::byte* memory, std::uint64_t shift) {
  const pickle::Tape& tape = interpreter.tape();
  data::StorageMap& storages = interpreter.storages();
  if (tape[keys_].kind != Kind::kList)
    return bad("keys of storages that are not a list").at(position);
  tell_counts(interpreter, source, position);
  for (const NodeId key : tape.items(keys_)) {
    const auto fail = [&](Reason reason) { return bad(reason).at(position); };
    if (!is_text(tape[key])) return fail("a key of a storage that is not text");
    const auto found = roots_.find(tape.text(key));
    if (found == roots_.end())
      return fail("bytes of a storage that nothing describes").about(tape.text(key));
    Root& root = found->second;
    if (std::exchange(root.is_placed, true))
      return fail("a key of a storage that is listed twice").about(tape.text(key));

    std::array<std::byte, kCountSize> buffer;
    if (!base::fits(position, buffer.size(), source.size()))
      return Error(ErrorCode::kTruncated, "the file ends before the bytes of a storage", position)
          .about(tape.text(key));
    SAFE_LOAD_TRY(source.read_at(position, buffer));
    const auto numel = base::load_little<std::uint64_t>(buffer.data());
    const std::uint64_t data = position + buffer.size();
    const data::Storage whole = storages[root.storage];
    const auto bytes = base::checked_mul(numel, size_of(whole.dtype));
    if (!bytes || !base::fits(data, *bytes, source.size())) {
      // From there on, what is read as a size is none.
      if (!damage_.empty()) return Error(damage_.front().error);
      const std::string missing =
          bytes ? std::to_string(*bytes - (source.size() - data)) + " bytes are missing, storage "
                : "storage ";
      return Error(ErrorCode::kTruncated, "the file ends before the end of a storage", position)
          .about(missing + std::string(whole.key));
    }
    position = data + *bytes;
    const bool is_as_described = *bytes == whole.byte_count;
    if (!is_as_described) {
      SAFE_LOAD_TRY(pay_for_damage(interpreter, root));
    }
    const auto settle = [&](std::uint32_t number, std::uint64_t offset) {
      const std::uint64_t start = data + offset;
      if (!is_as_described) {
        damage_.push_back(
            {number,
             fail("a storage that has another size in its data than in the pickle; "
                  "perhaps two processes wrote the file")
                 .about(std::to_string(*bytes) + " bytes instead of " +
                        std::to_string(whole.byte_count) + ", storage " + std::string(whole.key))});
      } else if (memory != nullptr) {
        storages[number].place = memory + start;
      } else {
        storages[number].place = shift + start;
      }
    };
    settle(root.storage, 0);
    for (const View& view : root.views) settle(view.storage, view.offset);
  }
  for (const auto& [key, root] : roots_) {
    if (root.is_placed || storages[root.storage].is_meta()) continue;
    SAFE_LOAD_TRY(pay_for_damage(interpreter, root));
    const Error error = bad("a storage whose bytes are missing").about(key);
    damage_.push_back({root.storage, error});
    for (const View& view : root.views) damage_.push_back({view.storage, error});
  }
  std::sort(damage_.begin(), damage_.end(),
            [](const Damage& a, const Damage& b) { return a.storage < b.storage; });
  end_ = position;
  return {};
}

}  // namespace safe_load::torch
