#include "report/treemap.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace safe_load::report {
namespace {

// How far the worst rectangle of a row is from a square. The row lies along a side of this length.
double worst_ratio(std::span<const double> row, double sum, double side) {
  const double thickness = sum / side;
  const auto ratio = [&](double area) {
    const double length = area / thickness;
    return std::max(length / thickness, thickness / length);
  };
  // They are sorted, so that the worst one is at an end.
  return std::max(ratio(row.front()), ratio(row.back()));
}

}  // namespace

std::vector<Rectangle> treemap(std::span<const double> sizes, Rectangle whole) {
  std::vector<Rectangle> placed(sizes.size());
  const double sum = std::accumulate(sizes.begin(), sizes.end(), 0.0);
  if (!(sum > 0)) return placed;
  const double scale = whole.width * whole.height / sum;
  std::vector<double> areas;
  for (const double size : sizes)
    if (size > 0) areas.push_back(size * scale);
  for (std::size_t first = 0; first < areas.size();) {
    const bool is_column = whole.width >= whole.height;
    const double side = is_column ? whole.height : whole.width;
    if (!(side > 0)) break;
    std::size_t count = 0;
    double row = 0;
    double worst = std::numeric_limits<double>::infinity();
    while (first + count < areas.size()) {
      const double with = row + areas[first + count];
      const double ratio = worst_ratio(std::span(areas).subspan(first, count + 1), with, side);
      if (count != 0 && ratio > worst) break;
      worst = ratio;
      row = with;
      ++count;
    }
    const double thickness = row / side;
    double at = is_column ? whole.y : whole.x;
    for (std::size_t i = first; i < first + count; ++i) {
      const double length = areas[i] / thickness;
      placed[i] = is_column ? Rectangle{whole.x, at, thickness, length}
                            : Rectangle{at, whole.y, length, thickness};
      at += length;
    }
    if (is_column) {
      whole.x += thickness;
      whole.width -= thickness;
    } else {
      whole.y += thickness;
      whole.height -= thickness;
    }
    first += count;
  }
  return placed;
}

}  // namespace safe_load::report
