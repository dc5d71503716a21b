#include "support/guarded_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace test_support {

GuardedBuffer::GuardedBuffer(std::string_view content) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t readable = (content.size() + page - 1) / page * page;
  void* start =
      mmap(nullptr, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) std::abort();
  pages_ = {static_cast<std::byte*>(start), readable + page};
  if (mprotect(pages_.data() + readable, page, PROT_NONE) != 0) std::abort();
  std::byte* first = pages_.data() + readable - content.size();
  if (!content.empty()) std::memcpy(first, content.data(), content.size());
  bytes_ = {first, content.size()};
}

GuardedBuffer::~GuardedBuffer() { munmap(pages_.data(), pages_.size()); }

}  // namespace test_support
