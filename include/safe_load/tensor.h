// TensorView and StorageView: tensors of a checkpoint, as they lie in the file. Views: valid while
// their Checkpoint lives, and not moved from. Safe to use from several threads.
#pragma once

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "safe_load/dtype.h"
#include "safe_load/export.h"
#include "safe_load/result.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::api {
struct State;
}

namespace safe_load {
inline namespace v0 {

// Sizes or strides: at most 64 numbers, of which the usual few cost no allocation. Prints as [2,
// 3].
class Dims {
 public:
  static constexpr std::size_t kMost = 64;

  std::size_t size() const { return many_.empty() ? few_count_ : many_.size(); }
  bool empty() const { return size() == 0; }
  std::int64_t operator[](std::size_t i) const { return begin()[i]; }  // REQUIRES: i < size()
  const std::int64_t* begin() const { return many_.empty() ? few_.data() : many_.data(); }
  const std::int64_t* end() const { return begin() + size(); }
  void push_back(std::int64_t value) {
    if (many_.empty() && few_count_ < few_.size()) {
      few_[few_count_++] = value;
      return;
    }
    if (many_.empty()) many_.assign(few_.begin(), few_.end());
    many_.push_back(value);
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<std::int64_t, 8> few_ = {};
  std::size_t few_count_ = 0;
  std::vector<std::int64_t> many_;  // all of them, once they are more than `few_` holds
};

SAFE_LOAD_EXPORT std::ostream& operator<<(std::ostream& out, const Dims& dims);

// A block of bytes that tensors share.
class SAFE_LOAD_EXPORT StorageView {
 public:
  // The number of this storage, from 0 to storage_count() - 1: the same for tensors that share it.
  std::uint32_t id() const { return id_; }
  std::string_view key() const;       // opaque text; printable only when escaped
  std::string_view location() const;  // the device it was saved from: "cpu", "cuda:0", "meta"
  DType dtype() const;                // uint8 if untyped
  bool is_untyped() const;
  std::uint64_t byte_count() const;

  // The bytes, in the byte order of this machine for elements of `unit` bytes, as long as the
  // checkpoint lives. The first call for a record that is deflated, foreign-endian or not mapped
  // reads it; later calls cost nothing.
  // Writing to the bytes changes them for all who share this checkpoint, never the file. kMismatch
  // if the checkpoint borrows its bytes, or if the storage has none (meta).
  Result<std::span<std::byte>> writable_bytes(std::size_t unit = 1) const;
  Result<std::span<const std::byte>> bytes(std::size_t unit = 1) const;

  // The same bytes with what keeps them alive, whatever becomes of the checkpoint: they and perhaps
  // some few beside them, or the mapping of the file. While an owner lives, every call gives the
  // same bytes; then they are read again.
  Result<SharedBytes> share(std::size_t unit = 1) const;

 private:
  friend class TensorView;
  friend class ValueView;
  friend class Checkpoint;
  StorageView(const api::State* state, std::uint32_t id) : state_(state), id_(id) {}

  const api::State* state_;
  std::uint32_t id_;
};

// What the elements of a tensor are like. NaN and infinite elements do not count for the rest.
struct Statistics {
  std::uint64_t count = 0;
  std::uint64_t nan_count = 0;
  std::uint64_t infinite_count = 0;
  double minimum = 0;
  double maximum = 0;
  double mean = 0;
  double standard_deviation = 0;  // of the population
};

class SAFE_LOAD_EXPORT TensorView {
 public:
  DType dtype() const;
  Dims shape() const;                    // elements
  Dims strides() const;                  // elements
  std::uint64_t storage_offset() const;  // elements
  std::uint64_t element_count() const;
  std::uint64_t byte_count() const;  // of the elements in a row; all ones beyond 64 bits
  StorageView storage() const;

  bool requires_grad() const;
  bool is_parameter() const;
  bool is_conjugated() const;  // the value is the complex conjugate of the bytes
  bool is_negated() const;     // the value is the negative of the bytes
  bool is_contiguous() const;  // row-major, without gaps
  bool is_meta() const;        // a shape without data
  bool is_quantized() const;   // whole numbers that stand for real ones: ValueView::quantizer()

  // Where the first element lies in the file (or in the bytes that were opened); 0 if the record is
  // deflated or there is none.
  std::uint64_t file_offset() const;

  // The elements where they are. kMismatch, with the reason, if they do not lie there as a T[]:
  // another type, not contiguous, misaligned, conjugated or negated, or no data. T is the C++ type
  // of dtype(): float, double, std::int8_t ... std::uint64_t, bool, std::complex<float>,
  // std::complex<double>.
  template <class T>
  Result<std::span<const T>> as_span() const;

  // The elements in row-major order, converted to T. Gathers, resolves conjugation and negation,
  // and widens where no value is lost (bfloat16 to float, int8 to int64). kMismatch if a value
  // could be lost or `out` has not element_count() elements.
  template <class T>
  Status copy_to(std::span<T> out) const;

  // The elements in row-major order, as they are: byte_count() bytes.
  Status copy_bytes_to(std::span<std::byte> out) const;

  // Some of the elements, by their places in row-major order, as they are: size_of(dtype()) bytes
  // for each. Reads no more than lies around them. kMismatch for a place beyond element_count(),
  // and for types of which several values share a byte.
  Status copy_elements_to(std::span<const std::uint64_t> places, std::span<std::byte> out) const;

  // The bytes that a copy takes; kLimit if one storage is spread over more than
  // Limits::max_copied_bytes (stride 0 lets four bytes stand for 10^12 elements).
  Result<std::uint64_t> copy_size() const;

  // kMismatch for complex and quantized types and for tensors without data.
  Result<Statistics> statistics() const;

  // The number of this tensor among the distinct tensors of its checkpoint.
  std::uint32_t id() const { return id_; }

 private:
  friend class ValueView;
  friend class Checkpoint;
  TensorView(const api::State* state, std::uint32_t id) : state_(state), id_(id) {}

  template <class T>
  static constexpr DType dtype_of();
  Result<std::span<const std::byte>> contiguous_bytes(DType wanted, std::size_t alignment) const;
  Status convert_to(DType wanted, std::span<std::byte> out) const;
  Dims extents(std::uint32_t node) const;
  bool is_packed() const;

  const api::State* state_;
  std::uint32_t id_;
};

template <class T>
constexpr DType TensorView::dtype_of() {
  if constexpr (std::is_same_v<T, bool>) {
    return DType::kBool;
  } else if constexpr (std::is_same_v<T, float>) {
    return DType::kFloat32;
  } else if constexpr (std::is_same_v<T, double>) {
    return DType::kFloat64;
  } else if constexpr (std::is_same_v<T, std::complex<float>>) {
    return DType::kComplex64;
  } else if constexpr (std::is_same_v<T, std::complex<double>>) {
    return DType::kComplex128;
  } else {
    static_assert(std::is_integral_v<T>, "no element type of torch is this type");
    constexpr DType kSigned[] = {DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64};
    constexpr DType kUnsigned[] = {DType::kUint8, DType::kUint16, DType::kUint32, DType::kUint64};
    constexpr std::size_t kSize = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
    return std::is_signed_v<T> ? kSigned[kSize] : kUnsigned[kSize];
  }
}

template <class T>
Result<std::span<const T>> TensorView::as_span() const {
  auto bytes = contiguous_bytes(dtype_of<T>(), alignof(T));
  if (!bytes) return bytes.error();
  const void* first = bytes->data();
  return std::span<const T>(static_cast<const T*>(first), bytes->size() / sizeof(T));
}

template <class T>
Status TensorView::copy_to(std::span<T> out) const {
  return convert_to(dtype_of<T>(), std::as_writable_bytes(out));
}

}  // namespace v0
}  // namespace safe_load
