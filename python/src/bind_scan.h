// The scanner for Python: reports as the JSON that the command line prints.
#pragma once

#include <nanobind/nanobind.h>

namespace safe_load_python {

void bind_scan(nanobind::module_& module);

}  // namespace safe_load_python
