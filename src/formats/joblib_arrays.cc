#include "formats/joblib_arrays.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/checked.h"
#include "base/try.h"
#include "types/known.h"
#include "types/numpy.h"
#include "types/value_reader.h"

namespace safe_load::formats {

using pickle::Call;
using pickle::Follows;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using pickle::Tape;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("NumpyArrayWrapper"); }

bool is_wrapper_class(const Tape& tape, NodeId id) {
  return tape[id].kind == Kind::kSymbol && is_joblib_wrapper(tape.symbol(id));
}

// NumpyArrayWrapper.__new__(NumpyArrayWrapper), as pickle makes an object that BUILD fills; in
// protocols 0 and 1 copyreg._reconstructor(NumpyArrayWrapper, object, None).
bool is_wrapper(const Tape& tape, const Call& call) {
  const auto given = tape.arguments(call);
  if (is_wrapper_class(tape, call.callee)) return given.empty() && call.keywords == kNoNode;
  return tape[call.callee].kind == Kind::kSymbol &&
         tape.symbol(call.callee).is("copyreg", "_reconstructor") && given.size() == 3 &&
         is_wrapper_class(tape, given[0]) && tape[given[1]].kind == Kind::kSymbol &&
         tape.symbol(given[1]).is("builtins", "object") && tape[given[2]].kind == Kind::kNone;
}

// What the state of a wrapper says of its array, as joblib writes it: a name of an attribute twice,
// or one that it does not have, could change how joblib reads.
struct Description {
  NodeId subclass = kNoNode;
  NodeId shape = kNoNode;
  NodeId order = kNoNode;
  NodeId dtype = kNoNode;
  NodeId allow_mmap = kNoNode;
  NodeId alignment = kNoNode;  // absent, None or bytes

  NodeId* part(std::string_view name) {
    if (name == "subclass") return &subclass;
    if (name == "shape") return &shape;
    if (name == "order") return &order;
    if (name == "dtype") return &dtype;
    if (name == "allow_mmap") return &allow_mmap;
    if (name == "numpy_array_alignment_bytes") return &alignment;
    return nullptr;
  }
};

Result<Description> description_of(const Tape& tape, NodeId state) {
  Description found;
  const std::vector<NodeId> items = tape.growing_items(state);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const Kind kind = tape[items[i]].kind;
    const bool is_text = kind == Kind::kText || kind == Kind::kPy2Text;
    NodeId* const part = is_text ? found.part(tape.text(items[i])) : nullptr;
    if (part == nullptr || *part != kNoNode)
      return bad("an array of joblib with an attribute that joblib does not write");
    *part = items[i + 1];
  }
  if (found.shape == kNoNode || found.order == kNoNode || found.dtype == kNoNode ||
      tape[found.shape].kind != Kind::kTuple)
    return bad("an array of joblib without a shape, an order or a dtype");
  return Description(found);
}

// What an array takes in the stream depends on no more of its dtype.
struct Item {
  std::uint64_t size = 0;
  bool has_objects = false;
};

// numpy.dtype(text or class), and the state (version, order, subarray, names, fields, size, ...,
// flags). Types of a fixed size have -1 there. Source: numpy descriptor.c, arraydescr_setstate().
std::optional<Item> item_of_numpy(const Tape& tape, NodeId dtype) {
  constexpr std::int64_t kObjects = 1;  // a flag
  const types::ValueReader reader(tape);
  const auto given = tape.arguments(tape.call(dtype));
  const NodeId state = tape.last_state(dtype);
  const auto parts = state == kNoNode ? std::span<const NodeId>() : reader.tuple(state);
  const auto version = parts.empty() ? std::nullopt : reader.integer(parts[0]);
  if (given.empty() || parts.size() < 8 || !version || *version < 3 || *version > 4)
    return std::nullopt;
  const auto size = reader.integer(parts[5]);
  const auto flags = reader.integer(parts[7]);
  if (!size || !flags) return std::nullopt;
  if ((*flags & kObjects) != 0) return Item{0, true};  // a pickle tells it
  const Kind named = tape[given[0]].kind;
  const bool is_text = named == Kind::kText || named == Kind::kPy2Text;
  const Result<types::ArrayDtype> type =
      is_text ? types::parse_type_string(tape.text(given[0])) : bad("a class");
  const bool is_flexible = !type || type->kind == 'S' || type->kind == 'U' || type->kind == 'V';
  if (!is_flexible) return Item{type->itemsize, false};
  if (*size < 0) return std::nullopt;
  return Item{static_cast<std::uint64_t>(*size), false};
}

