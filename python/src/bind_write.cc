#include "bind_write.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <safe_load/write.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "errors.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::Checkpoint;

// A plan, and the checkpoint that it refers to.
struct PlannedFile {
  std::shared_ptr<const Checkpoint> checkpoint;
  safe_load::Plan plan;
};

safe_load::Aliases aliases_from(const std::string& text) {
  if (text == "duplicate") return safe_load::Aliases::kDuplicate;
  return text == "refuse" ? safe_load::Aliases::kRefuse : safe_load::Aliases::kNote;
}

safe_load::Unknown unknown_from(const std::string& text) {
  if (text == "drop") return safe_load::Unknown::kDrop;
  if (text == "dict") return safe_load::Unknown::kDict;
  return text == "record" ? safe_load::Unknown::kRecord : safe_load::Unknown::kRefuse;
}

// The plan, or None, and the issues that stand against it.
template <class Make>
nb::tuple planned(std::shared_ptr<const Checkpoint> checkpoint, const Make& make) {
  auto plan = [&] {
    const nb::gil_scoped_release release;
    return make(*checkpoint);
  }();
  nb::list issues;
  if (!plan) {
    for (const safe_load::Issue& issue : plan.error()) issues.append(to_dict(issue));
    return nb::make_tuple(nb::none(), issues);
  }
  return nb::make_tuple(PlannedFile{std::move(checkpoint), *std::move(plan)}, issues);
}

nb::tuple plan_safetensors(std::shared_ptr<const Checkpoint> checkpoint,
                           std::vector<std::string> keys, const std::string& aliases) {
  const safe_load::SafetensorsOptions options{std::move(keys), aliases_from(aliases)};
  return planned(std::move(checkpoint), [&](const Checkpoint& opened) {
    return safe_load::plan_safetensors(opened, options);
  });
}

nb::tuple plan_torch(std::shared_ptr<const Checkpoint> checkpoint, const std::string& unknown,
                     bool lossy) {
  const safe_load::TorchOptions options{unknown_from(unknown), lossy};
  return planned(std::move(checkpoint),
                 [&](const Checkpoint& opened) { return safe_load::plan_torch(opened, options); });
}

// (kind, path, from, to) of each.
nb::list changes(const PlannedFile& file) {
  constexpr std::array kKinds = {"plain", "lossy", "unknown"};
  nb::list found;
  for (const safe_load::Change& change : file.plan.changes())
    found.append(nb::make_tuple(kKinds[static_cast<std::size_t>(change.kind)], change.path,
                                change.from, change.to));
  return found;
}

void write(const PlannedFile& file, nb::bytes path, bool overwrite, nb::object progress) {
  const std::string name(path.c_str(), path.size());
  const auto report = [&](std::uint64_t done, std::uint64_t total) {
    if (progress.is_none()) return no_signal_came();
    const nb::gil_scoped_acquire acquire;
    try {
      progress(done, total, "bytes");
    } catch (nb::python_error& error) {
      error.restore();
    }
    return PyErr_Occurred() == nullptr && PyErr_CheckSignals() == 0;
  };
  const auto written = [&] {
    const nb::gil_scoped_release release;
    return safe_load::write(file.plan, name, {overwrite, report});
  }();
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
  if (!written) raise(written.error());
}

void check_target(const PlannedFile& file, nb::bytes path, bool overwrite) {
  const auto allowed =
      safe_load::check_target(file.plan, std::string(path.c_str(), path.size()), {overwrite});
  if (!allowed) raise(allowed.error());
}

}  // namespace

void bind_write(nb::module_& module) {
  nb::class_<PlannedFile>(module, "PlannedFile", "A file that is to be written.")
      .def_prop_ro("tensors", [](const PlannedFile& file) { return file.plan.tensor_count(); })
      .def_prop_ro("size", [](const PlannedFile& file) { return file.plan.byte_count(); })
      .def_prop_ro("aliases", [](const PlannedFile& file) { return file.plan.aliases(); })
      .def_prop_ro("left_out", [](const PlannedFile& file) { return file.plan.left_out_count(); })
      .def_prop_ro("left_out_bytes",
                   [](const PlannedFile& file) { return file.plan.left_out_bytes(); })
      .def_prop_ro("changes", &changes)
      .def("check_target", &check_target, nb::arg("path"), nb::arg("overwrite"))
      .def("write", &write, nb::arg("path"), nb::arg("overwrite"), nb::arg("progress").none());
  module.def("plan_safetensors", &plan_safetensors, nb::arg("checkpoint"), nb::arg("keys"),
             nb::arg("aliases"));
  module.def("plan_torch", &plan_torch, nb::arg("checkpoint"), nb::arg("unknown"),
             nb::arg("lossy"));
}

}  // namespace safe_load_python
