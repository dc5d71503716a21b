// A whole module, from what it was pickled with, and its weights as torch's state_dict() names
// them.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "records/weights.h"

namespace safe_load::records {

// What is None is in neither; the order is that of torch.
struct Module {
  using Part = std::pair<ValueView, ValueView>;  // key, value
  std::vector<Part> weights;                     // parameters, then buffers that persist
  std::vector<Part> children;
};

// A module is told by its parts, not by its name: a dict with the dicts `_parameters`, `_buffers`
// and `_modules`, which are its attributes or, of torch.fx, an argument, or the "state" in the
// first one (torch_utils.persistence of StyleGAN). Of a TorchScript module (`__torch__.*`), whose
// file does not tell parameters from buffers, each tensor among the attributes counts.
bool is_module(const ValueView& value);
std::optional<Module> read_module(const ValueView& value);  // nothing if it is none

// The weights of a module, then those of its children; then the constants of a TorchScript program,
// if it was frozen or has no other weights. REQUIRES: is_module(module).
Status add_module(const ValueView& module, WeightNames& names);

}  // namespace safe_load::records
