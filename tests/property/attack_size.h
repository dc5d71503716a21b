// How large the inputs of attacks on memory are.
#pragma once

#include <cstddef>

namespace test_support {

constexpr std::size_t kAttackSize = std::size_t{2} << 20;

}  // namespace test_support
