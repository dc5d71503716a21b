// PythonSource: the bytes of an object of Python that can be read at an offset.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/source.h>

#include <cstdint>
#include <mutex>
#include <span>

namespace safe_load_python {

// Reads by stream.read_at(offset, size), which returns bytes. What that raises is kept and makes
// the read fail; the first of it is what the user gets to see. Takes the GIL; whoever reads from it
// must not hold the GIL together with a lock.
class PythonSource final : public safe_load::Source {
 public:
  PythonSource(nanobind::object stream, std::uint64_t size);
  ~PythonSource() override;

  std::uint64_t size() const override { return size_; }
  safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  // Raises what a read raised, if one did. REQUIRES: the GIL.
  void raise_failure() const;

  // Whether there are any, so that all reads must happen without the GIL.
  static bool exist();

 private:
  nanobind::object stream_;
  std::uint64_t size_;
  mutable nanobind::object failure_;  // guarded by the GIL
};

}  // namespace safe_load_python
