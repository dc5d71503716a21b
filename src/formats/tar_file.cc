#include "formats/tar_file.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "pickle/tape_writer.h"
#include "types/known.h"

namespace safe_load::formats {

using container::ContainerPtr;
using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;

using archive::TarMember;
using pickle::Kind;
using pickle::NodeId;
using pickle::Tape;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

// A key: a whole number, or its digits.
std::optional<std::int64_t> read_key(const Tape& tape, NodeId id) {
  if (tape[id].kind == Kind::kInt) return static_cast<std::int64_t>(tape[id].payload);
  const bool is_text = tape[id].kind == Kind::kText || tape[id].kind == Kind::kBytes ||
                       tape[id].kind == Kind::kPy2Text;
  return is_text ? base::parse_int64(tape.text(id)) : std::nullopt;
}

bool is_text(const Tape& tape, NodeId id) {
  return tape[id].kind == Kind::kText || tape[id].kind == Kind::kPy2Text;
}

}  // namespace

// ---- what persistent ids stand for

Result<pickle::Node> TarIds::resolve(torch::TensorInterpreter& interpreter, NodeId id) {
  const Tape& tape = interpreter.tape();
  const auto persistent_id = static_cast<NodeId>(tape[id].payload);
  const std::span<const NodeId> parts = tape.items(persistent_id);
  const bool is_class = tape[persistent_id].kind == Kind::kTuple && parts.size() == 3 &&
                        tape[parts[0]].kind == Kind::kSymbol;  // (class, source file, source text)
  if (is_class) return pickle::Node(tape[parts[0]]);
  const auto key = read_key(tape, persistent_id);
  if (!key) return bad("a persistent id that is neither a number nor a class");
  const auto found = values.find(*key);
  if (found == values.end())
    return bad("a persistent id that is in no table of the archive").about(std::to_string(*key));
  return pickle::Node(found->second);
}

// ---- tables

// Reads pickles and numbers that follow each other in a member.
class TarFile::Reader {
 public:
  Reader(const Slice& slice, const TarMember& member, const Limits& limits)
      : slice_(slice),
        position_(member.data_offset),
        end_(position_ + member.size),
        limits_(limits) {}

  std::uint64_t position() const { return position_; }
  bool has(std::uint64_t bytes) const { return bytes <= end_ - position_; }

  // The next pickle, which nothing large belongs in. The tape lives until the next call.
  Result<NodeId> next_pickle() {
    constexpr std::uint64_t kFirst = 4096;
    constexpr std::uint64_t kMost = std::uint64_t{64} << 20;
    for (std::uint64_t reach = kFirst;; reach *= 8) {
      const std::uint64_t rest = end_ - position_;
      bytes_.resize(static_cast<std::size_t>(std::min(reach, rest)));
      SAFE_LOAD_TRY(slice_.part().read_at(position_, bytes_));
      tape_.emplace(bytes_, limits_);
      const auto built = pickle::run(*tape_, pickle::Program{bytes_});
      if (built) {
        SAFE_LOAD_TRY(check_plain());
        position_ += built->end;
        return NodeId{built->root};
      }
      const bool is_cut = built.error().code() == ErrorCode::kTruncated && reach < rest;
      if (!is_cut || reach >= kMost) return built.error().at(position_ + built.error().offset());
    }
  }
  const Tape& tape() const { return *tape_; }

  // How many items follow, each of which takes at least `item_size` bytes.
  Result<std::uint64_t> next_count(std::uint64_t item_size) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId node, next_pickle());
    const std::uint64_t count = tape()[node].payload;
    const auto least = base::checked_mul(count, item_size);
    if (tape()[node].kind != Kind::kInt || !least || !has(*least))
      return bad("a table with more items than the archive can hold").at(position_);
    return std::uint64_t{count};
  }

  template <class T>
  Result<T> next() {
    std::array<std::byte, sizeof(T)> bytes;
    if (!has(bytes.size()))
      return Error(ErrorCode::kTruncated, "the table of a tar checkpoint ends early", position_);
    SAFE_LOAD_TRY(slice_.part().read_at(position_, bytes));
    position_ += bytes.size();
    return base::load_little<T>(bytes.data());
  }

  Status skip(std::uint64_t bytes) {
    if (!has(bytes))
      return Error(ErrorCode::kTruncated, "the table of a tar checkpoint ends early", position_);
    position_ += bytes;
    return {};
  }

 private:
  // The whole program, not only its result, holds nothing but values and known names.
  Status check_plain() const {
    const pickle::SymbolTable& symbols = tape_->symbols();
    for (std::uint32_t i = 0; i < symbols.size(); ++i)
      if (types::find_known(symbols[i].module, symbols[i].name) == nullptr ||
          symbols[i].module != symbols[i].raw_module)
        return bad("a storage of an unknown class").about(symbols[i].name).at(position_);
    if (tape_->call_count() != 0) return bad("a table that asks for calls").at(position_);
    if (!tape_->notes().empty()) return bad(Reason("a table that is odd")).at(position_);
    for (NodeId id = 0; id < tape_->size(); ++id)
      if ((*tape_)[id].kind == Kind::kPersistent)
        return bad("a table with persistent ids").at(position_);
    return {};
  }

  const Slice& slice_;
  std::uint64_t position_;
  std::uint64_t end_;
  const Limits& limits_;
  std::vector<std::byte> bytes_;
  std::optional<Tape> tape_;
};

