#include "formats/script_2018.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "json/fields.h"
#include "pickle/tape_writer.h"
#include "torch/readers.h"
#include "torch/script_constants.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using json::is_true;
using json::items_of;
using json::Json;
using json::text_of;
using pickle::NodeId;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

// Protobuf writes 64-bit numbers as text, and leaves out what is 0, false or empty.
std::optional<std::int64_t> number_of(const Json* value) {
  if (value == nullptr) return 0;
  if (const std::string* text = value->text()) return base::parse_int64(*text);
  return value->integer();
}

// Source: caffe2/proto/caffe2.proto, TensorProto.DataType.
std::optional<DType> dtype_of(std::string_view name) {
  struct Row {
    std::string_view name;
    DType dtype;
  };
  constexpr Row kRows[] = {
      {"FLOAT", DType::kFloat32}, {"DOUBLE", DType::kFloat64}, {"FLOAT16", DType::kFloat16},
      {"INT32", DType::kInt32},   {"INT64", DType::kInt64},    {"INT16", DType::kInt16},
      {"INT8", DType::kInt8},     {"UINT8", DType::kUint8},    {"BYTE", DType::kUint8},
      {"BOOL", DType::kBool},
  };
  for (const Row& row : kRows)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

Result<std::vector<std::int64_t>> read_extents(const Json* value) {
  std::vector<std::int64_t> extents;
  for (const Json& item : items_of(value)) {
    const auto extent = number_of(&item);
    if (!extent) return bad("a tensor whose sizes are not integers");
    extents.push_back(*extent);
  }
  return extents;
}

}  // namespace

const archive::ZipEntry* Script2018::record(std::string_view name) const {
  return file_.directory().find(prefix_ + std::string(name));
}

Outcome<void> Script2018::read(Pickles& pickles) {
  const archive::ZipEntry* const model = find_mark(file_.directory(), torch::Layout::kScriptOf2018);
  prefix_ = model->name.substr(0, model->name.find('/') + 1);
  info_.format = Format::kTorchScript2018;
  info_.prefix = base::escaped(prefix_);
  info_.record_count = file_.directory().entries().size();
  model_ = file_.add_to(pickles, *model);
  const archive::ZipEntry* const attributes = record("attributes.pkl");
  has_attributes_ = attributes != nullptr;
  if (has_attributes_) attributes_ = file_.add_to(pickles, *attributes);
  info_.pickle_bytes = model->size + (has_attributes_ ? attributes->size : 0);
  return {};
}

Outcome<NodeId> Script2018::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const std::string member = slice_.inside(base::escaped(prefix_ + "model.json"));
  const auto fail = [&](const Error& error) { return Failure(error, member); };
  sections_.push_back({interpreter.tape().size(), member, 0});
  const auto model = json::read(base::as_text(pickles.program(model_).bytes));
  if (!model) return fail(model.error());
  const Status added = add_tensors(interpreter, *model);
  if (!added) return fail(added.error());
  if (has_attributes_) {
    interpreter.set_script(true);
    const auto built = run(interpreter, pickles.program(attributes_), *this,
                           slice_.inside(base::escaped(prefix_) + "attributes.pkl"), 0);
    interpreter.set_script(false);
    if (!built) return built.error();
    const auto values = interpreter.tape().items(built->root);
    attribute_values_.assign(values.begin(), values.end());
    sections_.push_back({interpreter.tape().size(), member, 0});
  }
  const Json* const main = model->find("mainModule");
  if (main == nullptr) return fail(bad("a model without a main module"));
  const auto module = add_module(interpreter, *main);
  if (!module) return fail(module.error());
  // A tensor that no module has is a constant of the code, which knows it by its number.
  std::vector<torch::ScriptConstant> constants;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (!is_named_[i]) constants.push_back({i, tensors_[i]});
  if (!constants.empty())
    info_.notes.push_back("constants of the program, under CONSTANTS: " +
                          std::to_string(constants.size()));
  const auto root = torch::with_constants(interpreter.tape(), *module, constants);
  if (!root) return fail(root.error());
  return NodeId{*root};
}

Result<pickle::Node> Script2018::tensor(torch::TensorInterpreter& interpreter,
                                        std::uint64_t number) {
  if (number >= tensors_.size()) return bad("a tensor that is not in the table");
  is_named_[static_cast<std::size_t>(number)] = true;
  return pickle::Node(interpreter.tape()[tensors_[static_cast<std::size_t>(number)]]);
}

Status Script2018::add_tensors(torch::TensorInterpreter& interpreter, const Json& model) {
  for (const Json& row : items_of(model.find("tensors"))) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId tensor, add_tensor(interpreter, row));
    tensors_.push_back(tensor);
  }
  is_named_.resize(tensors_.size());
  return {};
}

