// safe_load._core: the engine as a module of Python. What users see is written in Python on top of
// it.
#include <nanobind/nanobind.h>
#include <safe_load/version.h>

#include "bind_checkpoint.h"
#include "bind_scan.h"
#include "bind_write.h"
#include "memory.h"
#include "objects.h"

NB_MODULE(_core, module) {
  // Tensors may live until the interpreter is gone; that is no fault to print.
  nanobind::set_leak_warnings(false);
  module.doc() = "The engine of safe_load. Use the safe_load package.";
  module.attr("__version__") = safe_load_python::to_str(safe_load::kVersion);
  safe_load_python::bind_memory(module);
  safe_load_python::bind_checkpoint(module);
  safe_load_python::bind_scan(module);
  safe_load_python::bind_write(module);
}