// pickle(n); n times { pickle((key, location, class)), numel (64 bits), the elements };
// pickle([(view key, root key, offset, numel), ...])
Status TarFile::read_storages() {
  Reader reader(slice_, members_.storages, options().limits);
  const auto fail = [&](Reason reason) { return bad(reason).at(reader.position()); };
  constexpr std::uint64_t kLeast = 16;  // bytes of one storage
  SAFE_LOAD_TRY_ASSIGN(std::uint64_t rest, reader.next_count(kLeast));
  for (; rest > 0; --rest) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId facts, reader.next_pickle());
    const Tape& tape = reader.tape();
    const std::span<const NodeId> parts = tape.items(facts);
    const auto key = tape[facts].kind == Kind::kTuple && parts.size() == 3
                         ? read_key(tape, parts[0])
                         : std::nullopt;
    if (!key || !is_text(tape, parts[1]) || tape[parts[2]].kind != Kind::kSymbol)
      return fail("a storage that is described in no known form");
    const pickle::Symbol& symbol = tape.symbol(parts[2]);
    const types::Known* const row = types::find_known(symbol.module, symbol.name);
    if (row == nullptr || row->kind != types::SymbolKind::kStorageClass ||
        row->value == types::kUntyped)
      return fail("a storage of an unknown class").about(symbol.name);
    StorageRow storage{*key,
                       std::to_string(*key),
                       std::string(tape.text(parts[1])),
                       static_cast<DType>(row->value),
                       0,
                       0};
    SAFE_LOAD_TRY_ASSIGN(const auto numel, reader.next<std::uint64_t>());
    const auto bytes = base::checked_mul(numel, size_of(storage.dtype));
    storage.offset = reader.position();
    if (!bytes || !reader.has(*bytes))
      return Error(ErrorCode::kTruncated, "the archive ends before the end of a storage",
                   reader.position())
          .about(storage.name);
    storage.byte_count = *bytes;
    SAFE_LOAD_TRY(reader.skip(*bytes));
    storages_.push_back(std::move(storage));
  }
  if (!reader.has(1)) {
    info_.notes.emplace_back("no list of views behind the storages");
    return {};
  }
  SAFE_LOAD_TRY_ASSIGN(const NodeId views, reader.next_pickle());
  const Tape& tape = reader.tape();
  if (tape[views].kind != Kind::kList) return fail("views of storages that are not a list");
  for (const NodeId view : tape.items(views)) {
    const std::span<const NodeId> parts = tape.items(view);
    const auto key = parts.size() == 4 ? read_key(tape, parts[0]) : std::nullopt;
    const auto root = key ? read_key(tape, parts[1]) : std::nullopt;
    if (!root || tape[parts[2]].kind != Kind::kInt || tape[parts[3]].kind != Kind::kInt)
      return fail("a view of a storage in no known form");
    views_.push_back({*key, *root, tape[parts[2]].payload, tape[parts[3]].payload});
  }
  return {};
}

// pickle(n); n times { pickle((key, storage key, class)), ndim (32 bits), 4 bytes, sizes, strides,
// offset (64 bits each) }
Status TarFile::read_tensors() {
  if (members_.tensors.name.empty()) return {};
  Reader reader(slice_, members_.tensors, options().limits);
  const auto fail = [&](Reason reason) { return bad(reason).at(reader.position()); };
  constexpr std::uint64_t kLeast = 24;  // bytes of one tensor
  SAFE_LOAD_TRY_ASSIGN(std::uint64_t rest, reader.next_count(kLeast));
  for (; rest > 0; --rest) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId facts, reader.next_pickle());
    const Tape& tape = reader.tape();
    const std::span<const NodeId> parts = tape.items(facts);
    const bool is_triple = tape[facts].kind == Kind::kTuple && parts.size() == 3;
    const auto key = is_triple ? read_key(tape, parts[0]) : std::nullopt;
    const auto storage = key ? read_key(tape, parts[1]) : std::nullopt;
    if (!storage) return fail("a tensor that is described in no known form");
    SAFE_LOAD_TRY_ASSIGN(const auto dims, reader.next<std::uint32_t>());
    if (dims > torch::kMostDims) return fail("a tensor with more than 64 dimensions");
    SAFE_LOAD_TRY(reader.skip(4));
    TensorRow tensor{*key, *storage, {}, {}, 0};
    for (std::vector<std::int64_t>* extents : {&tensor.sizes, &tensor.strides})
      for (std::uint32_t i = 0; i < dims; ++i) {
        SAFE_LOAD_TRY_ASSIGN(const auto extent, reader.next<std::uint64_t>());
        extents->push_back(static_cast<std::int64_t>(extent));
      }
    SAFE_LOAD_TRY_ASSIGN(tensor.offset, reader.next<std::uint64_t>());
    tensors_.push_back(std::move(tensor));
  }
  return {};
}

