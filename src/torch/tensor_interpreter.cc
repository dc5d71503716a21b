#include "torch/tensor_interpreter.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "torch/bounds.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::kNoNode;
using pickle::Node;
using pickle::NodeId;
using types::Meaning;

namespace {

constexpr std::string_view kLayouts[] = {"torch.strided",    "torch.sparse_coo", "torch.sparse_csr",
                                         "torch.sparse_csc", "torch.sparse_bsr", "torch.sparse_bsc",
                                         "torch._mkldnn",    "torch.jagged"};

// Numbers, whole ones included (whose negative wraps), but no packed or scale-only types.
bool has_negatives(DType dtype) {
  const bool is_integer =
      dtype <= DType::kInt64 || (dtype >= DType::kUint16 && dtype <= DType::kUint64);
  return is_integer || (info(dtype).is_floating && dtype != DType::kFloat8E8m0fnu &&
                        dtype != DType::kFloat4E2m1fnX2);
}

}  // namespace

bool is_device(std::string_view text) {
  constexpr std::size_t kMostText = 32;
  if (text.size() > kMostText) return false;
  const std::size_t colon = text.find(':');
  const std::string_view type = text.substr(0, colon);
  const auto is_type_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (type.empty() || !std::all_of(type.begin(), type.end(), is_type_letter)) return false;
  if (colon == std::string_view::npos) return true;
  const auto index = base::parse_uint64(text.substr(colon + 1));
  return index && *index <= 127;
}

void TensorInterpreter::reserve(std::size_t tensors) {
  storages_.reserve(tensors);
  tensors_.reserve(tensors);
  attributes_.reserve(tensors);
}

Status TensorInterpreter::interpret(NodeId first, NodeId end, PersistentIds& ids) {
  PersistentIds* const outer = std::exchange(ids_, &ids);
  const Status done = add(first, end);
  ids_ = outer;
  return done;
}

// ---- storages

Status TensorInterpreter::decode_persistent(NodeId id) {
  const std::uint64_t offset = tape()[id].count;
  const auto value = ids_->resolve(*this, id);
  if (!value) return value.error().at(offset);
  tape().replace(id, *value);
  return {};
}

Result<data::Storage> TensorInterpreter::describe_storage(std::span<const NodeId> parts) {
  const bool is_storage = is_text(tape()[parts[0]]) && tape().text(parts[0]) == "storage" &&
                          tape()[parts[1]].kind == Kind::kSymbol && is_text(tape()[parts[2]]) &&
                          is_text(tape()[parts[3]]);
  if (!is_storage) return bad("a persistent id that is not a storage");
  // torch decodes bytes here as ASCII.
  if (tape()[parts[3]].kind == Kind::kBytes && !base::is_ascii(tape().text(parts[3])))
    return bad("a storage whose device is not text");
  data::Storage storage;
  storage.key = tape().text(parts[2]);
  SAFE_LOAD_TRY_ASSIGN(storage.location, storages_.number_of_location(tape().text(parts[3])));
  const types::Known* row = known(parts[1]);
  if (row == nullptr || row->kind != types::SymbolKind::kStorageClass)
    return bad("a storage of an unknown class").about(tape().symbol(parts[1]).name);
  storage.is_untyped = row->value == types::kUntyped;
  storage.dtype = storage.is_untyped ? DType::kUint8 : static_cast<DType>(row->value);

  const Node& numel = tape()[parts[4]];
  if (numel.kind != Kind::kInt || static_cast<std::int64_t>(numel.payload) < 0)
    return bad("a storage whose size is not a number").about(storage.key);
  const auto bytes = base::checked_mul(numel.payload, size_of(storage.dtype));
  if (!bytes) return bad("a storage whose size overflows").about(storage.key);
  storage.byte_count = *bytes;
  return storage;
}

// ---- tensors

