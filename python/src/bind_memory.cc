#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "dlpack.h"
#include "errors.h"
#include "memory.h"
#include "objects.h"
#include "python_source.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::DType;

// Characters of Python's struct module; "" for element types that it does not know.
std::string struct_format(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "?";
    case DType::kInt8:
      return "b";
    case DType::kUint8:
      return "B";
    case DType::kInt16:
      return "h";
    case DType::kUint16:
      return "H";
    case DType::kInt32:
      return "i";
    case DType::kUint32:
      return "I";
    case DType::kInt64:
      return "q";
    case DType::kUint64:
      return "Q";
    case DType::kFloat16:
      return "e";
    case DType::kFloat32:
      return "f";
    case DType::kFloat64:
      return "d";
    case DType::kComplex64:
      return "Zf";
    case DType::kComplex128:
      return "Zd";
    default:
      return "";
  }
}

bool is_contiguous(const BufferView& view) {
  Py_ssize_t expected = view.item_size;
  for (std::size_t i = view.shape.size(); i-- > 0;) {
    if (view.shape[i] == 0) return true;
    if (view.shape[i] == 1) continue;
    if (view.strides[i] != expected || expected > PY_SSIZE_T_MAX / view.shape[i]) return false;
    expected *= view.shape[i];
  }
  return true;
}

std::optional<Py_ssize_t> byte_length(const BufferView& view) {
  if (std::find(view.shape.begin(), view.shape.end(), 0) != view.shape.end()) return 0;
  Py_ssize_t length = view.item_size;
  for (const Py_ssize_t size : view.shape) {
    if (length > PY_SSIZE_T_MAX / size) return std::nullopt;
    length *= size;
  }
  return length;
}

template <class View>
int get_buffer(PyObject* object, Py_buffer* buffer, int flags) {
  View& view = *nb::inst_ptr<View>(object);
  const bool wants_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
  const bool wants_row = (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS || !wants_strides;
  if (wants_row && !is_contiguous(view)) {
    PyErr_SetString(PyExc_BufferError, "the elements do not lie in one row");
    return -1;
  }
  buffer->obj = Py_NewRef(object);
  buffer->buf = view.data;
  buffer->itemsize = view.item_size;
  const auto length = byte_length(view);
  if (!length) {
    PyErr_SetString(PyExc_BufferError, "more elements than a buffer can have");
    return -1;
  }
  buffer->len = *length;
  buffer->readonly = 0;
  buffer->ndim = static_cast<int>(view.shape.size());
  buffer->format = (flags & PyBUF_FORMAT) == PyBUF_FORMAT ? view.format.data() : nullptr;
  buffer->shape = (flags & PyBUF_ND) == PyBUF_ND ? view.shape.data() : nullptr;
  buffer->strides = wants_strides ? view.strides.data() : nullptr;
  buffer->suboffsets = nullptr;
  buffer->internal = nullptr;
  return 0;
}

template <class View>
PyType_Slot* buffer_slots() {
  static PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(&get_buffer<View>)},
                                {0, nullptr}};
  return slots;
}

nb::tuple to_tuple(const std::vector<Py_ssize_t>& sizes) {
  nb::list items;
  for (const Py_ssize_t size : sizes) items.append(size);
  return nb::tuple(items);
}

nb::object to_bytes(nb::handle self) {
  return nb::module_::import_("builtins").attr("memoryview")(self).attr("tobytes")();
}

std::string joined(const safe_load::Dims& dims) {
  std::string text;
  for (const std::int64_t size : dims) {
    if (!text.empty()) text += ", ";
    text += std::to_string(size);
  }
  return text;
}

}  // namespace

safe_load::SharedBytes bytes_of(const safe_load::StorageView& storage, std::size_t unit) {
  // Other threads run while much is read; getting the GIL back costs more than reading little.
  constexpr std::uint64_t kMuch = std::uint64_t{1} << 20;
  auto bytes = [&] {
    std::optional<nb::gil_scoped_release> release;
    if (storage.byte_count() >= kMuch || PythonSource::exist()) release.emplace();
    return storage.share(unit);
  }();
  return unwrap(std::move(bytes));
}

Memory memory_of(const safe_load::StorageView& storage, std::size_t unit) {
  Memory memory;
  const safe_load::SharedBytes shared = bytes_of(storage, unit);
  memory.owner = shared.owner;
  memory.data = shared.bytes.data();
  memory.shape = {static_cast<Py_ssize_t>(shared.bytes.size())};
  memory.strides = {1};
  return memory;
}

