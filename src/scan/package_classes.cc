#include "scan/package_classes.h"

#include <algorithm>
#include <iterator>

namespace safe_load::scanner {
namespace {

using enum PackageClass::Is;

struct Package {
  std::string_view name;
  std::string_view version;
};

struct Row {
  std::string_view module;
  PackageClass::Is is;
  std::uint8_t package;
  std::string_view names;  // with blanks between
};

constexpr Package kPackages[] = {
#define PACKAGE(name, version) {name, version},
#define CLASSES(package, module, is, names)
#include "scan/package_classes.inc"
#undef PACKAGE
#undef CLASSES
};

constexpr Row kRows[] = {
#define PACKAGE(name, version)
#define CLASSES(package, module, is, names) {module, is, package, names},
#include "scan/package_classes.inc"
#undef PACKAGE
#undef CLASSES
};

constexpr bool before(const Row& a, const Row& b) { return a.module < b.module; }
static_assert(std::is_sorted(std::begin(kRows), std::end(kRows), before));

bool has_word(std::string_view words, std::string_view word) {
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    if (words.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace

std::optional<PackageClass> find_package_class(std::string_view module, std::string_view name) {
  const auto rows =
      std::equal_range(std::begin(kRows), std::end(kRows), Row{module, kObject, 0, ""}, before);
  const auto row = std::find_if(rows.first, rows.second,
                                [name](const Row& one) { return has_word(one.names, name); });
  if (row == rows.second) return std::nullopt;
  const Package& package = kPackages[row->package];
  return PackageClass{row->is, package.name, package.version};
}

std::string package_class_table() {
  std::string table;
  for (const Row& row : kRows) {
    for (const std::string_view text :
         {kPackages[row.package].name, kPackages[row.package].version, row.module, row.names})
      table.append(text).push_back('\n');
    table.append(std::to_string(static_cast<int>(row.is))).push_back('\n');
  }
  return table;
}

}  // namespace safe_load::scanner
