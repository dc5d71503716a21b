#include "report/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/elements.h"

namespace safe_load::report {
namespace {

constexpr std::uint64_t kMostElements = 4096;  // each of which may be in a piece of its own

std::vector<double> finite_elements(const TensorView& tensor, data::ReadElement read) {
  const std::uint64_t all = tensor.element_count();
  const std::uint64_t count = std::min(all, kMostElements);
  std::vector<std::uint64_t> places;
  for (std::uint64_t i = 0; i < count; ++i)
    places.push_back(all / count * i + all % count * i / count);
  const std::size_t size = size_of(tensor.dtype());
  std::vector<std::byte> bytes(places.size() * size);
  std::vector<double> values;
  if (!tensor.copy_elements_to(places, bytes)) return values;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    if (const double value = read(&bytes[at]); std::isfinite(value)) values.push_back(value);
  return values;
}

}  // namespace

std::optional<Histogram> histogram(const TensorView& tensor) {
  const data::ReadElement read = data::element_reader(tensor.dtype());
  if (read == nullptr || tensor.is_quantized()) return std::nullopt;
  const std::vector<double> values = finite_elements(tensor, read);
  if (values.empty()) return std::nullopt;
  Histogram result;
  const auto [least, most] = std::ranges::minmax_element(values);
  result.minimum = *least;
  result.maximum = *most;
  result.elements = values.size();
  result.is_sample = tensor.element_count() > kMostElements;
  // Halves, as the difference of two numbers of double size need not be one.
  const double half_range = result.maximum / 2 - result.minimum / 2;
  for (const double value : values) {
    const double share = half_range > 0 ? (value / 2 - result.minimum / 2) / half_range : 0;
    const auto bin = static_cast<std::size_t>(share * static_cast<double>(Histogram::kBins));
    ++result.counts[std::min(bin, Histogram::kBins - 1)];
  }
  return result;
}

}  // namespace safe_load::report
