#include "python_source.h"

#include <atomic>
#include <cstring>

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::Error;
using safe_load::ErrorCode;

std::atomic<int> alive = 0;

}  // namespace

PythonSource::PythonSource(nb::object stream, std::uint64_t size)
    : stream_(std::move(stream)), size_(size) {
  ++alive;
}

PythonSource::~PythonSource() {
  --alive;
  if (Py_IsInitialized() == 0) {  // at the end of the process nobody counts references any more
    stream_.release();
    failure_.release();
    return;
  }
  const nb::gil_scoped_acquire acquire;
  stream_.reset();
  failure_.reset();
}

bool PythonSource::exist() { return alive != 0; }

safe_load::Status PythonSource::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > size_ || into.size() > size_ - offset)
    return Error(ErrorCode::kTruncated, "the stream ends before the bytes that were asked for",
                 offset);
  const nb::gil_scoped_acquire acquire;
  try {
    const nb::object content = stream_.attr("read_at")(offset, into.size());
    const auto bytes = nb::cast<nb::bytes>(content);
    if (bytes.size() != into.size())
      return Error(ErrorCode::kTruncated, "the stream gave fewer bytes than were asked for",
                   offset);
    std::memcpy(into.data(), bytes.data(), into.size());
    return {};
  } catch (const nb::python_error& error) {
    if (!failure_.is_valid()) failure_ = nb::borrow(error.value());
  } catch (const nb::cast_error&) {
    return Error(ErrorCode::kIo, "the stream gave something else than bytes", offset);
  }
  return Error(ErrorCode::kIo, "the stream could not be read", offset);
}

void PythonSource::raise_failure() const {
  if (!failure_.is_valid()) return;
  PyErr_SetObject(failure_.type().ptr(), failure_.ptr());
  throw nb::python_error();
}

}  // namespace safe_load_python
