// Checkpoint, Limits and StorageView as classes of Python.
#pragma once

#include <nanobind/nanobind.h>

namespace safe_load_python {

void bind_checkpoint(nanobind::module_& module);

}  // namespace safe_load_python
