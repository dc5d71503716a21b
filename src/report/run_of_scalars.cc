#include "report/run_of_scalars.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace safe_load::report {
namespace {

constexpr std::size_t kMostListed = 32;

// 1,234,567
std::string grouped(std::int64_t number) {
  constexpr std::size_t kGroup = 3;
  std::string text = std::to_string(number);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  for (std::size_t at = text.size(); at > first + kGroup;) {
    at -= kGroup;
    text.insert(at, 1, ',');
  }
  return text;
}

constexpr std::pair<ValueKind, std::string_view> kNouns[] = {
    {ValueKind::kNone, "None values"}, {ValueKind::kBool, "booleans"},
    {ValueKind::kInteger, "integers"}, {ValueKind::kFloat, "floats"},
    {ValueKind::kText, "texts"},
};

// The noun for values of this kind, or "" if they are not plain.
std::string_view noun_of(ValueKind kind) {
  for (const auto& [known, noun] : kNouns)
    if (known == kind) return noun;
  return "";
}

// What values have in common, looked at one after the other.
class Run {
 public:
  // False: it is not plain.
  bool add(const ValueView& value) {
    const std::string_view noun = noun_of(value.kind());
    if (noun.empty()) return false;
    if (noun_.empty()) noun_ = noun;
    if (noun_ != noun) is_mixed_ = true;
    if (is_mixed_) return true;
    if (const auto number = value.get<std::int64_t>(); number && noun_ == "integers") {
      least_ = has_range_ ? std::min(least_, *number) : *number;
      most_ = has_range_ ? std::max(most_, *number) : *number;
      has_range_ = true;
    } else if (noun_ == "integers") {
      is_huge_ = true;
    } else if (const auto real = value.get<double>(); real && noun_ == "floats") {
      if (std::isnan(*real)) {
        has_nan_ = true;
        return true;
      }
      low_ = has_range_ ? std::min(low_, *real) : *real;
      high_ = has_range_ ? std::max(high_, *real) : *real;
      has_range_ = true;
    }
    return true;
  }

  std::string noun() const { return is_mixed_ ? "plain values" : std::string(noun_); }

  // ", 0 to 149,999"
  std::string range() const {
    if (is_mixed_ || is_huge_) return "";
    std::string text;
    if (has_range_ && noun_ == "integers") {
      text = ", " + grouped(least_) + " to " + grouped(most_);
    } else if (has_range_) {
      text = ", " + base::to_text(low_) + " to " + base::to_text(high_);
    }
    if (has_nan_) text += ", NaN among them";
    return text;
  }

 private:
  std::string_view noun_;
  bool is_mixed_ = false;
  bool has_range_ = false;
  bool is_huge_ = false;
  bool has_nan_ = false;
  std::int64_t least_ = 0;
  std::int64_t most_ = 0;
  double low_ = 0;
  double high_ = 0;
};

}  // namespace

std::optional<std::string> run_of_scalars(const ValueView& container) {
  if (container.size() <= kMostListed || !container.states().empty()) return std::nullopt;
  const Values items = container.items();
  const bool is_dict = container.is_dict();
  Run keys;
  Run values;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (!(is_dict && i % 2 == 0 ? keys : values).add(items[i])) return std::nullopt;
  const std::string count = grouped(static_cast<std::int64_t>(container.size()));
  if (!is_dict) return count + ' ' + values.noun() + values.range();
  return "dict of " + count + ' ' + keys.noun() + " to " + values.noun() + values.range();
}

}  // namespace safe_load::report