Status TensorInterpreter::decode_tensor(NodeId id, Meaning meaning) {
  if (meaning > Meaning::kMemoryFormat) return decode_old(id, meaning);
  if (meaning >= Meaning::kGenerator) return decode_small_value(id, meaning);
  if (meaning == Meaning::kRebuildFromType) return rebuild_from_type(id);
  if (meaning == Meaning::kLoadFromBytes) return decode_nested(id);
  if (meaning > Meaning::kRebuildFromType) return decode_composite(id, meaning);
  const bool takes_tensor = meaning >= Meaning::kRebuildParameter &&
                            meaning != Meaning::kRebuildQuantized &&
                            meaning != Meaning::kRebuildMeta;
  if (takes_tensor && tape()[arguments(id)[0]].kind == Kind::kRecord)
    return wrap_composite(id, meaning);
  Tensor tensor;
  NodeId attributes = kNoNode;
  SAFE_LOAD_TRY(rebuild(id, meaning, arguments(id), tensor, attributes));
  return become_tensor(id, tensor, attributes);
}

Result<NodeId> TensorInterpreter::add_tensor(const Tensor& tensor) {
  SAFE_LOAD_TRY(check_tensor(tensor));
  SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape().add_node({}));
  SAFE_LOAD_TRY(become_tensor(id, tensor, kNoNode));
  return NodeId{id};
}

Status TensorInterpreter::become_tensor(NodeId id, Tensor tensor, NodeId attributes) {
  SAFE_LOAD_TRY(tape().memory().take(2 * (sizeof(Tensor) + sizeof(NodeId))));
  if (tensor.requires_grad && !info(tensor.dtype).is_floating) {
    tensor.requires_grad = false;
    const bool is_call = tape()[id].kind == Kind::kCall;
    tape().add_note(
        {pickle::Oddity::kGradientOfIntegers, is_call ? tape().call(id).offset : 0, id, id});
  }
  tensors_.push_back(tensor);
  attributes_.push_back(attributes);
  // The call has told all it knew.
  tape().replace(id, {Kind::kTensor, 0, 0, 0, tensors_.size() - 1});
  return {};
}

Status TensorInterpreter::rebuild(NodeId id, Meaning meaning, std::span<const NodeId> given,
                                  Tensor& tensor, NodeId& attributes) {
  if (meaning == Meaning::kRebuildQuantized) return rebuild_quantized(given, tensor);
  if (meaning == Meaning::kRebuildMeta) return rebuild_meta(given, tensor);
  if (meaning <= Meaning::kRebuildTensorV3) return rebuild_view(meaning, given, tensor);
  tensor = tensors_[tape()[given[0]].payload];
  if (meaning == Meaning::kRebuildOnDevice) {
    if (static_cast<DType>(known(given[1])->value) != tensor.dtype)
      return bad("a tensor of a device whose type contradicts its data");
    if (is_text(tape()[given[2]]) && !is_device(tape().text(given[2])))
      return bad("an impossible device").about(tape().text(given[2]));
    tensor.requires_grad = tape()[given[3]].payload != 0;
    attributes = attributes_[tape()[given[0]].payload];
    return {};
  }
  tensor.is_parameter = true;
  tensor.requires_grad = tape()[given[1]].payload != 0;
  if (given.size() == 4 && !is_settled(given[3], id))
    return bad("attributes that changed after they were given");
  if (given.size() == 4) {
    SAFE_LOAD_TRY(check_attributes(id, given[3]));
  }
  // torch makes a new tensor of the elements: what the one inside had beside them is gone.
  const bool has_state = given.size() == 4 && tape()[given[3]].kind != Kind::kNone;
  attributes = has_state ? given[3] : kNoNode;
  return {};
}

Result<Extents> TensorInterpreter::read_extents(NodeId id) const {
  Extents extents;
  SAFE_LOAD_TRY(read_extents(id, extents));
  return extents;
}

Status TensorInterpreter::read_extents(NodeId id, Extents& extents) const {
  const Node& node = tape()[id];
  const bool is_size =
      node.kind == Kind::kRecord && node.aux == static_cast<std::uint16_t>(Meaning::kSize);
  if (!is_size && node.kind != Kind::kTuple && node.kind != Kind::kList)
    return bad("a tensor whose sizes are not integers");
  const NodeId tuple = is_size ? arguments(id)[0] : id;  // torch.Size holds it as an argument
  const std::span<const NodeId> items = tape().items(tuple);
  if (items.size() > std::min<std::uint64_t>(limits().max_dims, kMostDims))
    return bad("a tensor with more dimensions than Limits::max_dims");
  extents.count = 0;
  for (const NodeId item : items) {
    const Node& number = tape()[item];
    if (number.kind != Kind::kInt) return bad("a tensor whose sizes are not integers");
    extents.values[extents.count++] = static_cast<std::int64_t>(number.payload);
  }
  return {};
}

