// Writing for Python: plans, and what becomes of them.
#pragma once

#include <nanobind/nanobind.h>

namespace safe_load_python {

void bind_write(nanobind::module_& module);

}  // namespace safe_load_python
