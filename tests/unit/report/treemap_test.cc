// Areas of a treemap: in proportion, inside, and together all of it.
#include "report/treemap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

using safe_load::report::Rectangle;
using safe_load::report::treemap;

TEST(Treemap, FillsTheWholeInProportion) {
  const std::vector<double> sizes = {6, 6, 4, 3, 2, 2, 1};
  const std::vector<Rectangle> areas = treemap(sizes, {10, 20, 6, 4});
  ASSERT_EQ(areas.size(), sizes.size());
  double sum = 0;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    EXPECT_NEAR(areas[i].width * areas[i].height, sizes[i], 1e-9);
    EXPECT_GE(areas[i].x, 10 - 1e-9);
    EXPECT_GE(areas[i].y, 20 - 1e-9);
    EXPECT_LE(areas[i].x + areas[i].width, 16 + 1e-9);
    EXPECT_LE(areas[i].y + areas[i].height, 24 + 1e-9);
    EXPECT_LT(std::fabs(std::log(areas[i].width / areas[i].height)), std::log(4.5));
    sum += areas[i].width * areas[i].height;
  }
  EXPECT_NEAR(sum, 24, 1e-9);
}

TEST(Treemap, TakesNothingAndNoSizes) {
  EXPECT_TRUE(treemap({}, {0, 0, 10, 10}).empty());
  for (const Rectangle& area : treemap(std::vector<double>{0, 0}, {0, 0, 10, 10}))
    EXPECT_EQ(area.width * area.height, 0);
  const auto one = treemap(std::vector<double>{5, 0}, {0, 0, 10, 10});
  EXPECT_NEAR(one[0].width * one[0].height, 100, 1e-9);
  for (const Rectangle& area : treemap(std::vector<double>{1e300, 1e300, 1}, {0, 0, 0, 10}))
    EXPECT_EQ(area.width, 0);
}