// (storage, offset, sizes, strides[, requires_grad, hooks[, dtype][, metadata]])
Status TensorInterpreter::rebuild_view(Meaning meaning, std::span<const NodeId> given,
                                       Tensor& tensor) {
  const bool is_v3 = meaning == Meaning::kRebuildTensorV3;
  tensor.storage = static_cast<std::uint32_t>(tape()[given[0]].payload);
  const data::Storage& storage = storages_[tensor.storage];
  tensor.offset = tape()[given[1]].payload;
  tensor.sizes = given[2];
  tensor.strides = given[3];
  tensor.dtype = is_v3 ? static_cast<DType>(known(given[6])->value) : storage.dtype;
  tensor.requires_grad = given.size() > 4 && tape()[given[4]].payload != 0;
  if (is_v3 && !storage.is_untyped && storage.dtype != DType::kUint8)
    return bad("a tensor whose type contradicts its storage");
  const std::size_t metadata_at = is_v3 ? 7 : 6;
  if (given.size() > metadata_at) {
    SAFE_LOAD_TRY(read_metadata(given[metadata_at], tensor));
  }
  return check_tensor(tensor);
}

Status TensorInterpreter::check_tensor(const Tensor& tensor) const {
  Extents sizes;
  Extents strides;
  SAFE_LOAD_TRY(read_extents(tensor.sizes, sizes));
  SAFE_LOAD_TRY(read_extents(tensor.strides, strides));
  return check_bounds(sizes.span(), strides.span(), tensor.offset, size_of(tensor.dtype),
                      storages_[tensor.storage].byte_count);
}

// {"conj": True} and {"neg": True}: bits that are part of the value. Back-ends add keys of their
// own.
Status TensorInterpreter::read_metadata(NodeId dict, Tensor& tensor) const {
  const std::span<const NodeId> items = tape().items(dict);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const std::string_view key = tape().text(items[i]);
    if (key != "conj" && key != "neg") continue;
    const Node& value = tape()[items[i + 1]];
    if (value.kind != Kind::kBool || value.payload != 1)
      return bad("a tensor bit that is set to something but True").about(key);
    if (key == "conj" && !info(tensor.dtype).is_complex)
      return bad("a conjugated tensor that is not complex");
    if (key == "neg" && !has_negatives(tensor.dtype))
      return bad("a negated tensor of a type without negatives").about(name(tensor.dtype));
    (key == "conj" ? tensor.is_conjugated : tensor.is_negated) = true;
  }
  return {};
}

// Whether attributes (a dict, or a pair of dicts) are as they were when the call took them.
bool TensorInterpreter::is_settled(NodeId state, NodeId call) const {
  if (tape().changed_at(state) > call) return false;
  const std::span<const NodeId> parts =
      tape()[state].kind == Kind::kTuple ? tape().items(state) : std::span<const NodeId>();
  return parts.size() > 2 || std::all_of(parts.begin(), parts.end(), [&](NodeId part) {
           return tape().changed_at(part) <= call;
         });
}

