#include "dlpack.h"

#include <utility>

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::DType;

struct DLDevice {
  std::int32_t type;
  std::int32_t id;
};

struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t dimensions;
  DLDataType type;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor tensor;
  void* context;
  void (*deleter)(DLManagedTensor*);
};

constexpr std::int32_t kCpu = 1;
constexpr const char* kName = "dltensor";

// What the importer gets: the structure and all that it points to, in one block.
struct Exported {
  DLManagedTensor managed;
  std::shared_ptr<const void> owner;
  safe_load::Dims shape;
  safe_load::Dims strides;
};

void delete_exported(DLManagedTensor* managed) { delete static_cast<Exported*>(managed->context); }

void delete_capsule(PyObject* capsule) {
  // An importer renames the capsule; then the structure is the importer's.
  if (PyCapsule_IsValid(capsule, kName) == 0) return;
  delete_exported(static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kName)));
}

}  // namespace

std::optional<DLDataType> dlpack_type(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return DLDataType{6, 8, 1};
    case DType::kInt8:
      return DLDataType{0, 8, 1};
    case DType::kInt16:
      return DLDataType{0, 16, 1};
    case DType::kInt32:
      return DLDataType{0, 32, 1};
    case DType::kInt64:
      return DLDataType{0, 64, 1};
    case DType::kUint8:
      return DLDataType{1, 8, 1};
    case DType::kUint16:
      return DLDataType{1, 16, 1};
    case DType::kUint32:
      return DLDataType{1, 32, 1};
    case DType::kUint64:
      return DLDataType{1, 64, 1};
    case DType::kFloat16:
      return DLDataType{2, 16, 1};
    case DType::kFloat32:
      return DLDataType{2, 32, 1};
    case DType::kFloat64:
      return DLDataType{2, 64, 1};
    case DType::kBfloat16:
      return DLDataType{4, 16, 1};
    case DType::kComplex64:
      return DLDataType{5, 64, 1};
    case DType::kComplex128:
      return DLDataType{5, 128, 1};
    default:
      return std::nullopt;
  }
}

nb::object dlpack_capsule(std::byte* data, DType dtype, const safe_load::Dims& shape,
                          const safe_load::Dims& strides, std::uint64_t offset,
                          std::shared_ptr<const void> owner) {
  auto exported = std::make_unique<Exported>(Exported{{}, std::move(owner), shape, strides});
  DLTensor& tensor = exported->managed.tensor;
  tensor.data = data;
  tensor.device = {kCpu, 0};
  tensor.dimensions = static_cast<std::int32_t>(shape.size());
  tensor.type = *dlpack_type(dtype);
  tensor.shape = const_cast<std::int64_t*>(exported->shape.begin());
  tensor.strides = const_cast<std::int64_t*>(exported->strides.begin());
  tensor.byte_offset = offset;
  exported->managed.context = exported.get();
  exported->managed.deleter = delete_exported;
  PyObject* capsule = PyCapsule_New(&exported->managed, kName, delete_capsule);
  if (capsule == nullptr) throw nb::python_error();
  static_cast<void>(exported.release());
  return nb::steal(capsule);
}

}  // namespace safe_load_python
