#include "support/value_text.h"

#include <safe_load/report.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/bytes.h"
#include "base/text.h"

namespace test_support {
namespace {

using safe_load::ArrayView;
using safe_load::Dims;
using safe_load::TensorView;
using safe_load::ValueKind;
using safe_load::Values;
using safe_load::ValueView;
using safe_load::base::quoted;

std::string dims_text(const Dims& dims) {
  std::ostringstream out;
  out << dims;
  return out.str();
}

std::string quoted_bytes(std::span<const std::byte> bytes) {
  return quoted(safe_load::base::as_text(bytes), 4096);
}

// Recurses: it prints small values of tests only.
class Printer {
 public:
  std::string print(const ValueView& value) {
    const ValueKind kind = value.kind();
    const bool can_repeat = value.is_dict() || kind == ValueKind::kOpaque ||
                            kind == ValueKind::kTensor || kind == ValueKind::kArray ||
                            (value.size() != 0 && kind != ValueKind::kDamaged);
    if (can_repeat) {
      const auto [seen, is_new] = seen_.emplace(value.id(), seen_.size());
      if (!is_new) return '&' + std::to_string(seen->second);
    }
    return plain(value) + states(value);
  }

  std::string array(const ArrayView& array) {
    const std::string head = dtype_text(array) + ' ' + dims_text(array.shape()) + " by " +
                             dims_text(array.strides()) + ' ';
    return head + (array.has_objects() ? '[' + sequence(array.elements()) + ']'
                                       : quoted_bytes(array.bytes()));
  }

 private:
  std::string plain(const ValueView& value) {
    using enum ValueKind;
    const ValueKind kind = value.kind();
    const std::string name(to_text(kind));
    const auto is_one_of = [&](std::initializer_list<ValueKind> kinds) {
      return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    };
    if (kind == kText) return quoted(value.get_or<std::string>("?"), 4096);
    if (kind == kBytes) return 'b' + quoted_bytes(value.raw());
    if (kind == kByteArray) return name + quoted_bytes(value.raw());
    if (kind == kTuple) return '(' + sequence(value.items()) + ')';
    if (kind == kList) return '[' + sequence(value.items()) + ']';
    if (kind == kDict) return '{' + pairs(value.items()) + '}';
    if (is_one_of({kDeque, kSet, kFrozenSet})) return name + '(' + sequence(value.items()) + ')';
    if (value.is_dict())
      return name + '(' + (kind == kDefaultDict ? sequence(value.arguments()) : "") + "){" +
             pairs(value.items()) + '}';
    if (kind == kTensor) return tensor_text(*value.tensor());
    if (kind == kStorage) return "storage " + std::string(value.storage()->key());
    if (is_one_of({kArray, kScalar})) return array(*value.array());
    if (kind == kArrayDtype) return "dtype " + dtype_text(*value.array());
    const bool has_zone = value.arguments().size() == 2 && value.arguments()[1].kind() != kNone;
    if (is_one_of({kDateTime, kTime}) && has_zone)
      return name + dims_text(value.fields()) + " in " + print(value.arguments()[1]);
    if (is_one_of({kRange, kDateTime, kDate, kTime, kTimeDelta, kSize}))
      return name + dims_text(value.fields());
    if (kind == kOpaque) return opaque(value);
    if (is_one_of({kMissing, kNone, kBool, kInteger, kFloat, kSymbol, kDamaged}))
      return summary(value);
    return name + '(' + sequence(value.arguments()) + ')';
  }

  std::string opaque(const ValueView& value) {
    std::string out = value.class_name() + '(' + sequence(value.arguments()) + ')';
    if (!value.keywords().empty()) out += "**{" + pairs(value.keywords()) + '}';
    if (!value.list_items().empty()) out += "+[" + sequence(value.list_items()) + ']';
    if (!value.dict_items().empty()) out += "+{" + pairs(value.dict_items()) + '}';
    if (!value.set_items().empty()) out += "+set(" + sequence(value.set_items()) + ')';
    return out;
  }

  std::string states(const ValueView& value) {
    const ValueKind kind = value.kind();
    const bool is_told = kind == ValueKind::kArray || kind == ValueKind::kArrayDtype;
    if (is_told || kind == ValueKind::kDamaged) return "";
    std::string out;
    for (std::size_t i = 0; i < value.states().size(); ++i)
      out += ".build(" + print(value.states()[i]) + ')';
    return out;
  }

  std::string sequence(const Values& values) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) out += (i == 0 ? "" : ", ") + print(values[i]);
    return out;
  }

  std::string pairs(const Values& values) {
    std::string out;
    for (std::size_t i = 0; i + 1 < values.size(); i += 2)
      out += (i == 0 ? "" : ", ") + print(values[i]) + ": " + print(values[i + 1]);
    return out;
  }

  std::map<std::uint32_t, std::size_t> seen_;
};

}  // namespace

std::string value_text(const ValueView& value) { return Printer().print(value); }

std::string tensor_text(const TensorView& tensor) {
  std::string out = std::string(info(tensor.dtype()).label) + ' ' + dims_text(tensor.shape()) +
                    " of " + std::string(tensor.storage().key());
  if (tensor.storage_offset() != 0) out += " at " + std::to_string(tensor.storage_offset());
  if (!tensor.is_contiguous()) out += " by " + dims_text(tensor.strides());
  if (tensor.requires_grad()) out += " grad";
  if (tensor.is_parameter()) out += " parameter";
  if (tensor.is_conjugated()) out += " conj";
  if (tensor.is_negated()) out += " neg";
  if (tensor.is_meta()) out += " meta";
  return out;
}

std::string array_text(const ArrayView& array) { return Printer().array(array); }

std::string dtype_text(const ArrayView& dtype) {
  if (const auto base = dtype.base()) return dtype_text(*base) + dims_text(dtype.base_shape());
  if (dtype.field_count() == 0) return dtype.dtype();
  std::string out = dtype.is_record() ? "record{" : "{";
  for (std::size_t i = 0; i < dtype.field_count(); ++i) {
    const ArrayView::Field field = dtype.field(i);
    out += (i == 0 ? "" : ", ") + std::string(field.name) + ": " + dtype_text(field.dtype) + " @" +
           std::to_string(field.offset);
    if (field.title) out += " '" + std::string(*field.title) + '\'';
  }
  return out + "} of " + std::to_string(dtype.item_size()) + (dtype.is_aligned() ? " aligned" : "");
}

std::string opened_text(const CheckpointBuilder& file, const safe_load::OpenOptions& options) {
  std::string wrong = complaint(file, options);
  if (!wrong.empty()) return wrong;
  const auto opened = open(file, options);
  return value_text(opened->root());
}

}  // namespace test_support
