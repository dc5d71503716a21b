#include "formats/export_archive.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "formats/recognise.h"
#include "json/fields.h"
#include "pickle/tape_writer.h"
#include "torch/readers.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using archive::ZipEntry;
using json::field;
using json::items_of;
using json::Json;
using json::text_of;
using pickle::NodeId;
using torch::find_mark;
using torch::Layout;

namespace {

constexpr std::string_view kFormat = "pt2";
constexpr std::string_view kStateDict = "state_dict";
constexpr std::string_view kConstants = "constants";
constexpr std::string_view kInputs = "example_inputs";
constexpr std::string_view kKinds[] = {kStateDict, kConstants, kInputs};

// Where the data of a model lies: <folder><model><suffix>.
struct Home {
  std::string_view folder;
  std::string_view suffix;
  std::string_view kind;
  bool is_config;
};
constexpr Home kHomes[] = {
    {"data/weights/", "_weights_config.json", kStateDict, true},
    {"data/constants/", "_constants_config.json", kConstants, true},
    {"data/weights/", ".pt", kStateDict, false},
    {"data/constants/", ".pt", kConstants, false},
    {"data/sample_inputs/", ".pt", kInputs, false},
};

// What stands beside the data and is never used.
struct Beside {
  std::string_view folder;
  std::string_view what;
};
constexpr Beside kBeside[] = {
    {"models/", "programs, which are not read"},
    {"data/aotinductor/", "files of native code, which are not used"},
    {"data/constants/custom_obj_", "custom objects, which are not read"},
    {"data/constants/opaque_obj_", "custom objects in pickles, which are not read"},
};

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

// Source: torch/_export/serde/schema.py, ScalarType.
std::optional<DType> dtype_of(std::int64_t number) {
  struct Numbered {
    std::int64_t number;
    DType dtype;
  };
  constexpr Numbered kRows[] = {
      {1, DType::kUint8},           {2, DType::kInt8},
      {3, DType::kInt16},           {4, DType::kInt32},
      {5, DType::kInt64},           {6, DType::kFloat16},
      {7, DType::kFloat32},         {8, DType::kFloat64},
      {9, DType::kComplex32},       {10, DType::kComplex64},
      {11, DType::kComplex128},     {12, DType::kBool},
      {13, DType::kBfloat16},       {28, DType::kUint16},
      {29, DType::kFloat8E4m3fn},   {30, DType::kFloat8E5m2},
      {31, DType::kFloat8E4m3fnuz}, {32, DType::kFloat8E5m2fnuz},
      {33, DType::kFloat8E8m0fnu},  {34, DType::kUint32},
      {35, DType::kUint64},
  };
  for (const Numbered& row : kRows)
    if (row.number == number) return row.dtype;
  return std::nullopt;
}

std::optional<std::int64_t> integer_of(const Json* value) {
  return value == nullptr ? std::nullopt : value->integer();
}

// [{"as_int": 2}, ...]: a size that is an expression has no value here.
Result<std::vector<std::int64_t>> read_extents(const Json* value) {
  std::vector<std::int64_t> extents;
  for (const Json& item : items_of(value)) {
    const auto extent = integer_of(item.find("as_int"));
    if (!extent) return bad("a tensor whose sizes are not integers");
    extents.push_back(*extent);
  }
  return extents;
}

bool is_custom_object(std::string_view path) {
  return path.starts_with("custom_obj_") || path.starts_with("opaque_obj_");
}

}  // namespace

bool ExportArchive::is_one(const archive::ZipDirectory& directory) {
  return find_mark(directory, Layout::kExport) != nullptr ||
         find_mark(directory, Layout::kOldExport) != nullptr;
}

const ZipEntry* ExportArchive::record(std::string_view name) const {
  return file_.directory().find(prefix_ + std::string(name));
}

