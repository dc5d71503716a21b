#include "errors.h"

#include <nanobind/stl/string.h>

#include <chrono>
#include <string>

namespace nb = nanobind;

namespace safe_load_python {

bool no_signal_came() {
  constexpr std::chrono::milliseconds kPause(50);
  thread_local std::chrono::steady_clock::time_point next;
  const auto now = std::chrono::steady_clock::now();
  if (now < next) return true;
  next = now + kPause;
  const nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() == 0;
}

nb::dict to_dict(const safe_load::Issue& issue) {
  nb::dict out;
  const auto code = safe_load::to_text(issue.code);
  out["code"] = nb::str(code.data(), code.size());
  out["message"] = issue.message;
  out["member"] = issue.member;
  out["offset"] = issue.offset;
  out["path"] = issue.path;
  out["hint"] = issue.hint;
  out["text"] = issue.text();
  if (issue.system_number != 0) out["errno"] = issue.system_number;
  return out;
}

void raise(const safe_load::Issue& issue) {
  // Lent to Python, which knows the file's name and words the message.
  const nb::object error =
      nb::module_::import_("safe_load._errors").attr("from_issue")(to_dict(issue));
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw nb::python_error();
}

void raise(const safe_load::Error& error) {
  safe_load::Issue issue;
  issue.code = error.code();
  issue.message = std::string(error.reason());
  if (!error.subject().empty()) issue.message += ": " + std::string(error.subject());
  issue.offset = error.offset();
  raise(issue);
}

}  // namespace safe_load_python
