// DLPack: the currency in which tensors go to torch. Source: the DLPack 1.0 specification.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace safe_load_python {

struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

// Nothing for types that DLPack, or torch 2.13's import of it, does not carry.
std::optional<DLDataType> dlpack_type(safe_load::DType dtype);

// A capsule named "dltensor" over `data`, which `owner` keeps alive. Whoever imports the capsule
// frees it, in any thread, without needing the GIL. REQUIRES: dlpack_type(dtype); sizes and strides
// that lie inside the owner's memory (torch aborts the process on others); `data` where the storage
// begins.
nanobind::object dlpack_capsule(std::byte* data, safe_load::DType dtype,
                                const safe_load::Dims& shape, const safe_load::Dims& strides,
                                std::uint64_t offset, std::shared_ptr<const void> owner);

}  // namespace safe_load_python
