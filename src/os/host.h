// SystemHost: memory and threads of the operating system.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/host.h"

namespace safe_load::os {

class SystemHost final : public base::Host {
 public:
  // As Memory::allocate.
  Result<SharedBytes> allocate(std::uint64_t size) override;

  // On huge pages: a page of 4 KiB costs as much to get as a hundred opcodes cost to read.
  std::unique_ptr<base::Blocks> large_blocks() override;

  // Makes the pages ready, which costs less than to fault at each of them. Some virtual machines
  // give free memory back to their host, and a huge page that must be fetched again costs many
  // times what small ones cost: where that shows, it goes on with these.
  void prepare(std::span<std::byte> part) override;

  // On as many threads as this process has cores, at most eight; the calling thread is one of them
  // and asks `keep_going` after each work of its own.
  void run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                    const std::function<bool()>& keep_going) override;

 private:
  std::atomic<int> slow_pages_ = 0;
};

}  // namespace safe_load::os