TensorObject tensor_object(const safe_load::TensorView& tensor) {
  TensorObject object;
  object.dtype = tensor.dtype();
  object.sizes = tensor.shape();
  object.steps = tensor.strides();
  const auto size = static_cast<Py_ssize_t>(safe_load::size_of(object.dtype));
  const bool resolves = tensor.is_conjugated() || tensor.is_negated();
  if (resolves) {
    // The bits are part of the value: a view without them would be wrong data.
    auto copy = std::make_shared<std::vector<std::byte>>(unwrap(tensor.copy_size()));
    const auto done = [&] {
      const nb::gil_scoped_release release;
      return tensor.copy_bytes_to(*copy);
    }();
    if (!done) raise(done.error());
    object.data = copy->data();
    object.owner = copy;
    safe_load::Dims packed;
    std::vector<std::int64_t> steps(object.sizes.size());
    std::int64_t step = 1;
    for (std::size_t i = object.sizes.size(); i-- > 0;) {
      steps[i] = step;
      step *= std::max<std::int64_t>(1, object.sizes[i]);
    }
    for (const std::int64_t s : steps) packed.push_back(s);
    object.steps = packed;
  } else if (!tensor.is_meta() && tensor.element_count() != 0) {
    const auto unit = safe_load::info(object.dtype).swap_unit;
    const safe_load::SharedBytes shared = bytes_of(tensor.storage(), unit);
    object.owner = shared.owner;
    object.data = shared.bytes.data() + tensor.storage_offset() * static_cast<std::uint64_t>(size);
  }
  object.format = struct_format(object.dtype);
  object.item_size = size;
  for (std::size_t i = 0; i < object.sizes.size(); ++i) {
    object.shape.push_back(object.sizes[i]);
    // Of a dimension of one element, and of a tensor without any, it may be any number.
    const bool counts = object.sizes[i] > 1 && tensor.element_count() != 0;
    object.strides.push_back(counts ? object.steps[i] * size : size);
  }
  if (object.format.empty()) {  // elements as bytes, in a dimension of their own
    object.format = "B";
    object.item_size = 1;
    object.shape.push_back(size);
    object.strides.push_back(1);
  }
  return object;
}

ArrayObject array_object(std::string dtype, std::size_t item_size, const safe_load::Dims& shape,
                         const safe_load::Dims& strides, std::span<const std::byte> bytes) {
  ArrayObject object;
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  object.data = copy->data();
  object.owner = copy;
  object.dtype = std::move(dtype);
  object.item_size = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    object.shape.push_back(shape[i]);
    object.strides.push_back(strides[i]);
  }
  object.shape.push_back(static_cast<Py_ssize_t>(item_size));
  object.strides.push_back(1);
  return object;
}

void bind_memory(nb::module_& module) {
  nb::class_<Memory>(
      module, "Memory", nb::type_slots(buffer_slots<Memory>()),
      "The bytes of one storage: a writable buffer that keeps the checkpoint's memory alive.");

  nb::class_<TensorObject>(
      module, "TensorView", nb::type_slots(buffer_slots<TensorObject>()),
      nb::is_weak_referenceable(),
      "A tensor without torch or NumPy: a writable buffer with a shape.\n\n"
      "memoryview() and DLPack see the same memory, which lives as long as they "
      "do. Element types that the struct module does not know are shown as "
      "bytes, in a last dimension of their own.")
      .def_prop_ro(
          "dtype", [](const TensorObject& t) { return std::string(safe_load::name(t.dtype)); },
          "The element type as torch names it, without \"torch.\".")
      .def_prop_ro(
          "shape", [](const TensorObject& t) { return to_tuple(t.sizes); }, "In elements.")
      .def_prop_ro(
          "strides", [](const TensorObject& t) { return to_tuple(t.steps); }, "In elements.")
      .def_prop_ro(
          "nbytes",
          [](const TensorObject& t) {
            nb::object bytes = nb::int_(safe_load::size_of(t.dtype));
            for (const std::int64_t size : t.sizes) bytes = bytes * nb::int_(size);
            return bytes;
          },
          "Bytes of the elements in a row.")
      .def(
          "tobytes", [](nb::handle self) { return to_bytes(self); },
          "The elements in row-major order.")
      .def(
          "__dlpack__",
          [](const TensorObject& t, nb::kwargs) {
            if (!dlpack_type(t.dtype, DLTypes::kClassic))
              throw nb::buffer_error("DLPack does not carry this element type");
            return dlpack_capsule({t.data, t.dtype, t.sizes, t.steps}, t.owner);
          },
          "A DLPack capsule over the same memory; BufferError for element types it cannot carry.")
      .def(
          "__dlpack_device__", [](const TensorObject&) { return nb::make_tuple(1, 0); },
          "Host memory, as DLPack says it: (1, 0).")
      .def("__repr__", [](const TensorObject& t) {
        std::string text = "TensorView(";
        text += safe_load::name(t.dtype);
        text += ", [";
        text += joined(t.sizes);
        return text += "])";
      });

  nb::class_<ArrayObject>(
      module, "NdArray", nb::type_slots(buffer_slots<ArrayObject>()),
      "A NumPy array without NumPy: a writable buffer of bytes whose last dimension is one item.")
      .def_prop_ro(
          "dtype", [](const ArrayObject& a) { return a.dtype; },
          "The item type as numpy.dtype takes it: \"<f8\".")
      .def_prop_ro(
          "shape",
          [](const ArrayObject& a) {
            return to_tuple(std::vector<Py_ssize_t>(a.shape.begin(), a.shape.end() - 1));
          },
          "In items.")
      .def_prop_ro(
          "strides",
          [](const ArrayObject& a) {
            return to_tuple(std::vector<Py_ssize_t>(a.strides.begin(), a.strides.end() - 1));
          },
          "In bytes.")
      .def(
          "tobytes", [](nb::handle self) { return to_bytes(self); },
          "The items in row-major order.")
      .def("__repr__", [](const ArrayObject& a) { return "NdArray(" + a.dtype + ")"; });
}

}  // namespace safe_load_python
