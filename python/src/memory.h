// Memory: a block of bytes as an object of Python with the buffer protocol, and the views on it
// that are handed out when neither torch nor numpy is there.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/tensor.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace safe_load_python {

// A shaped view of memory that `owner` keeps alive. Format and strides as in the buffer protocol.
struct BufferView {
  std::shared_ptr<const void> owner;
  std::byte* data = nullptr;
  std::string format = "B";
  Py_ssize_t item_size = 1;
  std::vector<Py_ssize_t> shape;
  std::vector<Py_ssize_t> strides;  // bytes
};

struct Memory : BufferView {};

struct TensorObject : BufferView {
  safe_load::DType dtype = safe_load::DType::kUint8;
  safe_load::Dims sizes;
  safe_load::Dims steps;  // elements
};

struct ArrayObject : BufferView {
  std::string dtype;
};

// The bytes of a storage, in this machine's order for elements of `unit` bytes.
safe_load::SharedBytes bytes_of(const safe_load::StorageView& storage, std::size_t unit);
Memory memory_of(const safe_load::StorageView& storage, std::size_t unit);
TensorObject tensor_object(const safe_load::TensorView& tensor);
ArrayObject array_object(std::string dtype, std::size_t item_size, const safe_load::Dims& shape,
                         const safe_load::Dims& strides, std::span<const std::byte> bytes);

void bind_memory(nanobind::module_& module);

}  // namespace safe_load_python
