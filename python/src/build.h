// Building Python objects from a checkpoint.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/checkpoint.h>

#include <memory>

namespace safe_load_python {

// A StorageView that Python may keep: it keeps the checkpoint open.
struct StorageHandle {
  std::shared_ptr<const safe_load::Checkpoint> checkpoint;
  safe_load::StorageView view;
};

// The value as Python objects. `makers` (safe_load._make.makers.Makers) holds what is called for
// each sort of value: a fixed set, bound when our module was imported, never a name from the file.
// Values that are one object in the file are one object here. Iterative; the cyclic collector rests
// meanwhile.
nanobind::object build(const std::shared_ptr<const safe_load::Checkpoint>& checkpoint,
                       const safe_load::ValueView& root, nanobind::handle makers);

}  // namespace safe_load_python
