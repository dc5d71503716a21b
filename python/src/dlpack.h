// DLPack: the currency in which tensors go to torch. Source: the DLPack 1.1 specification.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "slabs.h"

namespace safe_load_python {

struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

// Which element types an importer knows: those of DLPack before 1.0, or also the narrow floats.
enum class DLTypes : std::uint8_t { kClassic, kNarrow };

// Nothing for types that DLPack does not carry.
std::optional<DLDataType> dlpack_type(safe_load::DType dtype, DLTypes types);

// What an importer gets: elements at `data`, which is the start of a storage, and sizes and strides
// in elements. Whoever imports it frees it, in any thread, without needing the GIL.
//
// REQUIRES: dlpack_type(dtype); sizes and strides that lie inside the owner's memory (torch aborts
// the process on others).
struct DLView {
  std::byte* data;
  safe_load::DType dtype;
  const safe_load::Dims& shape;
  const safe_load::Dims& strides;
};

// A capsule named "dltensor" that keeps `owner` alive.
nanobind::object dlpack_capsule(const DLView& view, std::shared_ptr<const void> owner);

// Makes many tensors through the C exchange table of torch (`torch.Tensor.
// __dlpack_c_exchange_api__`), with one allocation for many of them.
class DLExchange {
 public:
  // Nothing if `tensor_class` has no table of a version that we know.
  static std::optional<DLExchange> of(nanobind::handle tensor_class);

  // A tensor that keeps `owner` alive.
  nanobind::object tensor(const DLView& view, std::shared_ptr<const void> owner);

 private:
  struct Managed;
  using ToPython = int (*)(void* managed, void** object);

  explicit DLExchange(ToPython to_python);
  static void release(void* managed);

  ToPython to_python_;
  std::shared_ptr<Slabs<Managed>> slots_;  // complete in dlpack.cc
};

}  // namespace safe_load_python
