#include "os/host.h"

#include <pthread.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/try.h"
#include "os/memory.h"

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

// Blocks of Memory, and of the heap where there is none.
class HugeBlocks final : public base::Blocks {
 public:
  std::byte* take(std::size_t bytes) override {
    auto block = Memory::allocate(bytes);
    if (!block) return heap_.take(bytes);
    blocks_.push_back(*std::move(block));
    return blocks_.back().bytes().data();
  }

 private:
  std::vector<Memory> blocks_;
  base::HeapBlocks heap_;
};

}  // namespace

static_assert(base::Host::kPart == kHugePage);

Result<SharedBytes> SystemHost::allocate(std::uint64_t size) {
  SAFE_LOAD_TRY_ASSIGN(Memory memory, Memory::allocate(size));
  const auto kept = std::make_shared<Memory>(std::move(memory));
  return SharedBytes{kept->bytes(), kept};
}

std::unique_ptr<base::Blocks> SystemHost::large_blocks() { return std::make_unique<HugeBlocks>(); }

void SystemHost::prepare(std::span<std::byte> part) {
#if defined(__linux__) && defined(MADV_POPULATE_WRITE)
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kSlow(1500);  // about twice as long as with small pages
  constexpr int kMostSlow = 3;
  if (part.size() < kLeastMapped) return;
  const std::uint64_t page = page_size();
  void* first = part.data();
  std::size_t room = part.size();
  if (std::align(page, page, first, room) == nullptr) return;
  const std::size_t length = room / page * page;
  // All of this is advice: where the kernel does not take it, reading is slower, not wrong.
  const bool is_huge = slow_pages_ < kMostSlow;
  if (!is_huge) static_cast<void>(::madvise(first, length, MADV_NOHUGEPAGE));
  const auto begin = Clock::now();
  static_cast<void>(::madvise(first, length, MADV_POPULATE_WRITE));
  if (is_huge && Clock::now() - begin > kSlow) ++slow_pages_;
#else
  static_cast<void>(part);
#endif
}

// Threads of the system's own kind: those of C++ throw where there are no more.
void SystemHost::run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
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
