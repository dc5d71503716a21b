// TensorView::statistics: elements that are not in memory come in pieces, and are not kept.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "api/each_element.h"
#include "api/pieces.h"
#include "api/state.h"
#include "base/try.h"
#include "data/elements.h"
#include "safe_load/tensor.h"

namespace safe_load {
namespace {

constexpr std::size_t kPiece = std::size_t{16} << 20;  // bytes

// The elements in memory order, as far as strides tell: then pieces follow each other.
struct Layout {
  Dims shape;
  Dims strides;
};

Layout in_memory_order(const Dims& shape, const Dims& strides) {
  std::vector<std::size_t> axes(shape.size());
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  std::ranges::stable_sort(axes, std::ranges::greater(), [&](std::size_t i) { return strides[i]; });
  Layout sorted;
  for (const std::size_t axis : axes) {
    sorted.shape.push_back(shape[axis]);
    sorted.strides.push_back(strides[axis]);
  }
  return sorted;
}

// Welford's running mean: one pass, and no loss where the mean is large.
class Summary {
 public:
  void add(double value) {
    if (std::isnan(value)) {
      ++result_.nan_count;
      return;
    }
    if (std::isinf(value)) {
      ++result_.infinite_count;
      return;
    }
    result_.minimum = finite_ == 0 ? value : std::min(result_.minimum, value);
    result_.maximum = finite_ == 0 ? value : std::max(result_.maximum, value);
    ++finite_;
    const double distance = value - result_.mean;
    result_.mean += distance / static_cast<double>(finite_);
    squares_ += distance * (value - result_.mean);
  }

  Statistics of(std::uint64_t count) const {
    Statistics result = result_;
    result.count = count;
    if (finite_ != 0)
      result.standard_deviation = std::sqrt(squares_ / static_cast<double>(finite_));
    return result;
  }

 private:
  Statistics result_;
  std::uint64_t finite_ = 0;
  double squares_ = 0;
};

}  // namespace

Result<Statistics> TensorView::statistics() const {
  const data::ReadElement read = data::element_reader(dtype());
  if (read == nullptr)
    return Error(ErrorCode::kMismatch, "no statistics for this type").about(name(dtype()));
  Summary summary;
  if (element_count() == 0) return summary.of(0);
  if (is_meta()) return Error(ErrorCode::kMismatch, "a storage on the meta device has no data");
  SAFE_LOAD_TRY(copy_size());
  api::Pieces pieces(*state_->bytes, storage().id(), dtype(), kPiece);
  const double sign = is_negated() ? -1.0 : 1.0;
  const Layout layout = in_memory_order(shape(), strides());
  api::for_each_element(layout.shape, layout.strides, storage_offset(), [&](std::uint64_t at) {
    const std::byte* element = pieces.element(at);
    if (element != nullptr) summary.add(sign * read(element));
    return element != nullptr;
  });
  SAFE_LOAD_TRY(pieces.status());
  return summary.of(element_count());
}

}  // namespace safe_load
