// Work on several threads at once.
#pragma once

#include <cstddef>
#include <functional>

namespace safe_load::os {

// Calls work(i) for each i in [0, count), in any order, on as many threads as this process has
// cores, at most eight; the calling thread is one of them. Ends when all is done, or soon after
// `keep_going` said no, which the calling thread asks after each work of its own; empty: never.
// Neither may throw.
void run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                  const std::function<bool()>& keep_going = {});

}  // namespace safe_load::os
