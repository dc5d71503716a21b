#include "torch_abi.h"

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "objects.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::DType;

struct Named {
  DType dtype;
  const char* function;  // gives the number that torch has for it
};

constexpr Named kNamed[] = {
    {DType::kBool, "aoti_torch_dtype_bool"},
    {DType::kInt8, "aoti_torch_dtype_int8"},
    {DType::kInt16, "aoti_torch_dtype_int16"},
    {DType::kInt32, "aoti_torch_dtype_int32"},
    {DType::kInt64, "aoti_torch_dtype_int64"},
    {DType::kUint8, "aoti_torch_dtype_uint8"},
    {DType::kUint16, "aoti_torch_dtype_uint16"},
    {DType::kUint32, "aoti_torch_dtype_uint32"},
    {DType::kUint64, "aoti_torch_dtype_uint64"},
    {DType::kFloat16, "aoti_torch_dtype_float16"},
    {DType::kFloat32, "aoti_torch_dtype_float32"},
    {DType::kFloat64, "aoti_torch_dtype_float64"},
    {DType::kBfloat16, "aoti_torch_dtype_bfloat16"},
    {DType::kComplex32, "aoti_torch_dtype_complex32"},
    {DType::kComplex64, "aoti_torch_dtype_complex64"},
    {DType::kComplex128, "aoti_torch_dtype_complex128"},
    {DType::kFloat8E4m3fn, "aoti_torch_dtype_float8_e4m3fn"},
    {DType::kFloat8E4m3fnuz, "aoti_torch_dtype_float8_e4m3fnuz"},
    {DType::kFloat8E5m2, "aoti_torch_dtype_float8_e5m2"},
    {DType::kFloat8E5m2fnuz, "aoti_torch_dtype_float8_e5m2fnuz"},
    {DType::kFloat8E8m0fnu, "aoti_torch_dtype_float8_e8m0fnu"},
};

// A library that is in this process already; it stays there for ever, as extensions of Python do.
class Library {
 public:
  explicit Library(const std::string& path)
      : handle_(::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD)) {}

  template <class Function>
  bool find(const char* name, Function& function) const {
    function = handle_ == nullptr ? nullptr : reinterpret_cast<Function>(::dlsym(handle_, name));
    return function != nullptr;
  }

  // What a function without arguments gives.
  std::int32_t number(const char* name) const {
    std::int32_t (*function)() = nullptr;
    return find(name, function) ? function() : -1;
  }

 private:
  void* handle_;
};

using Tensor = void*;  // AtenTensorHandle: a tensor that we own
using Deleter = void (*)(void* data, void* context);

}  // namespace

struct TorchAbi::Table {
  static constexpr std::int32_t kNone = -1;
  static constexpr std::size_t kDTypes = 64;

  std::int32_t (*from_blob)(void* data, std::int64_t dimensions, const std::int64_t* sizes,
                            const std::int64_t* strides, std::int64_t offset, std::int32_t dtype,
                            std::int32_t device_type, std::int32_t device, Tensor* made,
                            std::int32_t layout, const std::uint8_t* metadata,
                            std::int64_t metadata_size, Deleter deleter, void* context) = nullptr;
  std::int32_t (*drop)(Tensor tensor) = nullptr;
  PyObject* (*wrap)(const void* tensor) = nullptr;  // THPVariable_Wrap(const at::TensorBase&)
  std::int32_t cpu = kNone;
  std::int32_t strided = kNone;
  std::array<std::int32_t, kDTypes> dtypes = {};  // as torch numbers them

  std::int32_t of(DType dtype) const { return dtypes[static_cast<std::size_t>(dtype)]; }

  // Whether all that must be there is.
  bool fill(const Library& engine, const Library& binding) {
    cpu = engine.number("aoti_torch_device_type_cpu");
    strided = engine.number("aoti_torch_layout_strided");
    dtypes.fill(kNone);
    for (const Named& named : kNamed)
      dtypes[static_cast<std::size_t>(named.dtype)] = engine.number(named.function);
    return cpu != kNone && strided != kNone && engine.find("torch_from_blob", from_blob) &&
           engine.find("aoti_torch_delete_tensor_object", drop) &&
           binding.find("_Z16THPVariable_WrapRKN2at10TensorBaseE", wrap);
  }
};

const TorchAbi::Table* TorchAbi::find(const std::string& cpu, const std::string& python) {
  static Table table;
  static const bool is_there = table.fill(Library(cpu), Library(python));
  return is_there ? &table : nullptr;
}

bool TorchAbi::carries(DType dtype) const { return table_.of(dtype) != Table::kNone; }

void TorchAbi::release(void*, void* slot) {
  auto* owned = static_cast<Slabs<Owned>::Slot*>(slot);
  owned->owner.reset();
  owned->release();
}

std::optional<nb::object> TorchAbi::tensor(const DLView& view, std::shared_ptr<const void> owner) {
  auto& slot = owners_.take();
  slot.owner = std::move(owner);
  Tensor made = nullptr;
  const std::int32_t failed =
      table_.from_blob(view.data, static_cast<std::int64_t>(view.shape.size()), view.shape.begin(),
                       view.strides.begin(), 0, table_.of(view.dtype), table_.cpu, -1, &made,
                       table_.strided, nullptr, 0, &release, &slot);
  if (failed != 0) {
    // torch may have freed the memory on its way out, and then there is no owner any more.
    if (slot.owner != nullptr) release(nullptr, &slot);
    return std::nullopt;
  }
  PyObject* const object = table_.wrap(made);
  static_cast<void>(table_.drop(made));  // the object has a reference of its own
  return checked(object);
}

}  // namespace safe_load_python
