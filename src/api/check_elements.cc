// Values whose elements must agree with their shapes: the indices of a sparse tensor, the offsets
// of a nested or jagged one, the scales of a quantized one, the counters of a generator. torch 2.13
// does not look at most of them, and reads foreign memory where they lie. Docs:
// docs/format/tensors.md.
#include <algorithm>
#include <cmath>
#include <vector>

#include "api/state.h"
#include "base/try.h"
#include "safe_load/value.h"
#include "torch/bounds.h"

namespace safe_load {
inline namespace v0 {

using Numbers = std::vector<std::int64_t>;

class ElementCheck {
 public:
  explicit ElementCheck(const ValueView& value) : value_(value) {}

  Status run() const {
    const ValueKind kind = value_.kind();
    if (kind == ValueKind::kSparseTensor) return sparse();
    if (kind == ValueKind::kNestedTensor) return nested();
    if (kind == ValueKind::kJaggedTensor) return jagged();
    if (kind == ValueKind::kGenerator) return generator();
    if (kind == ValueKind::kTensor && value_.quantizer().ok()) return quantized();
    return {};
  }

 private:
  static Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

  static bool is_inside(std::int64_t number, std::int64_t end) {
    return number >= 0 && number < end;
  }

  static std::int64_t product(const Dims& dims, std::size_t first, std::size_t last) {
    std::int64_t count = 1;
    for (std::size_t i = first; i < last; ++i)
      if (dims[i] == 0) return 0;  // whatever the others are
    for (std::size_t i = first; i < last; ++i) count *= dims[i];
    return count;
  }

  // Whether the file pays for the elements of an index tensor: overlapping ones could be more than
  // it has, and those of the meta device are not in it.
  static Status check_paid(const TensorView& tensor) {
    if (tensor.is_meta()) return bad("an index tensor on the meta device");
    if (tensor.element_count() > tensor.storage().byte_count())
      return bad("an index tensor whose elements overlap");
    return {};
  }

  static Result<Numbers> read(const TensorView& tensor) {
    SAFE_LOAD_TRY(check_paid(tensor));
    Numbers numbers(static_cast<std::size_t>(tensor.element_count()));
    SAFE_LOAD_TRY(tensor.copy_to(std::span(numbers)));
    return numbers;
  }

  Dims dims_of(const ValueView& sizes) const {
    if (sizes.kind() == ValueKind::kSize) return sizes.fields();
    Dims dims;
    for (std::size_t i = 0; i < sizes.items().size(); ++i)
      dims.push_back(sizes.items()[i].get_or<std::int64_t>(0));
    return dims;
  }

  // ---- sparse

  Status sparse() const {
    const std::string_view layout =
        value_.arguments()[0].arguments()[0].get_or<std::string_view>("");
    const Values parts = value_.arguments()[1].items();
    return layout == "torch.sparse_coo" ? coordinates(parts) : compressed(parts, layout);
  }

  Status coordinates(const Values& parts) const {
    const TensorView indices = *parts[0].tensor();
    const Dims size = dims_of(parts[2]);
    SAFE_LOAD_TRY_ASSIGN(const Numbers numbers, read(indices));
    const auto count = static_cast<std::size_t>(indices.shape()[1]);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (!is_inside(numbers[i], size[i / count]))
        return bad("a sparse tensor with an index outside of its size");
    return {};
  }

  // Source: torch docs, "Sparse Compressed Tensors"; the conditions 1.1 to 5.6.
  Status compressed(const Values& parts, std::string_view layout) const {
    const auto bad_parts = [] { return bad("a sparse tensor whose parts contradict each other"); };
    const TensorView outer = *parts[0].tensor();
    const TensorView inner = *parts[1].tensor();
    const Dims values = parts[2].tensor()->shape();
    const Dims size = dims_of(parts[3]);
    const Dims outer_shape = outer.shape();
    const Dims inner_shape = inner.shape();
    const std::size_t batch = outer_shape.size() - 1;
    const bool by_column = layout == "torch.sparse_csc" || layout == "torch.sparse_bsc";
    const bool in_blocks = layout == "torch.sparse_bsr" || layout == "torch.sparse_bsc";
    const std::size_t block = in_blocks ? 2 : 0;
    if (size.size() < batch + 2 || values.size() != batch + 1 + block + size.size() - batch - 2)
      return bad_parts();
    for (std::size_t i = 0; i < batch; ++i)
      if (outer_shape[i] != size[i] || inner_shape[i] != size[i] || values[i] != size[i])
        return bad_parts();
    for (std::size_t i = batch + 2; i < size.size(); ++i)
      if (values[i - 1 + block] != size[i]) return bad_parts();
    std::int64_t plain[2] = {size[batch], size[batch + 1]};
    for (std::size_t i = 0; i < block; ++i) {
      const std::int64_t length = values[batch + 1 + i];
      if (length <= 0 || plain[i] % length != 0) return bad_parts();
      plain[i] /= length;
    }
    const std::int64_t rows = plain[by_column ? 1 : 0];
    const std::int64_t columns = plain[by_column ? 0 : 1];
    const std::int64_t count = inner_shape[batch];
    if (outer_shape[batch] - 1 != rows || values[batch] != count) return bad_parts();
    SAFE_LOAD_TRY_ASSIGN(const Numbers starts, read(outer));
    SAFE_LOAD_TRY_ASSIGN(const Numbers places, read(inner));
    const auto matrices = static_cast<std::size_t>(product(size, 0, batch));
    for (std::size_t i = 0; i < matrices; ++i) {
      const auto* start = starts.data() + i * static_cast<std::size_t>(rows + 1);
      const auto* place = places.data() + i * static_cast<std::size_t>(count);
      if (!is_matrix(std::span(start, static_cast<std::size_t>(rows + 1)),
                     std::span(place, static_cast<std::size_t>(count)), columns))
        return bad("a sparse tensor with an index outside of its size");
    }
    return {};
  }

  static bool is_matrix(std::span<const std::int64_t> starts, std::span<const std::int64_t> places,
                        std::int64_t columns) {
    const auto count = static_cast<std::int64_t>(places.size());
    if (starts.front() != 0 || starts.back() != count) return false;
    for (std::size_t row = 1; row < starts.size(); ++row) {
      if (starts[row] < starts[row - 1] || starts[row] > count) return false;
      std::int64_t last = -1;
      for (std::int64_t i = starts[row - 1]; i < starts[row]; ++i) {
        const std::int64_t place = places[static_cast<std::size_t>(i)];
        if (place <= last || place >= columns) return false;
        last = place;
      }
    }
    return true;
  }

  // ---- nested and jagged

  Status nested() const {
    const Values parts = value_.arguments();
    const TensorView buffer = *parts[0].tensor();
    const Dims shape = parts[1].tensor()->shape();
    SAFE_LOAD_TRY_ASSIGN(const Numbers sizes, read(*parts[1].tensor()));
    SAFE_LOAD_TRY_ASSIGN(const Numbers strides, read(*parts[2].tensor()));
    Numbers offsets;
    if (parts[3].kind() == ValueKind::kTensor) {
      SAFE_LOAD_TRY_ASSIGN(offsets, read(*parts[3].tensor()));
    }
    const std::uint64_t element = size_of(buffer.dtype());
    const auto dims = static_cast<std::size_t>(shape[1]);
    for (std::size_t i = 0; i < static_cast<std::size_t>(shape[0]); ++i) {
      const std::int64_t offset =
          offsets.empty() ? parts[3].items()[i].get_or<std::int64_t>(-1) : offsets[i];
      if (offset < 0) return bad("a nested tensor with a negative offset");
      SAFE_LOAD_TRY(torch::check_bounds(
          std::span(sizes).subspan(i * dims, dims), std::span(strides).subspan(i * dims, dims),
          static_cast<std::uint64_t>(offset), element, buffer.element_count() * element));
    }
    return {};
  }

  Status jagged() const {
    const ValueView parts = value_.arguments()[0];
    const Dims shape = parts["values"].tensor()->shape();
    const auto axis = static_cast<std::size_t>(parts["_ragged_idx"].get_or<std::int64_t>(1));
    SAFE_LOAD_TRY_ASSIGN(const Numbers offsets, read(*parts["offsets"].tensor()));
    const bool ordered = !offsets.empty() && offsets.front() == 0 &&
                         std::is_sorted(offsets.begin(), offsets.end()) &&
                         offsets.back() <= shape[axis - 1];
    if (!ordered) return bad("a jagged tensor with offsets outside of its values");
    if (parts["lengths"].kind() != ValueKind::kTensor) return {};
    SAFE_LOAD_TRY_ASSIGN(const Numbers lengths, read(*parts["lengths"].tensor()));
    bool fits = lengths.size() + 1 == offsets.size();
    for (std::size_t i = 0; fits && i < lengths.size(); ++i)
      fits = lengths[i] >= 0 && lengths[i] <= offsets[i + 1] - offsets[i];
    return fits ? Status() : bad("a jagged tensor with lengths that overlap");
  }

  // ---- quantized

  template <class T>
  static Result<std::vector<T>> numbers_of(const ValueView& value) {
    std::vector<T> numbers;
    if (value.kind() == ValueKind::kTensor) {
      const TensorView tensor = *value.tensor();
      SAFE_LOAD_TRY(check_paid(tensor));
      numbers.resize(static_cast<std::size_t>(tensor.element_count()));
      SAFE_LOAD_TRY(tensor.copy_to(std::span(numbers)));
      return numbers;
    }
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      auto number = value.items()[i].get<T>();
      if (!number) return bad("quantization parameters that are not numbers");
      numbers.push_back(*number);
    }
    return numbers;
  }

  Status quantized() const {
    const Quantizer quantizer = *value_.quantizer();
    if (quantizer.scheme == QuantScheme::kPerTensor) return {};
    SAFE_LOAD_TRY_ASSIGN(const auto scales, numbers_of<double>(quantizer.scales));
    const auto is_scale = [](double scale) { return std::isfinite(scale) && scale > 0; };
    if (!std::all_of(scales.begin(), scales.end(), is_scale))
      return bad("a quantization scale that is not above zero");
    if (quantizer.scheme == QuantScheme::kPerChannelFloat) {
      SAFE_LOAD_TRY_ASSIGN(const auto points, numbers_of<double>(quantizer.zero_points));
      const auto is_point = [](double point) { return std::isfinite(point); };
      if (std::all_of(points.begin(), points.end(), is_point)) return {};
      return bad("a quantization zero point that the type cannot hold");
    }
    SAFE_LOAD_TRY_ASSIGN(const auto points, numbers_of<std::int64_t>(quantizer.zero_points));
    const DType type = value_.tensor()->dtype();
    const std::int64_t least = type == DType::kQint8    ? -128
                               : type == DType::kQint32 ? INT32_MIN
                                                        : 0;
    const std::int64_t most = type == DType::kQint8      ? 127
                              : type == DType::kQint32   ? INT32_MAX
                              : type == DType::kQuint4x2 ? 15
                              : type == DType::kQuint2x4 ? 3
                                                         : 255;
    const auto is_point = [&](std::int64_t point) { return point >= least && point <= most; };
    if (std::all_of(points.begin(), points.end(), is_point)) return {};
    return bad("a quantization zero point that the type cannot hold");
  }

  // ---- torch.Generator

  // The Mersenne twister of the CPU: seed, left, is seeded, next, table. torch 2.13 looks at `left`
  // and `next` one by one; together they may lead behind the table. Source: ATen
  // CPUGeneratorImpl.cpp and core/MT19937RNGEngine.h.
  Status generator() const {
    const auto device = value_.arguments()[0].arguments()[0].get_or<std::string_view>("");
    if (!device.starts_with("cpu")) return {};
    constexpr std::size_t kStateBytes = 5056;
    constexpr std::uint64_t kWords = 624;
    const TensorView state = *value_.states()[0].items()[2].tensor();
    if (state.element_count() != kStateBytes)
      return bad("a generator whose state has another size");
    SAFE_LOAD_TRY_ASSIGN(const Numbers bytes, read(state));
    const auto number = [&](std::size_t first, std::size_t size) {
      std::uint64_t value = 0;
      for (std::size_t i = size; i-- > 0;)
        value = value << 8 | static_cast<std::uint64_t>(bytes[first + i]);
      return value;
    };
    const std::uint64_t left = number(8, 4);
    const std::uint64_t next = number(16, 8);
    const bool is_inside = left >= 1 && left <= kWords && next <= kWords + 1 - left;
    return is_inside && number(12, 4) == 1 ? Status()
                                           : bad("a generator whose position is out of its table");
  }

  ValueView value_;
};

Result<Quantizer> ValueView::quantizer() const {
  if (kind() != ValueKind::kTensor) return mismatch("not a tensor");
  const auto number = static_cast<std::uint32_t>(state_->tape()[id_].payload);
  const torch::Tensor& tensor = state_->meaning().tensors()[number];
  if (tensor.quantizer == torch::kNotQuantized) return mismatch("a tensor that is not quantized");
  const torch::Quantizer& own = state_->meaning().quantizers()[tensor.quantizer];
  Quantizer result{own.scheme, own.scale, own.zero_point, own.axis, {}, {}};
  if (own.scheme != QuantScheme::kPerTensor) {
    result.scales = ValueView(state_, own.scales);
    result.zero_points = ValueView(state_, own.zero_points);
  }
  return result;
}

Status ValueView::check_elements() const { return ElementCheck(*this).run(); }

}  // namespace v0
}  // namespace safe_load