std::optional<Item> item_of(const Tape& tape, NodeId dtype) {
  if (tape[dtype].kind != Kind::kCall || tape[tape.call(dtype).callee].kind != Kind::kSymbol)
    return std::nullopt;
  const pickle::Symbol& symbol = tape.symbol(tape.call(dtype).callee);
  if (symbol.is("numpy", "dtype")) return item_of_numpy(tape, dtype);
  const types::Known* const row = types::find_known(symbol.module, symbol.name);
  const bool is_text = row != nullptr && row->meaning == types::Meaning::kStringDtype;
  return is_text ? std::optional(Item{0, true}) : std::nullopt;
}

}  // namespace

// sklearn brought joblib along until 0.22.
bool is_joblib_wrapper(const pickle::Symbol& symbol) {
  return symbol.is("joblib.numpy_pickle", "NumpyArrayWrapper") ||
         symbol.is("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper");
}

bool JoblibArrays::knows(const pickle::Symbol& symbol) const { return is_joblib_wrapper(symbol); }

Result<Follows> JoblibArrays::built(const Tape& tape, NodeId object, NodeId state, base::Bytes rest,
                                    std::uint64_t offset) {
  const Call& call = tape.call(object);
  const auto is_one = [&](NodeId id) {
    return is_wrapper_class(tape, id) || found_.objects.contains(id);
  };
  if (!is_wrapper(tape, call)) {
    // What such a call gives joblib might take for one. More arguments no honest call has.
    constexpr std::size_t kMostLooked = 8;
    const auto all = tape.arguments(call);
    const auto given = all.first(std::min(all.size(), kMostLooked));
    if (is_one(call.callee) || std::any_of(given.begin(), given.end(), is_one))
      return bad("an array of joblib in no form that joblib writes");
    return Follows{};
  }
  if (found_.objects.contains(object)) return bad("an array of joblib that is built twice");
  SAFE_LOAD_TRY_ASSIGN(const Follows follows, follow(tape, state, rest));
  if (found_.objects.empty()) found_.first_at = offset;
  found_.objects.insert(object);
  return Follows(follows);
}

Result<Follows> JoblibArrays::follow(const Tape& tape, NodeId state, base::Bytes rest) const {
  SAFE_LOAD_TRY_ASSIGN(const Description array, description_of(tape, state));
  const auto item = item_of(tape, array.dtype);
  if (!item)
    return Error(ErrorCode::kUnsupported, "an array of joblib whose type does not tell its size");
  Follows follows;
  follows.what = item->has_objects ? Follows::What::kPickle : Follows::What::kBytes;
  if (item->has_objects) return follows;
  const auto count = types::item_count(tape, array.shape, limits_);
  const auto size = count ? base::checked_mul(*count, item->size) : std::nullopt;
  if (!size) return bad("an array of joblib of an impossible size");
  follows.size = *size;
  const bool is_padded = array.alignment != kNoNode && tape[array.alignment].kind != Kind::kNone;
  if (is_padded) {
    if (tape[array.alignment].kind != Kind::kInt)
      return bad("an array of joblib whose alignment is no number");
    if (rest.empty()) return Error(ErrorCode::kTruncated, "the data ends before an array");
    follows.skipped = 1 + std::to_integer<std::uint64_t>(rest[0]);
  }
  follows.module = "numpy._core.numeric";
  follows.name = "_frombuffer";
  follows.arguments = {array.dtype, array.shape, array.order};
  return follows;
}

}  // namespace safe_load::formats
