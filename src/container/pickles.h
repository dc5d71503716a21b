// Pickles: the programs of a container, read together into one block of memory before any of them
// runs: the tape shows their text where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/host.h"
#include "container/failure.h"
#include "container/slice.h"
#include "pickle/machine.h"
#include "safe_load/limits.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::container {

class Pickles {
 public:
  using Read = std::function<Outcome<void>(std::span<std::byte>)>;

  explicit Pickles(base::Host& host) : host_(host) {}

  // Asks for `size` bytes of a member, which `read` will fill in. Returns the number to ask for
  // them with.
  std::size_t add(std::string member, std::uint64_t size, Read read);

  // Asks for the first `size` bytes of a slice, and of what it has no more than that.
  std::size_t add(const Slice& slice, std::uint64_t size);

  // Reads all. kLimit if they are more than Limits::max_pickle_bytes.
  Outcome<void> load(const Limits& limits);

  base::Bytes bytes() const { return bytes_; }
  // The block with this number, from `skip` on.
  pickle::Program program(std::size_t number, std::uint64_t skip = 0) const;
  bool is_large() const { return bytes_.size() >= kLarge; }
  void clear() { *this = Pickles(host_); }

 private:
  // From this size on they lie on huge pages; less fits into what the heap holds.
  static constexpr std::uint64_t kLarge = std::uint64_t{4} << 20;

  struct Block {
    std::string member;
    std::uint64_t offset;
    std::uint64_t size;
    Read read;
    std::shared_ptr<const Source> file;  // whose `range` this is; null: `read` knows
    ByteRange range;
  };
  void tell() const;
  std::reference_wrapper<base::Host> host_;
  std::vector<Block> blocks_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> small_;
  SharedBytes large_;
  std::span<std::byte> bytes_;
};

}  // namespace safe_load::container
