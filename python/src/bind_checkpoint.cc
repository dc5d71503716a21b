#include "bind_checkpoint.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <safe_load/safe_load.h>

#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "build.h"
#include "errors.h"
#include "memory.h"
#include "objects.h"
#include "python_source.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::Access;
using safe_load::Checkpoint;
using safe_load::OpenOptions;
using safe_load::TextEncoding;

using SharedCheckpoint = std::shared_ptr<Checkpoint>;

OpenOptions options_from(const safe_load::Limits& limits, nb::object mmap,
                         const std::string& encoding, nb::object byte_order, bool verify) {
  OpenOptions options;
  options.limits = limits;
  options.verify = verify;
  options.keep_going = &no_signal_came;
  if (!mmap.is_none()) options.access = nb::cast<bool>(mmap) ? Access::kMapped : Access::kCopied;
  options.encoding = encoding == "latin1"  ? TextEncoding::kLatin1
                     : encoding == "bytes" ? TextEncoding::kBytes
                                           : TextEncoding::kUtf8;
  if (!byte_order.is_none())
    options.byte_order = nb::cast<std::string>(byte_order) == "big" ? safe_load::ByteOrder::kBig
                                                                    : safe_load::ByteOrder::kLittle;
  return options;
}

// Opens without the GIL: parsing touches no object of Python.
template <class Open>
SharedCheckpoint open_released(Open&& open) {
  auto opened = [&] {
    const nb::gil_scoped_release release;
    return open();
  }();
  if (PyErr_Occurred() != nullptr) throw nb::python_error();  // a signal came
  return std::make_shared<Checkpoint>(unwrap(std::move(opened)));
}

// At a multiple of 64 bytes, as torch aligns storages in its files: then they need no second copy.
safe_load::SharedBytes copy_of(nb::handle object) {
  constexpr std::align_val_t kAlignment{64};
  Py_buffer buffer;
  if (PyObject_GetBuffer(object.ptr(), &buffer, PyBUF_SIMPLE) != 0) throw nb::python_error();
  const auto size = static_cast<std::size_t>(buffer.len);
  const auto free = [](std::byte* bytes) { ::operator delete[](bytes, kAlignment); };
  std::byte* const bytes = new (kAlignment, std::nothrow) std::byte[size];
  if (bytes != nullptr) std::memcpy(bytes, buffer.buf, size);
  PyBuffer_Release(&buffer);
  if (bytes == nullptr) throw std::bad_alloc();
  return {{bytes, size}, std::shared_ptr<std::byte>(bytes, free)};
}

nb::list symbol_list(const Checkpoint& checkpoint) {
  nb::list result;
  for (const safe_load::SymbolUse& use : checkpoint.symbols()) {
    nb::dict row;
    row["name"] = use.name;
    row["is_known"] = use.is_known;
    row["called"] = use.is_called;
    row["count"] = use.count;
    row["path"] = use.object_path;
    row["offset"] = use.offset;
    row["danger"] = to_str(use.danger);
    result.append(row);
  }
  return result;
}

nb::list issue_list(const Checkpoint& checkpoint) {
  nb::list result;
  for (const safe_load::Issue& issue : checkpoint.issues()) result.append(to_dict(issue));
  return result;
}

// As the report for programs has it.
nb::dict container_of(const Checkpoint& checkpoint) {
  const safe_load::ContainerInfo& info = checkpoint.container();
  nb::list notes;
  for (const std::string& note : info.notes) notes.append(to_str(note));
  nb::dict out;
  out["format"] = to_str(to_text(info.format));
  out["prefix"] = to_str(info.prefix);
  out["version"] = to_str(info.version);
  out["protocol"] = info.protocol;
  out["byte_order"] = info.byte_order == safe_load::ByteOrder::kBig ? "big" : "little";
  out["file_size"] = info.file_size;
  out["records"] = info.record_count;
  out["pickle_bytes"] = info.pickle_bytes;
  out["notes"] = notes;
  return out;
}

nb::tuple record_class_rows() {
  nb::list rows;
  for (const safe_load::RecordClass& row : safe_load::record_classes()) {
    const std::string name = std::string(row.module) + '.' + std::string(row.name);
    rows.append(nb::make_tuple(to_str(name), to_str(to_text(row.form)), to_str(row.attribute)));
  }
  return nb::tuple(rows);
}

nb::tuple words(std::span<const std::string_view> texts) {
  nb::list words;
  for (const std::string_view text : texts) words.append(to_str(text));
  return nb::tuple(words);
}

nb::tuple prefix_rows() {
  nb::list rows;
  for (const safe_load::NamePrefix& row : safe_load::usual_prefixes())
    rows.append(nb::make_tuple(to_str(row.text), row.is_anywhere));
  return nb::tuple(rows);
}