Outcome<void> ExportArchive::read(Pickles& pickles) {
  const archive::ZipDirectory& directory = file_.directory();
  info_.record_count = directory.entries().size();
  const ZipEntry* const mark = find_mark(directory, Layout::kExport);
  info_.format = Format::kTorchExport;
  if (mark == nullptr) return read_old(pickles);
  const auto format = file_.read_small(*mark);
  if (!format) return format.error();
  if (std::string_view(*format).substr(0, format->find('\n')) != kFormat)
    return Failure(
        Error(ErrorCode::kUnsupported, "an archive of another format than pt2").about(*format),
        file_.shown(*mark));
  prefix_ = mark->name.substr(0, mark->name.find('/') + 1);
  info_.prefix = base::escaped(prefix_);
  const auto byte_order = file_.read_byte_order(record("byteorder"), options());
  if (!byte_order) return byte_order.error();
  info_.byte_order = *byte_order;
  std::array<std::size_t, std::size(kBeside)> beside{};
  for (const ZipEntry& entry : directory.entries()) {
    if (!entry.name.starts_with(prefix_) || entry.is_folder()) continue;
    const auto done = read_entry(entry, pickles);
    if (!done) return done.error();
    for (std::size_t i = 0; i < beside.size(); ++i)
      if (entry.name.substr(prefix_.size()).starts_with(kBeside[i].folder)) ++beside[i];
  }
  for (std::size_t i = 0; i < beside.size(); ++i)
    if (beside[i] != 0)
      info_.notes.push_back(std::string(kBeside[i].what) + ": " + std::to_string(beside[i]));
  if (models_.empty())
    return Failure(Error(ErrorCode::kUnsupported, "a torch.export archive without weights"),
                   slice_.name);
  return {};
}

// torch 2.1 to 2.6 wrote whole checkpoints, without a folder around them.
Outcome<void> ExportArchive::read_old(Pickles& pickles) {
  struct Old {
    std::string_view name;
    std::string_view kind;
  };
  constexpr Old kOld[] = {{"serialized_state_dict.pt", kStateDict},
                          {"serialized_constants.pt", kConstants},
                          {"serialized_example_inputs.pt", kInputs}};
  Parts& parts = models_[""];
  for (const Old& old : kOld) {
    const ZipEntry* const entry = record(old.name);
    if (entry == nullptr || entry->size == 0) continue;  // a program without example inputs
    const auto nested = read_nested(*entry, pickles);
    if (!nested) return nested.error();
    parts.push_back({old.kind, file_.shown(*entry), {}, *nested});
  }
  info_.notes.push_back("programs, which are not read: 1");
  return {};
}

Outcome<void> ExportArchive::read_entry(const ZipEntry& entry, Pickles& pickles) {
  const std::string_view name = entry.name.substr(prefix_.size());
  const auto* const home = std::find_if(std::begin(kHomes), std::end(kHomes), [&](const Home& at) {
    return name.starts_with(at.folder) && name.ends_with(at.suffix) &&
           name.size() > at.folder.size() + at.suffix.size();
  });
  if (home == std::end(kHomes)) return {};
  const std::string_view model =
      name.substr(home->folder.size(), name.size() - home->folder.size() - home->suffix.size());
  Part part{home->kind, file_.shown(entry), {}, std::nullopt};
  if (home->is_config) {
    const auto done = read_config(entry, home->folder, part, pickles);
    if (!done) return done.error();
  } else {
    const auto nested = read_nested(entry, pickles);
    if (!nested) return nested.error();
    part.nested = *nested;
  }
  Parts& parts = models_[base::escaped(model, model.size() * 4)];
  const bool is_double = std::any_of(parts.begin(), parts.end(),
                                     [&](const Part& other) { return other.kind == part.kind; });
  if (is_double)
    return Failure(Error(ErrorCode::kAmbiguous, "a model whose data is in two records"),
                   file_.shown(entry));
  parts.push_back(std::move(part));
  return {};
}