// ---- the container

Outcome<ContainerPtr> TarFile::open(const Slice& slice, const OpenOptions& options) {
  const auto members = archive::read_tar(slice.part());
  if (!members) return Failure(members.error(), slice.name);
  Members found;
  for (const TarMember& member : *members)
    for (auto [name, place] :
         {std::pair("pickle", &found.pickle), std::pair("storages", &found.storages),
          std::pair("tensors", &found.tensors)}) {
      if (member.name != name) continue;
      if (!place->name.empty())
        return Failure(
            Error(ErrorCode::kAmbiguous, "two members of one name", member.data_offset).about(name),
            slice.name);
      *place = member;
    }
  if (found.pickle.name.empty() || found.storages.name.empty()) return ContainerPtr();
  std::unique_ptr<TarFile> file(new TarFile(slice, options, std::move(found)));
  file->info_.format = Format::kTar;
  file->info_.record_count = members->size();
  return ContainerPtr(std::move(file));
}

Outcome<void> TarFile::read(Pickles& pickles) {
  for (const auto step : {&TarFile::read_storages, &TarFile::read_tensors}) {
    const Status done = (this->*step)();
    if (!done) return Failure(done.error(), slice_.name);
  }
  info_.pickle_bytes = members_.pickle.size;
  container::Slice pickle = slice_.behind(members_.pickle.data_offset);
  pickle.name = slice_.inside(members_.pickle.name);
  pickle_ = pickles.add(pickle, members_.pickle.size);
  return {};
}

Outcome<NodeId> TarFile::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const Status added = add_values(interpreter);
  if (!added) return Failure(added.error(), slice_.name);
  const pickle::Program program = pickles.program(pickle_);
  const auto built = run(interpreter, program, ids_, slice_.inside(members_.pickle.name), 0);
  if (!built) return built.error();
  note_rest(rest_of(program, built->end, sections_.back().member), "the pickle");
  return NodeId{built->root};
}

Status TarFile::add_values(torch::TensorInterpreter& interpreter) {
  data::StorageMap& storages = interpreter.storages();
  std::map<std::int64_t, std::uint32_t> numbers;
  const auto name_storage = [&](std::int64_t key, std::uint32_t number) -> Status {
    numbers.emplace(key, number);
    if (!ids_.values.emplace(key, torch::storage_node(number)).second)
      return bad("a key that two values of the archive have").about(std::to_string(key));
    return {};
  };
  for (const StorageRow& row : storages_) {
    data::Storage storage;
    storage.key = row.name;
    SAFE_LOAD_TRY_ASSIGN(storage.location, storages.number_of_location(row.location));
    storage.dtype = row.dtype;
    storage.byte_count = row.byte_count;
    const std::uint64_t at = slice_.offset + row.offset;
    if (slice_.memory == nullptr) {
      storage.place = at;
    } else {
      storage.place = slice_.memory + at;
    }
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, storages.add(storage));
    SAFE_LOAD_TRY(name_storage(row.key, number));
  }
  for (const ViewRow& row : views_) {
    const auto root = numbers.find(row.root);
    if (root == numbers.end()) return bad("a view of a storage that is not in the archive");
    data::Storage view = storages[root->second];
    const std::uint64_t unit = size_of(view.dtype);
    const auto offset = base::checked_mul(row.offset, unit);
    const auto bytes = base::checked_mul(row.count, unit);
    if (!offset || !bytes || !base::fits(*offset, *bytes, view.byte_count))
      return bad("a view that reaches past its storage").about(view.key);
    view.byte_count = *bytes;
    if (auto* at = std::get_if<std::uint64_t>(&view.place)) *at += *offset;
    if (auto* memory = std::get_if<const std::byte*>(&view.place)) *memory += *offset;
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, storages.add_part(view, root->second));
    SAFE_LOAD_TRY(name_storage(row.key, number));
  }
  pickle::TapeWriter writer(interpreter.tape());
  for (const TensorRow& row : tensors_) {
    const auto storage = numbers.find(row.storage);
    if (storage == numbers.end())
      return bad("a tensor on a storage that is not in the archive").about(std::to_string(row.key));
    torch::Tensor tensor;
    tensor.storage = storage->second;
    tensor.dtype = storages[storage->second].dtype;
    tensor.offset = row.offset;
    SAFE_LOAD_TRY_ASSIGN(tensor.sizes, writer.integers(row.sizes));
    SAFE_LOAD_TRY_ASSIGN(tensor.strides, writer.integers(row.strides));
    SAFE_LOAD_TRY_ASSIGN(const NodeId node, interpreter.add_tensor(tensor));
    if (!ids_.values.emplace(row.key, interpreter.tape()[node]).second)
      return bad("a key that two values of the archive have").about(std::to_string(row.key));
  }
  return {};
}

}  // namespace safe_load::formats