nb::tuple placement_rows() {
  nb::list rows;
  for (const safe_load::PlacementClass& row : safe_load::placement_classes())
    rows.append(nb::make_tuple(to_str(row.name), to_str(to_text(row.kind))));
  return nb::tuple(rows);
}

nb::tuple value_kinds() {
  nb::list kinds;
  for (int kind = 0; kind <= static_cast<int>(safe_load::ValueKind::kDamaged); ++kind)
    kinds.append(to_str(to_text(static_cast<safe_load::ValueKind>(kind))));
  return nb::tuple(kinds);
}

nb::tuple known_names() {
  nb::list names;
  for (const safe_load::KnownName& known : safe_load::known_names())
    names.append(nb::make_tuple(to_str(known.module), to_str(known.name)));
  return nb::tuple(names);
}

// What both languages go by is written down once, in C++.
void bind_tables(nb::module_& module) {
  module.attr("RECORD_CLASSES") = record_class_rows();
  module.attr("USUAL_KEYS") = words(safe_load::usual_weight_keys());
  module.attr("SURE_KEYS") = safe_load::kSureWeightKeys;
  module.attr("TRAINING_WORDS") = words(safe_load::training_words());
  module.attr("PREFIXES") = prefix_rows();
  module.attr("MOST_NAME_COST") = safe_load::kMostNameCost;
  module.attr("NAME_COST") = safe_load::kNameCost;
  module.attr("MOST_PART_COST") = safe_load::kMostPartCost;
  module.attr("PLACEMENTS") = placement_rows();
  module.attr("VALUE_KINDS") = value_kinds();
  module.attr("KNOWN_NAMES") = known_names();
  module.def(
      "printable",
      [](nb::bytes text) {
        return to_str(safe_load::printable(std::string_view(text.c_str(), text.size())));
      },
      nb::arg("text"), "UTF-8 as it may be shown on a terminal.");
}

void bind_limits(nb::module_& module) {
  using safe_load::Limits;
  nb::class_<Limits>(
      module, "Limits",
      "What a file may make the loader do: whole numbers that may be set. What would "
      "exceed one is an Error with the code \"limit\". The attack that each stops is "
      "described in the C++ header limits.h.")
      .def(nb::init<>(), "The defaults, which ordinary files of any size stay within.")
      .def_rw("max_zip_entries", &Limits::max_zip_entries, "Entries of one zip directory.")
      .def_rw("max_inflated_bytes", &Limits::max_inflated_bytes,
              "Bytes inflated from one file, unless max_inflated_ratio allows more.")
      .def_rw("max_inflated_ratio", &Limits::max_inflated_ratio,
              "Bytes inflated from one file, as a multiple of its size.")
      .def_rw("max_pickle_bytes", &Limits::max_pickle_bytes,
              "Bytes of one pickle; less than 4 GiB.")
      .def_rw("memory_base", &Limits::memory_base,
              "Bytes of memory for decoded values that every file has.")
      .def_rw("memory_per_byte", &Limits::memory_per_byte,
              "Bytes of memory for decoded values, per byte of pickle and directory.")
      .def_rw("work_per_byte", &Limits::work_per_byte, "Steps of decoding per byte of pickle.")
      .def_rw("max_dims", &Limits::max_dims, "Dimensions of a tensor or array.")
      .def_rw("max_key_depth", &Limits::max_key_depth,
              "Depth of a tuple or frozenset that is a key, and of a type expression.")
      .def_rw("max_levels", &Limits::max_levels,
              "Slices, defaultdicts, deques and object arrays inside each other.")
      .def_rw("max_copied_bytes", &Limits::max_copied_bytes,
              "Bytes of one tensor that is copied, unless max_copied_ratio allows more.")
      .def_rw("max_copied_ratio", &Limits::max_copied_ratio,
              "Bytes of one tensor that is copied, as a multiple of its storage.");
}

}  // namespace

