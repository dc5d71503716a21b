#include "support/allocation_meter.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> live = 0;
std::atomic<std::size_t> peak_of_live = 0;

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* const block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) return nullptr;
  const std::size_t own = malloc_usable_size(block);
  const std::size_t now = live.fetch_add(own) + own;
  std::size_t peak = peak_of_live;
  while (now > peak && !peak_of_live.compare_exchange_weak(peak, now)) {
  }
  return block;
}

void* operator new(std::size_t size) {
  void* const block = operator new(size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void operator delete(void* block) noexcept {
  if (block != nullptr) live -= malloc_usable_size(block);
  std::free(block);
}

void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

namespace test_support {

AllocationMeter::AllocationMeter() : before_(live) { peak_of_live = before_; }

std::size_t AllocationMeter::peak() const { return peak_of_live - before_; }

}  // namespace test_support