// None, a dict, or a pair of these (for __dict__ and __slots__); names are text, and none of them
// changes what a tensor does.
Status TensorInterpreter::check_attributes(NodeId id, NodeId state) {
  const auto is_special = [](std::string_view name) {
    return name.starts_with("__") && name.ends_with("__");
  };
  const auto is_names = [&](NodeId part) {
    const std::span<const NodeId> items = tape().items(part);
    if (tape()[part].kind == Kind::kNone) return true;
    if (tape()[part].kind != Kind::kDict) return false;
    for (std::size_t i = 0; i < items.size(); i += 2)
      if (!is_text(tape()[items[i]]) || is_special(tape().text(items[i]))) return false;
    return true;
  };
  const bool is_pair = tape()[state].kind == Kind::kTuple && tape()[state].count == 2;
  const std::span<const NodeId> parts = is_pair ? tape().items(state) : std::span(&state, 1);
  for (const NodeId part : parts) {
    SAFE_LOAD_TRY(tape().work().take(1 + tape()[part].count));
  }
  if (!std::all_of(parts.begin(), parts.end(), is_names))
    return bad("attributes of a tensor that are not a dict of names");
  if (tape().is_lenient()) {
    for (const NodeId part : parts) note_objects(id, part);
  }
  return {};
}

// torch calls methods of the tensors that it builds (as_subclass, detach, set_) and of what it
// finds in them; an attribute stands in front of a method of its name, also if another tensor made
// of this one has it no more.
void TensorInterpreter::note_objects(NodeId id, NodeId attributes) {
  const std::span<const NodeId> items = tape().items(attributes);
  const bool is_call = tape()[id].kind == Kind::kCall;
  for (std::size_t i = 1; i < items.size(); i += 2)
    if (has_methods_of_its_own(items[i]))
      tape().add_note(
          {pickle::Oddity::kObjectAttribute, is_call ? tape().call(id).offset : 0, id, id});
}

// Whether a value can be called, or has attributes that could stand for methods.
bool TensorInterpreter::has_methods_of_its_own(NodeId value) const {
  const Node& node = tape()[value];
  if (node.kind == Kind::kSymbol) {
    const types::Known* const row = known(value);
    return row == nullptr || row->kind != types::SymbolKind::kTensorDtype;
  }
  if (node.kind != Kind::kRecord) {
    const bool was_call = (node.flags & pickle::kFromCall) != 0;
    const bool has_state = was_call && tape().added(value).states.count != 0;
    return node.kind == Kind::kOpaque || (node.kind == Kind::kDict && has_state);
  }
  constexpr Meaning kObjects[] = {
      Meaning::kTypeOf,          Meaning::kTypeExpression, Meaning::kNamespace,
      Meaning::kSimpleNamespace, Meaning::kChainMap,       Meaning::kUserDict,
      Meaning::kUserList,        Meaning::kUserString,     Meaning::kBytesStream,
      Meaning::kTextStream,      Meaning::kOwnRecord};
  return std::find(std::begin(kObjects), std::end(kObjects), static_cast<Meaning>(node.aux)) !=
         std::end(kObjects);
}

// (function, class, arguments, state): a tensor that carries attributes, or is of a class of its
// own.
Status TensorInterpreter::rebuild_from_type(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  const types::Known& function = *known(given[0]);
  const std::span<const NodeId> inner = tape().items(given[2]);
  SAFE_LOAD_TRY(tape().work().take(1 + inner.size()));
  const bool takes_tensor = !inner.empty() && tape()[inner[0]].kind == Kind::kOpaque;
  if (takes_tensor) {
    become(id, Kind::kOpaque, types::kTensorObject);
    return {};
  }
  const auto fits = [&](const types::Form& form) { return matches(form, inner, id); };
  if (std::none_of(function.call.begin(), function.call.end(), fits))
    return bad("a known name is called with arguments it never gets").about(function.name);
  if (!is_settled(given[3], id)) return bad("attributes that changed after they were given");
  const types::Known* tensor_class = known(given[1]);
  const bool is_known =
      tensor_class != nullptr && tensor_class->kind == types::SymbolKind::kTensorClass;
  if (is_known) {
    SAFE_LOAD_TRY(check_attributes(id, given[3]));
  }
  if (function.meaning > Meaning::kRebuildFromType)
    return rebuild_composite_from_type(id, function.meaning);
  Tensor tensor;
  NodeId attributes = kNoNode;
  SAFE_LOAD_TRY(rebuild(id, function.meaning, inner, tensor, attributes));
  if (tape()[given[3]].kind != Kind::kNone) attributes = given[3];
  if (is_known) {
    // torch makes another class of the tensor, which is then no leaf of its gradients any more.
    if (tensor.requires_grad && !tensor.is_parameter && tensor_class->name != "Tensor")
      return bad("a Parameter made of a tensor that requires a gradient");
    tensor.is_parameter = tensor.is_parameter || tensor_class->name == "Parameter";
    return become_tensor(id, tensor, attributes);
  }
  // A class that is not known: an inert record of it, with the tensor as its argument.
  pickle::Call& call = tape().call(id);
  const NodeId state = given[3];
  call.callee = given[1];
  SAFE_LOAD_TRY_ASSIGN(const NodeId plain, tape().add_node({}));
  SAFE_LOAD_TRY(become_tensor(plain, tensor, kNoNode));
  SAFE_LOAD_TRY_ASSIGN(const pickle::Run run, tape().add_run(std::span(&plain, 1)));
  SAFE_LOAD_TRY_ASSIGN(call.arguments, tape().add_node({Kind::kTuple, 0, 0, 1, run.first}));
  SAFE_LOAD_TRY(set_state(id, state));
  become(id, Kind::kOpaque, types::kTensorObject);
  return {};
}