Outcome<void> ExportArchive::read_config(const ZipEntry& entry, std::string_view folder, Part& part,
                                         Pickles& pickles) {
  const auto fail = [&](const Error& error) { return Failure(error, part.member); };
  if (entry.size > options().limits.max_pickle_bytes)
    return fail(Error(ErrorCode::kLimit, "a config larger than Limits::max_pickle_bytes"));
  info_.pickle_bytes += entry.size;
  std::string text(static_cast<std::size_t>(entry.size), '\0');
  const auto done = file_.read(entry, base::as_writable_bytes(text));
  if (!done) return done.error();
  const auto config = json::read(text);
  if (!config) return fail(config.error());
  const Json* const tensors = config->find("config");
  if (tensors == nullptr || tensors->object() == nullptr)
    return fail(bad("a config without an object \"config\""));
  for (const auto& [name, facts] : *tensors->object()) {
    if (is_custom_object(text_of(facts.find("path_name")))) continue;  // the notes count it
    auto row = read_row(name, facts, folder);
    if (!row) return fail(row.error());
    if (json::is_true(facts.find("use_pickle"))) {
      const auto nested = read_nested(*row->record, pickles);
      if (!nested) return nested.error();
      row->nested = *nested;
    }
    part.rows.push_back(*std::move(row));
  }
  return {};
}

Result<ExportArchive::Row> ExportArchive::read_row(std::string_view name, const Json& facts,
                                                   std::string_view folder) const {
  constexpr std::int64_t kStrided = 7;
  Row row;
  row.name = name;
  const std::string_view path = text_of(facts.find("path_name"));
  if (!base::is_file_name(path)) return bad("a path that is not a file name").about(path);
  row.record = record(std::string(folder) + std::string(path));
  if (row.record == nullptr) return bad("a tensor whose record is not in the archive").about(path);
  row.is_parameter = json::is_true(facts.find("is_param"));
  if (json::is_true(facts.find("use_pickle"))) return row;

  const Json* const meta = facts.find("tensor_meta");
  const auto dtype_number = integer_of(field(meta, "dtype"));
  const auto dtype = dtype_number ? dtype_of(*dtype_number) : std::nullopt;
  if (!dtype)
    return Error(ErrorCode::kUnsupported, "a tensor of an unknown type")
        .about(std::to_string(dtype_number.value_or(-1)) + ", " + row.name);
  row.dtype = *dtype;
  if (integer_of(field(meta, "layout")) != kStrided)
    return Error(ErrorCode::kUnsupported, "a tensor that is not dense").about(row.name);
  const auto offset = integer_of(field(field(meta, "storage_offset"), "as_int"));
  if (!offset || *offset < 0) return bad("a tensor with an impossible offset").about(row.name);
  row.offset = static_cast<std::uint64_t>(*offset);
  SAFE_LOAD_TRY_ASSIGN(row.sizes, read_extents(field(meta, "sizes")));
  SAFE_LOAD_TRY_ASSIGN(row.strides, read_extents(field(meta, "strides")));
  row.requires_grad = json::is_true(field(meta, "requires_grad"));
  const Json* const device = field(meta, "device");
  row.device = text_of(field(device, "type"));
  if (row.device.empty()) row.device = "cpu";
  if (const auto index = integer_of(field(device, "index")))
    row.device += ":" + std::to_string(*index);
  return row;
}

Outcome<std::size_t> ExportArchive::read_nested(const ZipEntry& entry, Pickles& pickles) {
  const auto [known, is_new] = nested_numbers_.try_emplace(&entry, nested_.size());
  if (!is_new) return std::size_t{known->second};
  const auto slice = file_.open_member(entry);
  if (!slice) return slice.error();
  auto container = recognise(*slice, options(), reach_);
  if (!container) return container.error();
  const auto done = (*container)->read(pickles);
  if (!done) return done.error();
  nested_.push_back({*std::move(container), std::nullopt});
  return nested_.size() - 1;
}

