#include "report/elements_text.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "base/try.h"
#include "data/numpy_type.h"
#include "report/number_words.h"
#include "report/shown_elements.h"

namespace safe_load::report {
namespace {

constexpr std::size_t kWidth = 75;  // columns, as NumPy has it

std::string laid_out(DType dtype, const std::vector<std::byte>& elements,
                     const ShownElements& shown, const TextOptions& options) {
  const bool is_single = shown.axes.empty();
  return nested_words(number_words(dtype, elements, is_single), shown.axes,
                      options.width != 0 ? options.width : kWidth);
}

Error no_numbers(std::string_view type) {
  return Error(ErrorCode::kMismatch, "elements of this type are not shown").about(type);
}

}  // namespace

Result<std::string> elements_text(const TensorView& tensor, std::string_view part,
                                  const TextOptions& options) {
  const DType dtype = tensor.dtype();
  const std::size_t size = size_of(dtype);
  const std::vector<std::byte> probe(size);
  if (tensor.is_quantized() || number_words(dtype, probe, true).empty())
    return no_numbers(name(dtype));
  const Dims shape = tensor.shape();
  SAFE_LOAD_TRY_ASSIGN(const auto slices, parse_slices(part, shape));
  SAFE_LOAD_TRY_ASSIGN(const auto shown, choose_elements(shape, slices, options.all_elements));
  std::vector<std::byte> elements(shown.places.size() * size);
  SAFE_LOAD_TRY(tensor.copy_elements_to(shown.places, elements));
  return laid_out(dtype, elements, shown, options);
}

Result<std::string> elements_text(const ArrayView& array, std::string_view part,
                                  const TextOptions& options) {
  const auto type = data::numpy_type(array.dtype());
  if (!type || array.has_objects()) return no_numbers(base::escaped(array.dtype()));
  const Dims shape = array.shape();
  SAFE_LOAD_TRY_ASSIGN(const auto slices, parse_slices(part, shape));
  SAFE_LOAD_TRY_ASSIGN(const auto shown, choose_elements(shape, slices, options.all_elements));
  const std::size_t size = size_of(type->dtype);
  const std::size_t unit = info(type->dtype).swap_unit;
  const Dims strides = array.strides();
  const std::span<const std::byte> bytes = array.bytes();
  std::vector<std::byte> elements(shown.places.size() * size);
  std::byte* to = elements.data();
  for (std::uint64_t place : shown.places) {
    std::int64_t at = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      const auto extent = static_cast<std::uint64_t>(shape[axis]);
      at += static_cast<std::int64_t>(place % extent) * strides[axis];
      place /= extent;
    }
    std::memcpy(to, bytes.subspan(static_cast<std::size_t>(at), size).data(), size);
    if (type->is_big_endian) base::reverse_units({to, size}, unit);
    to += size;
  }
  return laid_out(type->dtype, elements, shown, options);
}

}  // namespace safe_load::report

namespace safe_load {
inline namespace v0 {

Result<std::string> part_to_text(const ValueView& value, std::string_view part,
                                 const TextOptions& options) {
  if (const auto tensor = value.tensor()) return report::elements_text(*tensor, part, options);
  if (value.kind() == ValueKind::kArray)
    return report::elements_text(*value.array(), part, options);
  return Error(ErrorCode::kMismatch, "only tensors and arrays have elements to choose from")
      .about(summary(value));
}

}  // namespace v0
}  // namespace safe_load
