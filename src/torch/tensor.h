// Storages and tensors of a checkpoint, as numbers that have been checked against each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "archive/zip_directory.h"
#include "base/bytes.h"
#include "pickle/tape.h"
#include "safe_load/dtype.h"

namespace safe_load::torch {

// One block of bytes that tensors share. Its record, if it has one, has exactly `byte_count` bytes.
struct Storage {
  static constexpr std::uint32_t kMeta = 0;

  std::string_view key;
  // Both absent: no bytes (empty, or on the meta device).
  const archive::ZipEntry* entry = nullptr;  // the record of an archive
  const std::byte* nested = nullptr;         // or bytes that stand inside the pickle
  std::uint64_t byte_count = 0;
  std::uint32_t location = kMeta;  // the device it was saved from: TensorInterpreter::location()
  DType dtype = DType::kUint8;
  bool is_untyped = false;

  bool is_meta() const { return location == kMeta; }
  base::Bytes nested_bytes() const {
    return nested == nullptr ? base::Bytes() : base::Bytes(nested, byte_count);
  }
};

// How whole numbers stand for real ones: value = scale * (number - zero point), once for all
// elements or along one axis.
struct Quantizer {
  QuantScheme scheme = QuantScheme::kPerTensor;
  double scale = 0;
  std::int64_t zero_point = 0;
  pickle::NodeId scales = pickle::kNoNode;       // per channel: a tensor, or a list of floats
  pickle::NodeId zero_points = pickle::kNoNode;  // per channel: a tensor, or a list of ints
  std::int64_t axis = 0;
};

inline constexpr std::uint32_t kNotQuantized = 0xFFFFFFFF;

// A view of a storage that lies inside it (check_bounds). Sizes and strides stay on the tape.
struct Tensor {
  std::uint32_t storage = 0;
  pickle::NodeId sizes = pickle::kNoNode;
  pickle::NodeId strides = pickle::kNoNode;
  std::uint64_t offset = 0;  // elements
  DType dtype = DType::kFloat32;
  bool requires_grad = false;
  bool is_parameter = false;
  bool is_conjugated = false;
  bool is_negated = false;
  std::uint32_t quantizer = kNotQuantized;
};

}  // namespace safe_load::torch
