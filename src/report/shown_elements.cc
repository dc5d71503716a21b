#include "report/shown_elements.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/try.h"

namespace safe_load::report {
namespace {

constexpr std::uint64_t kMostWhole = 1000;  // elements that are shown without dots
constexpr std::int64_t kEdge = 3;           // items at each end

Error not_a_part(std::string_view text) {
  return Error(ErrorCode::kMismatch, "a part is written as in Python, such as 0:3, :2").about(text);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Rounds towards the next whole one, of positive numbers of any size.
std::int64_t divided_up(std::int64_t a, std::int64_t b) { return 1 + (a - 1) / b; }

Error outside(std::string_view text) {
  return Error(ErrorCode::kMismatch, "the index is outside of its dimension").about(text);
}

// "3", "1:", ":-1", "::2"
Result<Slice> parse_slice(std::string_view text, std::int64_t size) {
  std::vector<std::optional<std::int64_t>> numbers;
  std::string_view rest = text;
  while (true) {
    const std::size_t colon = rest.find(':');
    const std::string_view part = trimmed(rest.substr(0, colon));
    numbers.push_back(part.empty() ? std::nullopt : base::parse_int64(part));
    const bool is_large = !part.empty() && !numbers.back() && base::is_decimal(part);
    if (is_large && colon == std::string_view::npos && numbers.size() == 1) return outside(text);
    if (!part.empty() && !numbers.back()) return not_a_part(text);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  const auto from_end = [&](std::int64_t place) { return place < 0 ? place + size : place; };
  if (numbers.size() == 1) {
    if (!numbers[0]) return not_a_part(text);
    const std::int64_t place = from_end(*numbers[0]);
    if (place < 0 || place >= size) return outside(text);
    return Slice{place, 1, 1, true};
  }
  const std::int64_t step = numbers.size() > 2 ? numbers[2].value_or(1) : 1;
  if (numbers.size() > 3) return not_a_part(text);
  if (step < 1) return Error(ErrorCode::kMismatch, "a step must be positive here").about(text);
  const auto inside = [&](std::int64_t place) {
    return std::clamp(from_end(place), std::int64_t{0}, size);
  };
  const std::int64_t begin = inside(numbers[0].value_or(0));
  const std::int64_t end = inside(numbers[1].value_or(size));
  const std::int64_t length = std::max(end - begin, std::int64_t{0});
  const std::int64_t count = length == 0 ? 0 : divided_up(length, std::min(step, length));
  return Slice{begin, count, step, false};
}

}  // namespace

Result<std::vector<Slice>> parse_slices(std::string_view text, const Dims& shape) {
  std::vector<std::string_view> texts;
  std::string_view rest = text;
  while (!trimmed(rest).empty()) {
    const std::size_t comma = rest.find(',');
    texts.push_back(trimmed(rest.substr(0, comma)));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  const auto dots = std::ranges::find(texts, "...");
  const std::size_t given = texts.size() - (dots == texts.end() ? 0 : 1);
  if (given > shape.size())
    return Error(ErrorCode::kMismatch, "more dimensions than there are").about(text);
  const std::size_t whole = shape.size() - given;
  if (dots == texts.end()) {
    texts.insert(texts.end(), whole, ":");
  } else {
    texts.insert(texts.erase(dots), whole, ":");
  }
  std::vector<Slice> slices;
  for (std::size_t axis = 0; axis < texts.size(); ++axis) {
    SAFE_LOAD_TRY_ASSIGN(const Slice slice, parse_slice(texts[axis], shape[axis]));
    slices.push_back(slice);
  }
  return slices;
}

Result<ShownElements> choose_elements(const Dims& shape, const std::vector<Slice>& part,
                                      bool is_all) {
  // In doubles, which are near enough for limits, and cannot overflow.
  double count = 1;
  for (const Slice& slice : part) count *= static_cast<double>(slice.count);
  const bool is_cut = !is_all && count > static_cast<double>(kMostWhole);
  ShownElements shown;
  if (std::ranges::any_of(part, [](const Slice& slice) { return slice.count == 0; })) {
    for (const Slice& slice : part)
      if (!slice.is_index) shown.axes.push_back({slice.count == 0 ? std::size_t{0} : 1, 0});
    return shown;
  }
  double kept = 1;
  std::vector<std::vector<std::int64_t>> places;
  for (const Slice& slice : part) {
    const bool has_dots = is_cut && slice.count > 2 * kEdge;
    const std::int64_t items = has_dots ? 2 * kEdge : slice.count;
    kept *= static_cast<double>(items);
    if (kept > static_cast<double>(kMostShown))
      return Error(ErrorCode::kLimit,
                   "these are too many elements to show; choose a part, such as "
                   "name[0, :5]");
    if (!slice.is_index)
      shown.axes.push_back(
          {static_cast<std::size_t>(items), has_dots ? static_cast<std::size_t>(kEdge) : 0});
    std::vector<std::int64_t>& of_axis = places.emplace_back();
    for (std::int64_t i = 0; i < items; ++i) {
      const std::int64_t at = has_dots && i >= kEdge ? slice.count - 2 * kEdge + i : i;
      of_axis.push_back(slice.begin + at * slice.step);
    }
  }
  shown.places = {0};
  for (std::size_t axis = 0; axis < places.size(); ++axis) {
    std::vector<std::uint64_t> deeper;
    deeper.reserve(shown.places.size() * places[axis].size());
    for (const std::uint64_t outer : shown.places)
      for (const std::int64_t at : places[axis])
        deeper.push_back(outer * static_cast<std::uint64_t>(shape[axis]) +
                         static_cast<std::uint64_t>(at));
    shown.places = std::move(deeper);
  }
  return shown;
}

}  // namespace safe_load::report
