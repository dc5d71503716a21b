// How errors of the library become exceptions of Python.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/issue.h>
#include <safe_load/result.h>

#include <vector>

namespace safe_load_python {

// For work without the GIL: whether it may go on. Looks every 50 ms whether a signal such as Ctrl-C
// came; if one did, its exception is set, and whoever has the GIL again must raise it.
bool no_signal_came();

// Raises OSError for trouble with the operating system, safe_load.Error for the rest.
[[noreturn]] void raise(const safe_load::Issue& issue);
[[noreturn]] void raise(const safe_load::Error& error);

// An issue as a dict of plain values.
nanobind::dict to_dict(const safe_load::Issue& issue);

template <class T, class E>
T unwrap(safe_load::Result<T, E>&& result) {
  if (!result) raise(result.error());
  return *std::move(result);
}

}  // namespace safe_load_python