Outcome<NodeId> ExportArchive::build(torch::TensorInterpreter& interpreter,
                                     const Pickles& pickles) {
  pickle::TapeWriter writer(interpreter.tape());
  const auto fail = [&](const Error& error) { return Failure(error, slice_.name); };
  std::vector<NodeId> models;
  for (auto& [model, parts] : models_) {
    std::vector<NodeId> items;
    for (const std::string_view kind : kKinds) {
      const auto part = std::find_if(parts.begin(), parts.end(),
                                     [&](const Part& own) { return own.kind == kind; });
      if (part == parts.end()) continue;
      const auto value = build_part(*part, interpreter, pickles);
      if (!value) return value.error();
      sections_.push_back({interpreter.tape().size(), slice_.name, 0});
      const auto key = writer.text(kind);
      if (!key) return fail(key.error());
      items.insert(items.end(), {*key, *value});
    }
    const auto value = writer.dict(items);
    if (!value) return fail(value.error());
    if (models_.size() == 1) return NodeId{*value};
    const auto key = writer.text(model);
    if (!key) return fail(key.error());
    models.insert(models.end(), {*key, *value});
  }
  const auto root = writer.dict(models);
  if (!root) return fail(root.error());
  return NodeId{*root};
}

Outcome<NodeId> ExportArchive::build_part(Part& part, torch::TensorInterpreter& interpreter,
                                          const Pickles& pickles) {
  if (part.nested) return build_nested(*part.nested, interpreter, pickles);
  const auto fail = [&](const Error& error) { return Failure(error, part.member); };
  pickle::TapeWriter writer(interpreter.tape());
  std::vector<NodeId> items;
  for (const Row& row : part.rows) {
    NodeId value = pickle::kNoNode;
    if (row.nested) {
      const auto built = build_nested(*row.nested, interpreter, pickles);
      if (!built) return built.error();
      value = *built;
    }
    sections_.push_back({interpreter.tape().size(), part.member, 0});
    if (!row.nested) {
      const auto tensor = add_tensor(interpreter, row);
      if (!tensor) return fail(tensor.error());
      value = *tensor;
    }
    const auto key = writer.text(row.name);
    if (!key) return fail(key.error());
    items.insert(items.end(), {*key, value});
  }
  const auto made = writer.dict(items);
  if (!made) return fail(made.error());
  return NodeId{*made};
}

Outcome<NodeId> ExportArchive::build_nested(std::size_t number,
                                            torch::TensorInterpreter& interpreter,
                                            const Pickles& pickles) {
  Nested& nested = nested_[number];
  if (nested.value) return NodeId{*nested.value};
  const auto value = nested.container->build(interpreter, pickles);
  if (!value) return value.error();
  take_facts(*nested.container);
  nested.value = *value;
  return NodeId{*value};
}

// Tensors that name one record share its storage.
Result<NodeId> ExportArchive::add_tensor(torch::TensorInterpreter& interpreter, const Row& row) {
  data::StorageMap& storages = interpreter.storages();
  pickle::TapeWriter writer(interpreter.tape());
  SAFE_LOAD_TRY_ASSIGN(const NodeId place, writer.text(row.device));
  data::Storage storage;
  storage.key = row.record->name.substr(row.record->name.rfind('/') + 1);
  SAFE_LOAD_TRY_ASSIGN(storage.location,
                       storages.number_of_location(interpreter.tape().text(place)));
  storage.is_untyped = true;
  storage.is_big_endian = info_.byte_order == ByteOrder::kBig;
  storage.byte_count = row.record->size;
  if (storage.byte_count != 0) storage.place = data::Record{row.record};
  const auto [known, is_new] = storages_.try_emplace(row.record, 0);
  if (is_new) {
    SAFE_LOAD_TRY_ASSIGN(known->second, storages.add(storage));
  }
  torch::Tensor tensor;
  tensor.storage = known->second;
  tensor.dtype = row.dtype;
  tensor.offset = row.offset;
  tensor.is_parameter = row.is_parameter;
  tensor.requires_grad = row.requires_grad;
  SAFE_LOAD_TRY_ASSIGN(tensor.sizes, writer.integers(row.sizes));
  SAFE_LOAD_TRY_ASSIGN(tensor.strides, writer.integers(row.strides));
  return interpreter.add_tensor(tensor);
}

bool ExportArchive::wants_more() const {
  return std::any_of(nested_.begin(), nested_.end(),
                     [](const Nested& nested) { return nested.container->wants_more(); });
}

// The records of the archive itself, and then those of the containers in it.
void ExportArchive::verify(const Report& report) const {
  file_.verify(report);
  for (const Nested& nested : nested_) nested.container->verify(report);
}

}  // namespace safe_load::formats
