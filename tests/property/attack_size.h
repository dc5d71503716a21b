// How large the inputs of attacks on memory are.
#pragma once

#include <cstddef>

namespace test_support {

#if defined(__SANITIZE_ADDRESS__)
// Sanitizers find a wrong access in a small input too; the bounds are measured without them.
constexpr std::size_t kAttackSize = std::size_t{256} << 10;
#else
constexpr std::size_t kAttackSize = std::size_t{2} << 20;
#endif

}  // namespace test_support
