// Says how much memory the engine holds at most while it opens a file, and after: one line of JSON.
//
// Counted are bytes that operator new gave out, which is exact, and beside them resident memory:
// large pickles and their tapes lie on pages of their own.
#include <malloc.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>
#include <string>

namespace {

std::size_t live = 0;  // one thread
std::size_t peak = 0;

void* count(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  live += malloc_usable_size(block);
  peak = std::max(peak, live);
  return block;
}

void release(void* block) {
  if (block != nullptr) live -= malloc_usable_size(block);
  std::free(block);
}

// A line of /proc/self/status, in bytes.
std::size_t status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":", 0) == 0) return 1024 * std::stoul(line.substr(name.size() + 1));
  return 0;
}

}  // namespace

void* operator new(std::size_t size) { return count(std::malloc(std::max<std::size_t>(size, 1))); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto unit = static_cast<std::size_t>(alignment);
  return count(std::aligned_alloc(unit, (size + unit - 1) / unit * unit));
}
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }

int main(int argc, char** argv) {
  if (argc != 2) return 4;
  const std::size_t before = live;
  const std::size_t resident_before = status("VmHWM");
  peak = live;
  const auto opened = safe_load::Checkpoint::open(argv[1]);
  const std::size_t peak_after = peak;
  const std::size_t live_after = live;
  const std::size_t resident_after = status("VmHWM");
  if (!opened) {
    std::cerr << opened.error() << '\n';
    return 2;
  }
  std::cout << "{\"peak\": " << peak_after - before << ", \"live\": " << live_after - before
            << ", \"resident\": " << resident_after - resident_before
            << ", \"pickle\": " << opened->container().pickle_bytes
            << ", \"file\": " << opened->container().file_size
            << ", \"tensors\": " << opened->tensors().size() << "}\n";
}
