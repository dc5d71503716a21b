// AllocationMeter: how much memory the program holds more than when the meter was made.
//
// Counts what operator new gives out, in all threads; a program that uses a meter allocates through
// counting operators. Unlike resident memory the count is exact and the same under sanitizers.
#pragma once

#include <cstddef>

namespace test_support {

// One at a time: a new meter forgets the peak of the one before.
class AllocationMeter {
 public:
  AllocationMeter();
  std::size_t peak() const;  // bytes

 private:
  std::size_t before_;
};

}  // namespace test_support
