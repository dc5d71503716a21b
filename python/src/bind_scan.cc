#include "bind_scan.h"

#include <nanobind/stl/string.h>
#include <safe_load/safe_load.h>

#include <string>

#include "errors.h"
#include "python_source.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

safe_load::ScanOptions options_from(const safe_load::Limits& limits, bool strict, bool deep,
                                    std::size_t max_findings) {
  safe_load::ScanOptions options;
  options.limits = limits;
  options.strict = strict;
  options.deep = deep;
  options.max_findings = max_findings;
  return options;
}

// Scans without the GIL.
template <class Scan>
std::string record_of(const std::string& title, Scan&& scan) {
  auto report = [&] {
    const nb::gil_scoped_release release;
    return scan();
  }();
  return to_json(unwrap(std::move(report)), title);
}

}  // namespace

void bind_scan(nb::module_& module) {
  module.def("scan_rules", [] {
    nb::list ids;
    for (const safe_load::ScanRule& rule : safe_load::scan_rules())
      ids.append(nb::str(rule.id.data(), rule.id.size()));
    return ids;
  });
  module.def("scan_path",
             [](nb::bytes path, const std::string& title, const safe_load::Limits& limits,
                bool strict, bool deep, std::size_t max_findings) {
               const std::string name(path.c_str(), path.size());
               const auto options = options_from(limits, strict, deep, max_findings);
               return record_of(title, [&] { return safe_load::scan(name, options); });
             });
  module.def("scan_descriptor", [](int descriptor, const std::string& title,
                                   const safe_load::Limits& limits, bool strict, bool deep,
                                   std::size_t max_findings) {
    const auto options = options_from(limits, strict, deep, max_findings);
    return record_of(title, [&] { return safe_load::scan_descriptor(descriptor, options); });
  });
  module.def("scan_stream",
             [](nb::object stream, std::uint64_t size, const std::string& title,
                const safe_load::Limits& limits, bool strict, bool deep, std::size_t max_findings) {
               const auto options = options_from(limits, strict, deep, max_findings);
               const PythonSource source(std::move(stream), size);
               const std::string record = record_of(title, [&] {
                 return safe_load::Result<safe_load::FileReport, safe_load::Issue>(
                     safe_load::scan(source, options));
               });
               source.raise_failure();
               return record;
             });
  module.def("scan_bytes",
             [](nb::bytes content, const std::string& title, const safe_load::Limits& limits,
                bool strict, bool deep, std::size_t max_findings) {
               const auto* const first = static_cast<const std::byte*>(content.data());
               const std::span<const std::byte> bytes(first, content.size());
               const auto options = options_from(limits, strict, deep, max_findings);
               return record_of(title, [&] { return safe_load::scan(bytes, options); });
             });
}

}  // namespace safe_load_python
