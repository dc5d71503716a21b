#include "describe_array.h"

namespace nb = nanobind;

namespace safe_load_python {

nb::tuple to_tuple(const safe_load::Dims& dims) {
  nb::list items;
  for (const std::int64_t size : dims) items.append(size);
  return nb::tuple(items);
}

nb::str to_str(std::string_view text) {
  PyObject* str =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogatepass");
  if (str == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(str);
}

nb::object describe_dtype(const safe_load::ArrayView& array) {
  if (const auto base = array.base())
    return nb::make_tuple("subarray", describe_dtype(*base), to_tuple(array.base_shape()));
  if (array.field_count() == 0 && !array.is_record()) return to_str(array.dtype());
  nb::list fields;
  for (std::size_t i = 0; i < array.field_count(); ++i) {
    const auto field = array.field(i);
    const nb::object title = field.title ? nb::object(to_str(*field.title)) : nb::none();
    fields.append(
        nb::make_tuple(to_str(field.name), title, field.offset, describe_dtype(field.dtype)));
  }
  return nb::make_tuple("struct", fields, array.item_size(), array.is_aligned(), array.is_record());
}

}  // namespace safe_load_python
