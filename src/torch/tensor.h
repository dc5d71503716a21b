// Tensors of a checkpoint, as numbers that have been checked against each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pickle/tape.h"
#include "safe_load/dtype.h"

namespace safe_load::torch {

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
