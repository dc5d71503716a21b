// The header of a safetensors file, and the order of the tensors behind it.
// Source: safetensors 0.8; docs/format/write.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "safe_load/dtype.h"
#include "safe_load/result.h"

namespace safe_load::writing {

struct SafetensorsTensor {
  std::string_view name;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> sizes;
  std::uint64_t byte_count = 0;
};

struct SafetensorsHeader {
  std::string bytes;               // length, JSON, blanks
  std::vector<std::size_t> order;  // of the tensors: their data follow each other without gaps
  std::uint64_t data_bytes = 0;
};

// Whether the format can hold it; else why not.
std::optional<Reason> why_not(const SafetensorsTensor& tensor);

// REQUIRES: no why_not(); names that differ. `metadata`: in this order. kLimit if it is longer than
// readers take.
Result<SafetensorsHeader> safetensors_header(
    std::span<const SafetensorsTensor> tensors,
    std::span<const std::pair<std::string, std::string>> metadata);

}  // namespace safe_load::writing
