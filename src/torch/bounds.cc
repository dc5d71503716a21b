#include "torch/bounds.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::torch {

Status check_bounds(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                    std::uint64_t offset, std::uint64_t element_size, std::uint64_t storage_bytes) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t bytes,
                       required_bytes(sizes, strides, offset, element_size));
  if (bytes > storage_bytes)
    return Error(ErrorCode::kCorrupt, "a tensor that reaches out of its storage");
  return {};
}

Result<std::uint64_t> required_bytes(std::span<const std::int64_t> sizes,
                                     std::span<const std::int64_t> strides, std::uint64_t offset,
                                     std::uint64_t element_size) {
  const auto bad = [](Reason reason) { return Error(ErrorCode::kCorrupt, reason); };
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (sizes.size() != strides.size())
    return bad("a tensor with another number of strides than of sizes");
  if (offset > kMax) return bad("a tensor whose offset overflows");
  const auto is_negative = [](std::int64_t size) { return size < 0; };
  if (std::any_of(sizes.begin(), sizes.end(), is_negative))
    return bad("a tensor with a negative size");

  std::optional<std::uint64_t> count = 1;
  std::optional<std::uint64_t> last = offset;  // the farthest element
  bool empty = false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto size = static_cast<std::uint64_t>(sizes[i]);
    empty = empty || size == 0;
    if (size < 2) continue;  // its stride is never used
    if (strides[i] < 0) return bad("a tensor with a negative stride");
    if (count) count = base::checked_mul(*count, size);
    const auto reach = base::checked_mul(size - 1, static_cast<std::uint64_t>(strides[i]));
    last = last && reach ? base::checked_add(*last, *reach) : std::nullopt;
  }
  // Also of a tensor without elements: torch multiplies all its other sizes.
  if (!count || *count > kMax) return bad("a tensor with more elements than can be counted");
  if (empty) return std::uint64_t{0};
  const auto elements = last ? base::checked_add(*last, 1) : std::nullopt;
  const auto bytes = elements ? base::checked_mul(*elements, element_size) : std::nullopt;
  if (!bytes) return bad("a tensor that reaches out of its storage");
  return *bytes;
}

bool is_contiguous(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides) {
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) return true;
  std::int64_t expected = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] == 1) continue;
    if (strides[i] != expected) return false;
    expected *= sizes[i];
  }
  return true;
}

}  // namespace safe_load::torch