Result<NodeId> Script2018::add_tensor(torch::TensorInterpreter& interpreter, const Json& row) {
  const Json* const data = row.find("data");
  const std::string_view key = data == nullptr ? "" : text_of(data->find("key"));
  const auto dtype = dtype_of(text_of(row.find("dataType")));
  const auto offset = number_of(row.find("offset"));
  const archive::ZipEntry* const entry = key.empty() ? nullptr : record(key);
  if (!dtype || !offset || *offset < 0) return bad("a tensor in no known form").about(key);
  if (entry == nullptr) return bad("a tensor whose record is not in the archive").about(key);

  data::StorageMap& storages = interpreter.storages();
  const std::string_view device = text_of(row.find("device"));
  pickle::TapeWriter writer(interpreter.tape());
  SAFE_LOAD_TRY_ASSIGN(const NodeId place, writer.text(device.empty() ? "cpu" : device));
  data::Storage storage;
  storage.key = entry->name.substr(prefix_.size());
  SAFE_LOAD_TRY_ASSIGN(storage.location,
                       storages.number_of_location(interpreter.tape().text(place)));
  storage.dtype = *dtype;
  storage.byte_count = entry->size;
  if (entry->size != 0) storage.place = data::Record{entry};
  torch::Tensor tensor;
  // Tensors that share a record share a storage.
  const auto [known, is_new] = storages_.try_emplace({entry, *dtype}, 0);
  if (is_new) {
    SAFE_LOAD_TRY_ASSIGN(known->second, storages.add(storage));
  }
  tensor.storage = known->second;
  tensor.dtype = *dtype;
  tensor.offset = static_cast<std::uint64_t>(*offset);
  tensor.requires_grad = is_true(row.find("requiresGrad"));
  SAFE_LOAD_TRY_ASSIGN(const auto sizes, read_extents(row.find("dims")));
  SAFE_LOAD_TRY_ASSIGN(const auto strides, read_extents(row.find("strides")));
  SAFE_LOAD_TRY_ASSIGN(tensor.sizes, writer.integers(sizes));
  SAFE_LOAD_TRY_ASSIGN(tensor.strides, writer.integers(strides));
  return interpreter.add_tensor(tensor);
}

// Modules are as deep as their JSON; each becomes a dict when its last part is there.
Result<NodeId> Script2018::add_module(torch::TensorInterpreter& interpreter, const Json& module) {
  struct Open {
    const Json* module;
    std::vector<NodeId> items;
    std::size_t next = 0;  // submodule
  };
  pickle::TapeWriter writer(interpreter.tape());
  const auto add_item = [&](Open& open, const Json& named, NodeId value) -> Status {
    SAFE_LOAD_TRY_ASSIGN(const NodeId key, writer.text(text_of(named.find("name"))));
    open.items.push_back(key);
    open.items.push_back(value);
    return {};
  };
  const auto value_at = [](const std::vector<NodeId>& table, const Json* number) -> Result<NodeId> {
    const auto index = number_of(number);
    if (!index || *index < 0 || static_cast<std::uint64_t>(*index) >= table.size())
      return bad("a number that is not in its table");
    return NodeId{table[static_cast<std::size_t>(*index)]};
  };
  std::vector<Open> open;
  const auto enter = [&](const Json& entered) -> Status {
    Open& own = open.emplace_back(Open{&entered, {}, 0});
    for (const Json& parameter : items_of(entered.find("parameters"))) {
      SAFE_LOAD_TRY_ASSIGN(const NodeId value, value_at(tensors_, parameter.find("tensorId")));
      is_named_[static_cast<std::size_t>(*number_of(parameter.find("tensorId")))] = true;
      SAFE_LOAD_TRY(add_item(own, parameter, value));
    }
    for (const Json& attribute : items_of(entered.find("attributes"))) {
      SAFE_LOAD_TRY_ASSIGN(const NodeId value, value_at(attribute_values_, attribute.find("id")));
      SAFE_LOAD_TRY(add_item(own, attribute, value));
    }
    return {};
  };
  SAFE_LOAD_TRY(enter(module));
  for (;;) {
    Open& current = open.back();
    const Json::Array& submodules = items_of(current.module->find("submodules"));
    if (current.next < submodules.size()) {
      SAFE_LOAD_TRY(enter(submodules[current.next++]));
      continue;
    }
    SAFE_LOAD_TRY_ASSIGN(const NodeId value, writer.dict(current.items));
    const Json& done = *current.module;
    open.pop_back();
    if (open.empty()) return NodeId{value};
    SAFE_LOAD_TRY(add_item(open.back(), done, value));
  }
}

}  // namespace safe_load::formats