// As if BUILD had given it when the call was made.
Status TensorInterpreter::set_state(NodeId id, NodeId state) {
  SAFE_LOAD_TRY_ASSIGN(pickle::Added* const added, tape().change_added(id));
  SAFE_LOAD_TRY_ASSIGN(added->states, tape().add_run(std::span(&state, 1)));
  added->states.last = id;
  return {};
}

// The same for what is no view of one storage. A class that is not known keeps the arguments.
Status TensorInterpreter::rebuild_composite_from_type(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  const types::Known* tensor_class = known(given[1]);
  const bool is_known =
      tensor_class != nullptr && tensor_class->kind == types::SymbolKind::kTensorClass;
  const NodeId state = given[3];
  pickle::Call& call = tape().call(id);
  call.callee = is_known ? given[0] : given[1];
  call.arguments = given[2];
  if (tape()[state].kind != Kind::kNone) {
    SAFE_LOAD_TRY(set_state(id, state));
  }
  if (is_known) return decode_composite(id, meaning);
  become(id, Kind::kOpaque, types::kTensorObject);
  return {};
}

// A Parameter around a tensor of several parts: (tensor, requires_grad, hooks[, state]).
Status TensorInterpreter::wrap_composite(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  const bool has_state = meaning == Meaning::kRebuildParameterWithState;
  if (meaning != Meaning::kRebuildParameter && !has_state) {
    become(id, Kind::kOpaque, types::kTensorObject);
    return {};
  }
  if (given.size() != (has_state ? 4u : 3u) || tape()[given[1]].kind != Kind::kBool)
    return bad("a known name is called with arguments it never gets").about("_rebuild_parameter");
  if (has_state && tape()[given[3]].kind != Kind::kNone) {
    if (!is_settled(given[3], id)) return bad("attributes that changed after they were given");
    SAFE_LOAD_TRY(check_attributes(id, given[3]));
    SAFE_LOAD_TRY(set_state(id, given[3]));
  }
  become(id, Kind::kRecord, static_cast<std::uint16_t>(Meaning::kRebuildParameter));
  return {};
}

// ---- small values

Status TensorInterpreter::decode_small_value(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kGenerator) {
    has_composites_ = true;
    become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
    return {};
  }
  const std::string_view text =
      is_text(tape()[given[0]]) ? tape().text(given[0]) : std::string_view();
  if (meaning == Meaning::kSize && tape().items(given[0]).size() > limits().max_dims)
    return bad("a torch.Size with more dimensions than Limits::max_dims");
  if (meaning == Meaning::kDevice) {
    const bool has_index = given.size() == 2;
    if (!is_device(text) || (has_index && text.find(':') != std::string_view::npos) ||
        (has_index && tape()[given[1]].payload > 127))
      return bad("an impossible device").about(text);
  }
  if (meaning == Meaning::kLayout &&
      std::find(std::begin(kLayouts), std::end(kLayouts), text) == std::end(kLayouts))
    return bad("an unknown layout").about(text);
  become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
  return {};
}

}  // namespace safe_load::torch
