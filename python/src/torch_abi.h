// TorchAbi: tensors by the C functions of torch that are stable since 2.11. They take as long as
// DLPack, and 145 bytes less for each tensor. Source: torch/csrc/stable/c/shim.h and
// torch/csrc/inductor/aoti_torch/c/shim.h of torch 2.13.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>

#include "dlpack.h"
#include "slabs.h"

namespace safe_load_python {

class TorchAbi {
 public:
  struct Table;
  // By the libraries of the torch that is loaded: libtorch_cpu and libtorch_python. Null if one of
  // them is not loaded, or lacks a function. Looked up once for a process.
  static const Table* find(const std::string& cpu, const std::string& python);
  explicit TorchAbi(const Table& table) : table_(table) {}

  bool carries(safe_load::DType dtype) const;

  // A tensor that keeps `owner` alive, or nothing if torch refuses it. Whoever has it last frees
  // it, in any thread, without needing the GIL. REQUIRES: carries(view.dtype).
  std::optional<nanobind::object> tensor(const DLView& view, std::shared_ptr<const void> owner);

 private:
  struct Owned {
    std::shared_ptr<const void> owner;
  };
  static void release(void* data, void* slot);

  const Table& table_;
  Slabs<Owned> owners_;
};

}  // namespace safe_load_python
