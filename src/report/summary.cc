// One value on one line.
#include <algorithm>
#include <array>
#include <locale>
#include <sstream>

#include "base/bytes.h"
#include "base/nearest.h"
#include "base/text.h"
#include "records/iso_text.h"
#include "safe_load/distributed_tensor.h"
#include "safe_load/record_class.h"
#include "safe_load/report.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr std::size_t kMostText = 80;

std::string dims_text(const Dims& dims) {
  std::ostringstream out;
  out << dims;
  return out.str();
}

std::string integer_text(const ValueView& value) {
  if (const auto number = value.get<std::int64_t>()) return std::to_string(*number);
  if (const auto number = value.get<std::uint64_t>()) return std::to_string(*number);
  return "an integer of " + std::to_string(8 * value.raw().size()) + " bits";
}

std::string bytes_text(const ValueView& value) {
  return std::to_string(value.raw().size()) + " bytes " +
         base::quoted(base::as_text(value.raw()), 24);
}

std::string symbol_text(const ValueView& value) {
  return base::escaped(value.module()) + '.' + base::escaped(value.name());
}

std::string joined(const Values& values, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (out.size() >= kMostText) return out + "...";
    if (i != 0 && !out.ends_with(separator)) out += separator;
    out += base::escaped(values[i].get_or<std::string>(""), kMostText);
  }
  return out;
}

std::string path_text(const ValueView& value, char separator) {
  // A root stands as the first part and brings its own separator.
  const std::string out = joined(value.arguments(), std::string_view(&separator, 1));
  return '"' + (out.empty() ? "." : out) + '"';
}

std::string array_text(const ArrayView& array) {
  return "numpy " + array.dtype() + ' ' + dims_text(array.shape());
}

std::string scalar_text(const ValueView& value) {
  const std::string type = value.array()->dtype();
  if (const auto number = value.get<std::int64_t>())
    return std::to_string(*number) + " (numpy " + type + ')';
  if (const auto number = value.get<double>())
    return base::to_text(*number) + " (numpy " + type + ')';
  if (const auto truth = value.get<bool>())
    return *truth ? "True (numpy bool)" : "False (numpy bool)";
  return "numpy " + type;
}

bool is_plain_container(ValueKind kind) {
  return kind == ValueKind::kTuple || kind == ValueKind::kList || kind == ValueKind::kDeque ||
         kind == ValueKind::kSet || kind == ValueKind::kFrozenSet;
}

std::string tensor_text(const TensorView& tensor) {
  return "tensor " + std::string(info(tensor.dtype()).label) + ' ' + dims_text(tensor.shape());
}

}  // namespace

