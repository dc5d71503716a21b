// A treemap: areas in proportion to sizes, in one rectangle.
#pragma once

#include <span>
#include <vector>

namespace safe_load::report {

struct Rectangle {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// A rectangle for each size, in their order, which fill `whole`. REQUIRES: no size is negative, and
// the largest come first.
// Source: Bruls, Huizing and van Wijk, "Squarified Treemaps", 2000.
std::vector<Rectangle> treemap(std::span<const double> sizes, Rectangle whole);

}  // namespace safe_load::report
