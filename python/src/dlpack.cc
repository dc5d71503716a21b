#include "dlpack.h"

#include <algorithm>
#include <array>
#include <utility>

#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::Dims;
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

struct DLVersion {
  std::uint32_t major;
  std::uint32_t minor;
};

struct DLManagedTensorVersioned {
  DLVersion version;
  void* context;
  void (*deleter)(void*);
  std::uint64_t flags;
  DLTensor tensor;
};

struct DLExchangeTable {
  DLVersion version;
  void* previous;
  void* allocate;
  void* from_python;
  int (*to_python)(void* managed, void** object);
};

constexpr std::int32_t kCpu = 1;
constexpr const char* kName = "dltensor";
constexpr DLVersion kVersion = {1, 1};

void describe(const DLView& view, DLTensor& tensor, std::int64_t* shape, std::int64_t* strides) {
  std::copy(view.shape.begin(), view.shape.end(), shape);
  std::copy(view.strides.begin(), view.strides.end(), strides);
  tensor.data = view.data;
  tensor.device = {kCpu, 0};
  tensor.dimensions = static_cast<std::int32_t>(view.shape.size());
  tensor.type = *dlpack_type(view.dtype, DLTypes::kNarrow);
  tensor.shape = shape;
  tensor.strides = strides;
  tensor.byte_offset = 0;
}

// What the importer of a capsule gets: the structure and all that it points to, in one block.
struct Exported {
  DLManagedTensor managed;
  std::shared_ptr<const void> owner;
  std::array<std::int64_t, Dims::kMost> shape;
  std::array<std::int64_t, Dims::kMost> strides;
};

void delete_exported(DLManagedTensor* managed) { delete static_cast<Exported*>(managed->context); }

void delete_capsule(PyObject* capsule) {
  // An importer renames the capsule; then the structure is the importer's.
  if (PyCapsule_IsValid(capsule, kName) == 0) return;
  delete_exported(static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kName)));
}

}  // namespace

std::optional<DLDataType> dlpack_type(DType dtype, DLTypes types) {
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
      break;
  }
  if (types == DLTypes::kClassic) return std::nullopt;
  switch (dtype) {
    case DType::kComplex32:
      return DLDataType{5, 32, 1};
    case DType::kFloat8E4m3fn:
      return DLDataType{10, 8, 1};
    case DType::kFloat8E4m3fnuz:
      return DLDataType{11, 8, 1};
    case DType::kFloat8E5m2:
      return DLDataType{12, 8, 1};
    case DType::kFloat8E5m2fnuz:
      return DLDataType{13, 8, 1};
    case DType::kFloat8E8m0fnu:
      return DLDataType{14, 8, 1};
    default:
      return std::nullopt;
  }
}

nb::object dlpack_capsule(const DLView& view, std::shared_ptr<const void> owner) {
  auto exported = std::make_unique<Exported>();
  exported->owner = std::move(owner);
  describe(view, exported->managed.tensor, exported->shape.data(), exported->strides.data());
  exported->managed.context = exported.get();
  exported->managed.deleter = delete_exported;
  nb::object capsule = checked(PyCapsule_New(&exported->managed, kName, delete_capsule));
  static_cast<void>(exported.release());
  return capsule;
}

// ---- many tensors

// One tensor; shapes of up to four dimensions lie in it.
struct DLExchange::Managed {
  static constexpr std::size_t kInside = 4;

  DLManagedTensorVersioned managed;
  std::shared_ptr<const void> owner;
  std::array<std::int64_t, 2 * kInside> extents;
  std::unique_ptr<std::int64_t[]> more;  // of tensors with more dimensions
};

std::optional<DLExchange> DLExchange::of(nb::handle tensor_class) {
  const nb::object capsule = nb::getattr(tensor_class, "__dlpack_c_exchange_api__", nb::none());
  if (PyCapsule_IsValid(capsule.ptr(), "dlpack_exchange_api") == 0) return std::nullopt;
  const auto* table = static_cast<const DLExchangeTable*>(
      PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (table->version.major != kVersion.major || table->to_python == nullptr) return std::nullopt;
  return DLExchange(table->to_python);
}

DLExchange::DLExchange(ToPython to_python)
    : to_python_(to_python), slots_(std::make_shared<Slabs<Managed>>()) {}

void DLExchange::release(void* managed) {
  auto* slot =
      static_cast<Slabs<Managed>::Slot*>(static_cast<DLManagedTensorVersioned*>(managed)->context);
  slot->more.reset();
  slot->owner.reset();
  slot->release();
}

nb::object DLExchange::tensor(const DLView& view, std::shared_ptr<const void> owner) {
  auto& slot = slots_->take();
  slot.owner = std::move(owner);
  const std::size_t dims = view.shape.size();
  if (dims > Managed::kInside) slot.more = std::make_unique<std::int64_t[]>(2 * dims);
  std::int64_t* extents = slot.more ? slot.more.get() : slot.extents.data();
  describe(view, slot.managed.tensor, extents, extents + dims);
  slot.managed.version = kVersion;
  slot.managed.context = &slot;
  slot.managed.deleter = release;
  slot.managed.flags = 0;
  // From here on the importer frees the slot, also when it refuses.
  void* object = nullptr;
  if (to_python_(&slot.managed, &object) != 0) throw nb::python_error();
  return checked(static_cast<PyObject*>(object));
}

}  // namespace safe_load_python