void bind_checkpoint(nb::module_& module) {
  bind_limits(module);
  bind_tables(module);

  nb::class_<StorageHandle>(module, "Storage", "One storage of a checkpoint.")
      .def_prop_ro("id", [](const StorageHandle& s) { return s.view.id(); })
      .def_prop_ro(
          "location", [](const StorageHandle& s) { return to_str(s.view.location()); },
          "The device that it was saved from.")
      .def_prop_ro("nbytes", [](const StorageHandle& s) { return s.view.byte_count(); })
      .def(
          "memory",
          [](const StorageHandle& s, std::size_t unit) { return memory_of(s.view, unit); },
          nb::arg("unit"), "Its bytes, in this machine's order for elements of `unit` bytes.");

  nb::class_<Checkpoint>(module, "Checkpoint", "An open checkpoint. Thread-safe.")
      .def_static(
          "open_path",
          [](nb::bytes path, const safe_load::Limits& limits, nb::object mmap,
             const std::string& encoding, nb::object byte_order, bool verify) {
            const OpenOptions options = options_from(limits, mmap, encoding, byte_order, verify);
            const std::string name(path.c_str(), path.size());
            return open_released([&] { return Checkpoint::open(name, options); });
          },
          nb::arg("path"), nb::arg("limits"), nb::arg("mmap").none(), nb::arg("encoding"),
          nb::arg("byte_order").none(), nb::arg("verify"))
      .def_static(
          "open_descriptor",
          [](int descriptor, std::uint64_t start, const safe_load::Limits& limits, nb::object mmap,
             const std::string& encoding, nb::object byte_order, bool verify) {
            const OpenOptions options = options_from(limits, mmap, encoding, byte_order, verify);
            return open_released(
                [&] { return Checkpoint::open_descriptor(descriptor, start, options); });
          },
          nb::arg("descriptor"), nb::arg("start"), nb::arg("limits"), nb::arg("mmap").none(),
          nb::arg("encoding"), nb::arg("byte_order").none(), nb::arg("verify"))
      .def_static(
          "open_bytes",
          [](nb::object buffer, const safe_load::Limits& limits, nb::object mmap,
             const std::string& encoding, nb::object byte_order, bool verify) {
            const OpenOptions options = options_from(limits, mmap, encoding, byte_order, verify);
            safe_load::SharedBytes bytes = copy_of(buffer);
            return open_released([&] { return Checkpoint::open(std::move(bytes), options); });
          },
          nb::arg("buffer"), nb::arg("limits"), nb::arg("mmap").none(), nb::arg("encoding"),
          nb::arg("byte_order").none(), nb::arg("verify"), "Copies the buffer.")
      .def_static(
          "open_stream",
          [](nb::object stream, std::uint64_t size, const safe_load::Limits& limits,
             nb::object mmap, const std::string& encoding, nb::object byte_order, bool verify) {
            const OpenOptions options = options_from(limits, mmap, encoding, byte_order, verify);
            const auto source = std::make_shared<PythonSource>(std::move(stream), size);
            return open_released([&]() -> safe_load::Result<Checkpoint, safe_load::Issue> {
              auto opened = Checkpoint::open(source, options);
              if (!opened) {
                const nb::gil_scoped_acquire acquire;
                source->raise_failure();
              }
              return opened;
            });
          },
          nb::arg("stream"), nb::arg("size"), nb::arg("limits"), nb::arg("mmap").none(),
          nb::arg("encoding"), nb::arg("byte_order").none(), nb::arg("verify"),
          "stream.read_at(offset, size) gives bytes, and may be called by any thread.")
      .def(
          "check_elements",
          [](const Checkpoint& checkpoint, std::optional<std::uint32_t> value) {
            const auto issues = [&] {
              const nb::gil_scoped_release release;
              return checkpoint.check_elements(value ? checkpoint.value(*value)
                                                     : checkpoint.root());
            }();
            nb::list result;
            for (const safe_load::Issue& issue : issues) result.append(to_dict(issue));
            return result;
          },
          nb::arg("value").none() = nb::none(),
          "Every sparse, nested or quantized tensor whose elements contradict its shape, as dicts.")
      .def("symbols", &symbol_list, "Every name that the file asks for, as dicts.")
      .def("has_unknown_symbols", &Checkpoint::has_unknown_symbols)
      .def("issues", &issue_list, "Every value that could not be built, as dicts.")
      .def(
          "tensor_names",
          [](const Checkpoint& checkpoint) {
            nb::list rows;
            for (const safe_load::NamedTensor& row : checkpoint.tensors())
              rows.append(nb::make_tuple(to_str(row.name), to_str(row.path), row.value_id));
            return rows;
          },
          "(dotted name, path, number of the value) of every tensor, in file order.")
      .def(
          "locations",
          [](const Checkpoint& checkpoint) {
            std::set<std::string_view> locations;
            for (std::uint32_t i = 0; i < checkpoint.storage_count(); ++i)
              locations.insert(checkpoint.storage(i).location());
            nb::set names;
            for (const std::string_view location : locations) names.add(to_str(location));
            return names;
          },
          "The devices that storages were saved from.")
      .def("container", &container_of, "What the container says about itself.")
      .def(
          "end", [](const Checkpoint& checkpoint) { return checkpoint.container().end; },
          "Where torch.load leaves a file that it read.")
      .def(
          "to_json",
          [](const Checkpoint& checkpoint, const std::string& title) {
            return safe_load::to_json(checkpoint, title);
          },
          nb::arg("title"))
      .def(
          "build",
          [](SharedCheckpoint checkpoint, nb::handle makers, std::optional<std::uint32_t> value) {
            const std::shared_ptr<const Checkpoint> shared = checkpoint;
            return build(shared, value ? shared->value(*value) : shared->root(), makers);
          },
          nb::arg("makers"), nb::arg("value").none() = nb::none(),
          "The root, or one value by number, as objects of Python.");
}

}  // namespace safe_load_python
