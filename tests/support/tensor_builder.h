// TensorBuilder: tensors of given numbers, each over a storage of its own, for pickles by hand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "support/checkpoint_builder.h"

namespace test_support {

class TensorBuilder {
 public:
  // Pushes a contiguous tensor of these numbers. T: float, double, std::int64_t, std::int32_t,
  // std::uint8_t.
  template <class T>
  std::string numbers(std::initializer_list<std::int64_t> shape, std::initializer_list<T> values) {
    return contiguous(shape, storage<T>(values));
  }
  // The same storage on its own.
  template <class T>
  std::string storage(std::initializer_list<T> values) {
    return add(storage_class(T()), raw(values), sizeof(T));
  }
  // Bytes as a storage of another class of one byte per element: "QInt8Storage".
  std::string storage(std::string_view storage_class, std::string_view bytes,
                      std::size_t item_size = 1) {
    return add(storage_class, bytes, item_size);
  }

  // The records that what was pushed so far needs.
  const CheckpointBuilder& storages() const { return storages_; }

 private:
  static std::string_view storage_class(float) { return "FloatStorage"; }
  static std::string_view storage_class(double) { return "DoubleStorage"; }
  static std::string_view storage_class(std::int64_t) { return "LongStorage"; }
  static std::string_view storage_class(std::int32_t) { return "IntStorage"; }
  static std::string_view storage_class(std::uint8_t) { return "ByteStorage"; }

  std::string add(std::string_view storage_class, std::string_view bytes, std::size_t item_size);
  static std::string contiguous(std::initializer_list<std::int64_t> shape,
                                std::string_view storage);

  CheckpointBuilder storages_{kNone};
  int count_ = 0;
};

// torch.serialization._get_layout(name).
std::string layout(std::string_view name);
// torch._utils._rebuild_sparse_tensor(layout, parts).
std::string sparse(std::string_view layout_name, std::initializer_list<std::string_view> parts);
// torch._tensor._rebuild_from_type_v2(torch._utils.<function>, class, arguments, state).
std::string from_type(std::string_view function, std::string_view tensor_class,
                      std::string_view arguments, std::string_view state);

}  // namespace test_support
