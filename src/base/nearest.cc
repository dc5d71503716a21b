#include "base/nearest.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace safe_load::base {
namespace {

std::size_t difference(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

// Changes of single bytes that make one of the other, two bytes that changed places being one; no
// less than `most` once that is sure.
// Source: the optimal string alignment distance, after Damerau, "A technique for computer detection
// and correction of spelling errors", 1964.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
  if (difference(a.size(), b.size()) >= most) return most;
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    if (*std::min_element(row.begin(), row.end()) > most) return most;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], most);
}

}  // namespace

// A change for each three bytes, and one more: what is further away is another word.
Nearest::Nearest(std::string_view typed)
    : typed_(typed), cost_(std::min<std::size_t>(typed.size() / 3 + 1, 4)) {}

void Nearest::add(std::string_view word) {
  const std::size_t position = words_++;
  if (word.empty() || typed_.empty() || typed_.size() > kMostLength || word.size() > kMostLength ||
      position >= kMostWords)
    return;
  const bool is_end = word.size() > typed_.size() && word.ends_with(typed_) &&
                      word[word.size() - typed_.size() - 1] == '.';
  const std::size_t cost = is_end ? 0 : distance(typed_, word, cost_);
  if (cost >= cost_) return;
  cost_ = cost;
  word_ = word;
  position_ = position;
}

}  // namespace safe_load::base