// NOLINTNEXTLINE(misc-no-recursion): the parts of a complex number are numbers
std::string summary(const ValueView& value) {
  const ValueKind kind = value.kind();
  const Values given = value.arguments();
  const auto argument = [&](std::size_t i) { return given[i].get_or<std::string>(""); };
  if (kind == ValueKind::kNone) return "None";
  if (kind == ValueKind::kBool) return value.get_or(false) ? "True" : "False";
  if (kind == ValueKind::kInteger) return integer_text(value);
  if (kind == ValueKind::kFloat) return base::to_text(value.get_or(0.0));
  if (kind == ValueKind::kComplex) return '(' + summary(given[0]) + ", " + summary(given[1]) + "i)";
  if (kind == ValueKind::kText) return base::quoted(value.get_or<std::string>(""), kMostText);
  if (kind == ValueKind::kBytes || kind == ValueKind::kByteArray) return bytes_text(value);
  if (kind == ValueKind::kSymbol) return symbol_text(value);
  if (kind == ValueKind::kTensor) return tensor_text(*value.tensor());
  if (kind == ValueKind::kStorage)
    return "storage " + std::string(info(value.storage()->dtype()).label) + ", " +
           human_size(value.storage()->byte_count());
  if (kind == ValueKind::kArray) return array_text(*value.array());
  if (kind == ValueKind::kScalar) return scalar_text(value);
  if (kind == ValueKind::kArrayDtype) return "numpy dtype " + value.array()->dtype();
  if (kind == ValueKind::kDateTime)
    return records::iso_date(value.fields()) + ' ' + records::iso_time(value.fields(), 3);
  if (kind == ValueKind::kDate) return records::iso_date(value.fields());
  if (kind == ValueKind::kTime) return records::iso_time(value.fields(), 0);
  if (kind == ValueKind::kTimeDelta || kind == ValueKind::kRange || kind == ValueKind::kSize)
    return std::string(to_text(kind)) + dims_text(value.fields());
  if (kind == ValueKind::kPosixPath) return path_text(value, '/');
  if (kind == ValueKind::kWindowsPath) return path_text(value, '\\');
  if (kind == ValueKind::kDecimal || kind == ValueKind::kTorchVersion ||
      kind == ValueKind::kLayout || kind == ValueKind::kZoneInfo)
    return base::escaped(argument(0), kMostText);
  if (kind == ValueKind::kDevice)
    return base::escaped(argument(0), kMostText) +
           (given.size() == 2 ? ':' + summary(given[1]) : std::string());
  if (kind == ValueKind::kMemoryFormat) return "torch." + base::escaped(argument(1), kMostText);
  if (kind == ValueKind::kPattern) return "pattern " + summary(given[0]);
  if (kind == ValueKind::kIpAddress) return value.class_name() + '(' + summary(given[0]) + ')';
  if (kind == ValueKind::kFraction)
    return given.size() == 2 ? summary(given[0]) + '/' + summary(given[1])
                             : base::escaped(argument(0));
  if (kind == ValueKind::kUuid) return "uuid " + integer_text(value.attribute("int"));
  if (kind == ValueKind::kAttributeOf) return value.callable_name();
  if (kind == ValueKind::kOpaque) {
    const bool is_enum =
        given.size() == 1 && value.states().empty() && value.how() == "reduce" &&
        (given[0].kind() == ValueKind::kInteger || given[0].kind() == ValueKind::kText);
    if (is_enum) return value.class_name() + '(' + summary(given[0]) + ')';
    if (const auto whole = distributed_tensor(value))
      return "DTensor " + dims_text(whole->shape) + ", " + to_text(*whole);
    const bool is_config = find_record_class(value.module(), value.name()) != nullptr;
    const std::size_t parts = value.content().size() / (value.is_mapping() ? 2 : 1);
    return is_config && parts != 0 ? value.class_name() + " of " + std::to_string(parts)
                                   : "object of " + value.class_name();
  }
  if (kind == ValueKind::kDamaged || kind == ValueKind::kPartial || kind == ValueKind::kSlice ||
      kind == ValueKind::kTimezone || kind == ValueKind::kTypeOf || kind == ValueKind::kMissing)
    return std::string(to_text(kind));
  const std::string name(to_text(kind));
  const bool has_items = value.is_dict() || !value.items().empty() || is_plain_container(kind);
  if (has_items) return name + " of " + std::to_string(value.size());
  const ValueView state = value.states().empty() ? ValueView() : value.states()[0];
  return state.is_dict() ? name + " of " + std::to_string(state.size()) : name;
}

std::string_view nearest_word(std::string_view typed, std::span<const std::string_view> words) {
  base::Nearest nearest(typed);
  for (const std::string_view word : words) nearest.add(word);
  return nearest.word().empty() ? "" : words[nearest.position()];
}

std::string printable(std::string_view text) { return base::escaped(text, 4096); }

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  std::size_t unit = 0;
  double size = static_cast<double>(bytes);
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out.setf(std::ios::fixed);
  out.precision(size < 10 ? 2 : 1);
  out << size << ' ' << kUnits[unit];
  return out.str();
}

}  // namespace v0
}  // namespace safe_load
