// Small values as objects of Python: the raw C API, in the loop that makes millions of them.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/value.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace safe_load_python {

// A new reference, or the Python exception that stands for none.
inline nanobind::object checked(PyObject* object) {
  if (object == nullptr) throw nanobind::python_error();
  return nanobind::steal(object);
}

inline void check(int status) {
  if (status < 0) throw nanobind::python_error();
}

nanobind::object new_dict(std::size_t size);  // with room for so many keys
nanobind::object text_object(const safe_load::ValueView& value);
nanobind::object bytes_object(std::span<const std::byte> bytes);
nanobind::object bytearray_object(std::span<const std::byte> bytes);
nanobind::object integer_object(const safe_load::ValueView& value);
nanobind::tuple to_tuple(const safe_load::Dims& dims);
nanobind::str to_str(std::string_view text);  // UTF-8, lone surrogates kept, other bytes escaped

}  // namespace safe_load_python
