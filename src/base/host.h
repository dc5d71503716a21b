// Host: what the engine asks of the system on which it runs, other than the bytes of files: memory
// and threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/blocks.h"
#include "safe_load/result.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::base {

// All functions are thread-safe.
class Host {
 public:
  virtual ~Host() = default;

  // Zeroed memory that begins at a multiple of 64 bytes.
  virtual Result<SharedBytes> allocate(std::uint64_t size) = 0;

  // Where the nodes of a large pickle lie.
  virtual std::unique_ptr<Blocks> large_blocks() = 0;

  // `part` of allocated memory will be written now: at most kPart bytes that do not cross a
  // multiple of kPart.
  static constexpr std::size_t kPart = std::size_t{2} << 20;
  virtual void prepare(std::span<std::byte> part) = 0;

  // Calls work(i) for each i in [0, count), in any order, perhaps on several threads. Ends when all
  // is done, or soon after `keep_going`, which the calling thread asks now and then, said no;
  // empty: never. Neither may throw.
  virtual void run_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                            const std::function<bool()>& keep_going) = 0;
};

}  // namespace safe_load::base
