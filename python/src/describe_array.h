// NumPy descriptions as plain tuples, from which Python builds numpy.dtype.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/value.h>

namespace safe_load_python {

// "<f8", or ("struct", fields, item size, is aligned, is record) with fields (name, title or None,
// offset, dtype), or ("subarray", dtype, shape). Nesting is bounded by the library.
nanobind::object describe_dtype(const safe_load::ArrayView& array);

nanobind::tuple to_tuple(const safe_load::Dims& dims);
nanobind::str to_str(std::string_view text);

}  // namespace safe_load_python
