#include "os/parallel.h"

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace safe_load::os {
namespace {

// Beyond this the memory is the limit, not the cores.
constexpr std::size_t kMostThreads = 8;

// Fewer than the machine has where somebody said so (taskset, a container).
std::size_t usable_cores() {
#ifdef __linux__
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0)
    return static_cast<std::size_t>(CPU_COUNT(&cores));
#endif
  return static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

struct Jobs {
  const std::function<void(std::size_t)>& work;
  std::size_t count;
  std::atomic<std::size_t> next = 0;

  void run(const std::function<bool()>& keep_going) {
    for (std::size_t i = next++; i < count; i = next++) {
      work(i);
      if (keep_going && !keep_going()) next = count;
    }
  }
};

void* run_jobs(void* jobs) {
  static_cast<Jobs*>(jobs)->run({});
  return nullptr;
}

}  // namespace

// Threads of the system's own kind: those of C++ throw where there are no more.
void run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                  const std::function<bool()>& keep_going) {
  Jobs jobs{work, count};
  std::vector<pthread_t> threads(std::min({count, usable_cores(), kMostThreads}));
  std::size_t started = 1;  // this one
  while (started < threads.size() &&
         ::pthread_create(&threads[started], nullptr, &run_jobs, &jobs) == 0)
    ++started;
  jobs.run(keep_going);
  for (std::size_t i = 1; i < started; ++i) ::pthread_join(threads[i], nullptr);
}

}  // namespace safe_load::os
