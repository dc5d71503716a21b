#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {

using safe_load::ValueView;

nb::object new_dict(std::size_t size) {
#if PY_VERSION_HEX < 0x030D0000 && !defined(Py_LIMITED_API)
  constexpr std::size_t kRoomOfEmpty = 5;
  if (size > kRoomOfEmpty) return checked(_PyDict_NewPresized(static_cast<Py_ssize_t>(size)));
#else
  static_cast<void>(size);
#endif
  return checked(PyDict_New());
}

nb::object text_object(const ValueView& value) {
  const auto raw = value.raw();
  const auto* data = reinterpret_cast<const char*>(raw.data());
  const auto size = static_cast<Py_ssize_t>(raw.size());
  return checked(value.is_latin1() ? PyUnicode_DecodeLatin1(data, size, "strict")
                                   : PyUnicode_DecodeUTF8(data, size, "surrogatepass"));
}

nb::object bytes_object(std::span<const std::byte> bytes) {
  return checked(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                           static_cast<Py_ssize_t>(bytes.size())));
}

nb::object bytearray_object(std::span<const std::byte> bytes) {
  return checked(PyByteArray_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                               static_cast<Py_ssize_t>(bytes.size())));
}

nb::object integer_object(const ValueView& value) {
  if (const auto small = value.get<std::int64_t>()) return checked(PyLong_FromLongLong(*small));
  const nb::object type = nb::borrow(reinterpret_cast<PyObject*>(&PyLong_Type));
  nb::dict keywords;
  keywords["signed"] = true;
  return type.attr("from_bytes")(bytes_object(value.raw()), "little", **keywords);
}

nb::tuple to_tuple(const safe_load::Dims& dims) {
  nb::object tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(dims.size())));
  for (std::size_t i = 0; i < dims.size(); ++i)
    check(PyTuple_SetItem(tuple.ptr(), static_cast<Py_ssize_t>(i),
                          checked(PyLong_FromLongLong(dims[i])).release().ptr()));
  return nb::borrow<nb::tuple>(tuple);
}

nb::str to_str(std::string_view text) {
  const auto size = static_cast<Py_ssize_t>(text.size());
  PyObject* decoded = PyUnicode_DecodeUTF8(text.data(), size, "surrogatepass");
  if (decoded == nullptr && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError) != 0) {
    PyErr_Clear();
    decoded = PyUnicode_DecodeUTF8(text.data(), size, "backslashreplace");
  }
  return nb::steal<nb::str>(checked(decoded).release());
}

}  // namespace safe_load_python
