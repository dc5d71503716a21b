// The plain form of tensors, arrays and NumPy's numbers, and the parts of storages that they need.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include "api/each_element.h"
#include "api/plain_form.h"
#include "api/scalar.h"
#include "base/text.h"
#include "data/numpy_type.h"
#include "types/known.h"

namespace safe_load::api {

using writing::PlainValues;

namespace {

constexpr std::int64_t kMostEmptyLists = 1000;
constexpr std::uint64_t kCutAlignment = 16;  // bytes: the largest element

// The class of the storage that holds a type, in torch; "" for the types that came later.
std::string_view storage_class(DType dtype) {
  static const auto kNames = [] {
    std::array<std::string_view, kDTypeCount> names;
    for (const types::Known& row : types::known_names())
      if (row.kind == types::SymbolKind::kStorageClass && row.module == "torch" &&
          row.meaning == types::Meaning::kStorageFromList && row.value < kDTypeCount)
        names[row.value] = row.name;
    return names;
  }();
  return kNames[static_cast<std::size_t>(dtype)];
}

// As C gives it: what is too large is infinite.
float as_float(double number) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  if (std::isfinite(number) && std::abs(number) > kLargest)
    return std::copysign(std::numeric_limits<float>::infinity(),
                         static_cast<float>(number < 0 ? -1 : 1));
  return static_cast<float>(number);
}

// The real one or the imaginary one.
double part_of_complex(const ArrayView& scalar, const data::NumpyType& type, std::size_t which) {
  const std::size_t size = size_of(type.dtype) / 2;
  const std::byte* const from = scalar.bytes().data() + which * size;
  if (size == sizeof(double))
    return type.is_big_endian ? base::load_big<double>(from) : base::load_little<double>(from);
  return double{type.is_big_endian ? base::load_big<float>(from) : base::load_little<float>(from)};
}

bool is_text_type(std::string_view type) {
  return type.size() > 1 && (type[1] == 'U' || type[1] == 'S');
}

// How many lists a shape without elements stands for: no byte of the file answers for them.
std::uint64_t lists_without_elements(const Dims& shape) {
  std::uint64_t lists = 1;
  for (const std::int64_t size : shape) {
    if (size == 0) return lists;
    if (lists > kMostEmptyLists) break;
    lists *= static_cast<std::uint64_t>(std::min<std::int64_t>(size, kMostEmptyLists + 1));
  }
  return std::ranges::find(shape, 0) == shape.end() ? 0 : lists;
}

// Whether bytes answer for the items of an array of lists, or there are few of them.
bool has_items(const ArrayView& array) {
  if (array.has_objects() || array.is_text() || array.item_size() != 0) return true;
  std::uint64_t count = 1;
  for (const std::int64_t size : array.shape()) {
    if (size > kMostEmptyLists) return false;
    count *= static_cast<std::uint64_t>(size);
    if (count > static_cast<std::uint64_t>(kMostEmptyLists)) return false;
  }
  return true;
}

// Strides of an array, which counts bytes, as those of a tensor; nothing if no tensor has them.
std::optional<Dims> in_items(const Dims& strides, std::size_t item_size) {
  const auto size = static_cast<std::int64_t>(item_size);
  Dims found;
  for (const std::int64_t stride : strides) {
    if (stride < 0 || stride % size != 0) return std::nullopt;
    found.push_back(stride / size);
  }
  return found;
}

}  // namespace

PlainForm::Id PlainForm::numbers(std::span<const std::int64_t> numbers) {
  std::vector<Id> parts;
  parts.reserve(numbers.size());
  for (const std::int64_t number : numbers) parts.push_back(values_.integer(number));
  const Id id = values_.container(Kind::kTuple);
  values_.set_parts(id, parts);
  return id;
}

PlainForm::Id PlainForm::no_hooks() {
  return values_.call(values_.global("collections", "OrderedDict"), {});
}

PlainForm::Id PlainForm::make_tensor(const ValueView& value) {
  const TensorView tensor = *value.tensor();
  const Values states = value.states();
  const bool is_parameter = tensor.is_parameter();
  const Id plain = plain_tensor(value, tensor, !is_parameter && tensor.requires_grad());
  if (values_[plain].kind != Kind::kCall || (!is_parameter && states.empty())) return plain;
  const Id gradient = values_.boolean(tensor.requires_grad());
  if (is_parameter && states.empty())
    return values_.call(values_.global("torch._utils", "_rebuild_parameter"),
                        {plain, gradient, no_hooks()});
  if (is_parameter)
    return values_.call(values_.global("torch._utils", "_rebuild_parameter_with_state"),
                        {plain, gradient, no_hooks(), form(states[0])});
  const auto parts = values_.parts(plain);
  const Id function = parts[0];
  const Id arguments = parts[1];
  return values_.call(values_.global("torch._tensor", "_rebuild_from_type_v2"),
                      {function, values_.global("torch", "Tensor"), arguments, form(states[0])});
}

PlainForm::Id PlainForm::plain_tensor(const ValueView& value, const TensorView& tensor,
                                      bool requires_grad) {
  const Dims sizes = tensor.shape();
  const Dims strides = tensor.strides();
  if (tensor.is_meta())
    return values_.call(values_.global("torch._utils", "_rebuild_meta_tensor_no_storage"),
                        {global_of(tensor.dtype()), numbers(sizes), numbers(strides),
                         values_.boolean(requires_grad)});
  const std::size_t storage =
      storage_for(tensor.storage(), tensor.dtype(), storage_class(tensor.dtype()).empty());
  const std::uint64_t offset = tensor.storage_offset();
  if (!tensor.is_quantized())
    return tensor_over(storage, tensor.dtype(), offset, sizes, strides, requires_grad,
                       tensor.is_conjugated(), tensor.is_negated());
  const Quantizer quantizer = *value.quantizer();
  Id how;
  if (quantizer.scheme == QuantScheme::kPerTensor) {
    how = values_.tuple({values_.global("torch", "per_tensor_affine"),
                         values_.real(quantizer.scale), values_.integer(quantizer.zero_point)});
  } else {
    if (quantizer.scales.kind() != ValueKind::kTensor ||
        quantizer.zero_points.kind() != ValueKind::kTensor)
      return refuse(value, Error(ErrorCode::kUnsupported, "scales that are no tensor"), "");
    const bool has_float_points = quantizer.scheme == QuantScheme::kPerChannelFloat;
    how = values_.tuple(
        {values_.global(
             "torch", has_float_points ? "per_channel_affine_float_qparams" : "per_channel_affine"),
         form(quantizer.scales), form(quantizer.zero_points), values_.integer(quantizer.axis)});
  }
  const Id plain =
      tensor_over(storage, tensor.dtype(), offset, sizes, strides, requires_grad, false, false);
  const auto arguments = values_.parts(values_.parts(plain)[1]);
  const std::array parts = {arguments[0], arguments[1], arguments[2], arguments[3]};
  return values_.call(
      values_.global("torch._utils", "_rebuild_qtensor"),
      {parts[0], parts[1], parts[2], parts[3], how, values_.boolean(requires_grad), no_hooks()});
}

PlainForm::Id PlainForm::tensor_over(std::size_t storage, DType dtype, std::uint64_t offset,
                                     std::span<const std::int64_t> sizes,
                                     std::span<const std::int64_t> strides, bool requires_grad,
                                     bool conj, bool neg) {
  const std::uint64_t size = size_of(dtype);
  std::uint64_t last = offset;
  bool is_empty = false;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    is_empty |= sizes[i] == 0;
    if (sizes[i] > 1) last += static_cast<std::uint64_t>((sizes[i] - 1) * strides[i]);
  }
  if (!is_empty) {
    storages_[storage].begin = std::min(storages_[storage].begin, offset * size);
    storages_[storage].end = std::max(storages_[storage].end, (last + 1) * size);
  }
  const Id start = values_.integer(static_cast<std::int64_t>(offset));
  offsets_.push_back({start, storage, is_empty ? 0 : offset * size, is_empty ? 0 : size});
  std::vector<Id> parts = {
      storages_[storage].value,       start,     numbers(sizes), numbers(strides),
      values_.boolean(requires_grad), no_hooks()};
  const bool is_late = storage_class(dtype).empty();
  if (is_late) parts.push_back(global_of(dtype));
  if (conj || neg) {
    const Id bits = values_.container(Kind::kDict);
    std::vector<Id> pairs;
    if (conj) pairs = {values_.constant("conj"), values_.boolean(true)};
    if (neg) pairs.insert(pairs.end(), {values_.constant("neg"), values_.boolean(true)});
    values_.set_parts(bits, pairs);
    parts.push_back(bits);
  }
  const Id arguments = values_.container(Kind::kTuple);
  values_.set_parts(arguments, parts);
  const Id call = values_.container(Kind::kCall);
  const Id whole[] = {
      values_.global("torch._utils", is_late ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2"),
      arguments, PlainValues::kNothing};
  values_.set_parts(call, whole);
  return call;
}

std::size_t PlainForm::storage_for(const StorageView& storage, DType dtype, bool is_untyped) {
  const bool is_foreign = state_.storages()[storage.id()].is_foreign();
  // Untyped bytes and uint8 may share one.
  const auto kind = static_cast<std::uint32_t>(is_untyped ? DType::kUint8 : dtype);
  const auto key = std::tuple(storage.id(), kind, is_foreign ? info(dtype).swap_unit : 1u);
  const auto [found, is_new] = by_storage_.try_emplace(key, storages_.size());
  if (!is_new) return found->second;
  if (!seen_storages_.insert(storage.id()).second)
    changes_.push_back(
        {Change::Kind::kPlain, "", "a storage that is seen as two types", "two storages"});
  PlainStorage& made = add_storage(dtype, is_untyped, is_foreign);
  made.storage = storage.id();
  made.whole = storage.byte_count();
  return found->second;
}

std::size_t PlainForm::storage_of(base::Bytes content, DType dtype, bool is_foreign) {
  PlainStorage& made = add_storage(dtype, storage_class(dtype).empty(), is_foreign);
  made.content = content;
  made.whole = content.size();
  return storages_.size() - 1;
}

PlainStorage& PlainForm::add_storage(DType dtype, bool is_untyped, bool is_foreign) {
  const Id parts[] = {values_.constant("storage"),
                      is_untyped ? values_.global("torch.storage", "UntypedStorage")
                                 : values_.global("torch", storage_class(dtype)),
                      values_.own_text(""), values_.constant("cpu"), values_.integer(0)};
  PlainStorage& made = storages_.emplace_back();
  made.value = values_.container(Kind::kStorage);
  made.item_size = is_untyped ? 1 : static_cast<std::uint32_t>(size_of(dtype));
  made.unit = is_foreign ? info(dtype).swap_unit : 1u;
  values_.set_parts(made.value, parts);
  return made;
}

std::size_t PlainForm::whole_storage(base::Bytes content, DType dtype, bool is_foreign) {
  const std::size_t storage = storage_of(content, dtype, is_foreign);
  storages_[storage].begin = 0;
  storages_[storage].end = content.size();
  return storage;
}

PlainForm::Id PlainForm::make_storage(const ValueView& value) {
  const StorageView storage = *value.storage();
  if (state_.storages()[storage.id()].is_meta())
    return refuse(value, Error(ErrorCode::kUnsupported, "a storage of the meta device"), "");
  const bool is_untyped = storage.is_untyped() || storage_class(storage.dtype()).empty();
  const std::size_t number = storage_for(storage, storage.dtype(), is_untyped);
  storages_[number].begin = 0;
  storages_[number].end = storages_[number].whole;
  return storages_[number].value;
}

// A whole storage is kept if at least half of it is needed, else what lies between its first and
// its last byte that is.
void PlainForm::cut() {
  for (PlainStorage& storage : storages_) {
    if (storage.begin >= storage.end) storage.begin = storage.end = 0;
    storage.begin -= storage.begin % kCutAlignment;
    const bool is_whole = storage.whole / 2 <= storage.end - storage.begin && storage.end != 0;
    if (is_whole) {
      storage.begin = 0;
      storage.end = storage.whole - storage.whole % storage.item_size;
    }
    values_.set_integer(
        values_.parts(storage.value)[4],
        static_cast<std::int64_t>((storage.end - storage.begin) / storage.item_size));
  }
  for (const Offset& offset : offsets_) {
    if (offset.item_size == 0)
      values_.set_integer(offset.id, 0);
    else
      values_.set_integer(
          offset.id, static_cast<std::int64_t>((offset.bytes - storages_[offset.storage].begin) /
                                               offset.item_size));
  }
}

PlainForm::Id PlainForm::make_scalar(const ValueView& value) {
  const ArrayView scalar = *value.array();
  const std::string text = scalar.dtype();
  const auto type = data::numpy_type(text);
  if (is_text_type(text))
    return as(value, text[1] == 'U' ? "text" : "bytes", text_item(value, scalar.bytes(), text));
  if (!type)
    return refuse(
        value,
        Error(ErrorCode::kUnsupported, "a value of NumPy that has no plain form here").about(text),
        "save it as a number or a text");
  if (type->dtype == DType::kBool)
    return as(value, "bool", values_.boolean(scalar.bytes()[0] != std::byte{0}));
  if (info(type->dtype).is_complex)
    return as(value, "complex",
              values_.call(values_.global("__builtin__", "complex"),
                           {values_.real(part_of_complex(scalar, *type, 0)),
                            values_.real(part_of_complex(scalar, *type, 1))}));
  if (const auto real = scalar_as_double(scalar)) return as(value, "float", values_.real(*real));
  if (const auto number = scalar_as_integer(scalar))
    return as(value, "int", values_.integer(*number));
  return as(value, "int", unsigned_integer(scalar_as_unsigned(scalar).value_or(0)));
}

// Of array.array: its numbers one by one, or their bytes in one of 18 formats.
PlainForm::Id PlainForm::make_number_array(const ValueView& value) {
  const Values given = value.arguments();
  const bool is_packed = given.size() == 4;
  if (!is_packed && (given.size() != 2 || given[1].kind() != ValueKind::kList))
    return no_form(value);
  struct Code {
    std::string_view code;
    DType dtype;
  };
  static constexpr std::array kCodes = {
      Code{"b", DType::kInt8},   Code{"B", DType::kUint8},   Code{"h", DType::kInt16},
      Code{"H", DType::kUint16}, Code{"i", DType::kInt32},   Code{"I", DType::kUint32},
      Code{"l", DType::kInt64},  Code{"L", DType::kUint64},  Code{"q", DType::kInt64},
      Code{"Q", DType::kUint64}, Code{"f", DType::kFloat32}, Code{"d", DType::kFloat64}};
  // Each but the first two in both byte orders, little-endian first.
  static constexpr std::array kFormats = {
      DType::kUint8,   DType::kInt8,    DType::kUint16, DType::kUint16, DType::kInt16,
      DType::kInt16,   DType::kUint32,  DType::kUint32, DType::kInt32,  DType::kInt32,
      DType::kUint64,  DType::kUint64,  DType::kInt64,  DType::kInt64,  DType::kFloat32,
      DType::kFloat32, DType::kFloat64, DType::kFloat64};
  const auto code =
      std::ranges::find(kCodes, given[is_packed ? 1 : 0].get_or<std::string>(""), &Code::code);
  if (code == kCodes.end()) return no_form(value);
  DType dtype = code->dtype;
  bool is_foreign = false;
  std::vector<std::byte>& content = contents_.emplace_back();
  if (is_packed) {
    const auto format = given[2].get_or(kFormats.size());
    const base::Bytes bytes = given[3].raw();
    if (format >= kFormats.size() || bytes.size() % size_of(kFormats[format]) != 0)
      return no_form(value);
    dtype = kFormats[format];
    is_foreign = format > 1 && format % 2 != 0;
    content.assign(bytes.begin(), bytes.end());
  } else {
    for (const ValueView& item : given[1].items()) {
      std::uint64_t bits = item.get_or(std::uint64_t{0});
      if (const auto number = item.get<std::int64_t>()) bits = static_cast<std::uint64_t>(*number);
      if (dtype == DType::kFloat64) bits = std::bit_cast<std::uint64_t>(item.get_or(0.0));
      if (dtype == DType::kFloat32) bits = std::bit_cast<std::uint32_t>(as_float(item.get_or(0.0)));
      for (std::size_t i = 0; i < size_of(dtype); ++i)
        content.push_back(static_cast<std::byte>(bits >> (8 * i)));
    }
  }
  const std::array count = {static_cast<std::int64_t>(content.size() / size_of(dtype))};
  const std::array step = {std::int64_t{1}};
  return as(value, "tensor",
            tensor_over(storage_of(content, dtype, is_foreign), dtype, 0, count, step, false, false,
                        false));
}

PlainForm::Id PlainForm::make_array(const ValueView& value) {
  const ArrayView array = *value.array();
  const std::string type = array.dtype();
  const bool is_time = type.size() > 1 && (type[1] == 'M' || type[1] == 'm');
  const auto number = data::numpy_type(type);
  const DType dtype = number ? number->dtype : DType::kInt64;  // also of times
  const bool is_list = array.field_count() == 0 && !array.base() &&
                       (array.has_objects() || array.is_text() || is_text_type(type));
  const bool is_one = is_list && !array.is_masked() && array.shape().empty();
  if (is_one && array.elements().size() == 1) return form(array.elements()[0]);
  if (is_one && is_text_type(type))
    return as(value, "its element", text_item(value, array.bytes(), type));
  if (is_list && !array.is_masked() && !array.shape().empty() && has_items(array))
    return as(value, "list", open(value, Kind::kList));
  if ((!number && !is_time) || array.has_objects() || array.field_count() != 0)
    return refuse(
        value,
        Error(ErrorCode::kUnsupported, "an array of NumPy that has no plain form here").about(type),
        "save it as a tensor or a list");
  const std::optional<Dims> strides = in_items(array.strides(), size_of(dtype));
  if (!strides)
    return refuse(value, Error(ErrorCode::kUnsupported, "strides that no tensor has"), "");
  const Id data = tensor_over(whole_storage(array.bytes(), dtype, type[0] == '>'), dtype, 0,
                              array.shape(), *strides, false, false, false);
  if (is_time)
    return array.is_masked()
               ? no_form(value)
               : as(value, "dict {dtype, data}",
                    dict_of({{"dtype", values_.own_text('<' + type.substr(1))}, {"data", data}}));
  if (!array.is_masked()) return as(value, "tensor", data);
  const Id mask = array.mask().empty()
                      ? values_.none()
                      : tensor_over(whole_storage(array.mask(), DType::kBool, false), DType::kBool,
                                    0, array.shape(), *strides, false, false, false);
  const ValueView fill = array.fill_value();
  return as(
      value, "dict {data, mask, fill_value}",
      dict_of({{"data", data},
               {"mask", mask},
               {"fill_value", fill.kind() == ValueKind::kArray && fill.array()->shape().empty()
                                  ? make_scalar(fill)
                              : fill.is_missing() ? values_.none()
                                                  : form(fill)}}));
}

// Nested lists, as tolist() gives them.
void PlainForm::fill_array(const Open& open) {
  const ArrayView array = *open.value.array();
  const std::string type = array.dtype();
  const Dims shape = array.shape();
  if (lists_without_elements(shape) > kMostEmptyLists) {
    refuse(open.value, Error(ErrorCode::kUnsupported, "very many lists without elements"), "");
    return;
  }
  std::vector<Id> row;
  if (array.has_objects() || array.is_text()) {
    for (const ValueView& item : array.elements()) row.push_back(form(item));
  } else {
    for_each_element(shape, array.strides(), 0, [&](std::uint64_t at) {
      row.push_back(text_item(open.value,
                              array.bytes().subspan(static_cast<std::size_t>(at),
                                                    static_cast<std::size_t>(array.item_size())),
                              type));
      return true;
    });
  }
  for (std::size_t i = shape.size(); i-- > 1;) {
    const auto width = static_cast<std::size_t>(shape[i]);
    std::size_t count = 1;
    for (std::size_t j = 0; j < i; ++j) count *= static_cast<std::size_t>(shape[j]);
    std::vector<Id> outer;
    for (std::size_t j = 0; j < count; ++j) {
      outer.push_back(values_.container(Kind::kList));
      values_.set_parts(outer.back(), std::span(row).subspan(j * width, width));
    }
    row = std::move(outer);
  }
  values_.set_parts(open.id, row);
}

// An element of type U or S, without the zeros behind it.
PlainForm::Id PlainForm::text_item(const ValueView& value, base::Bytes item,
                                   std::string_view type) {
  const bool is_text = type[1] == 'U';
  const std::size_t width = is_text ? 4 : 1;
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  while (!item.empty() && std::ranges::all_of(item.last(width), is_zero))
    item = item.first(item.size() - width);
  if (!is_text) return make_bytes(item);
  std::string text;
  for (std::size_t i = 0; i < item.size(); i += width) {
    constexpr std::uint32_t kLast = 0x10FFFF;
    const auto character = type[0] == '>' ? base::load_big<std::uint32_t>(item.data() + i)
                                          : base::load_little<std::uint32_t>(item.data() + i);
    if (character > kLast)
      return refuse(value, Error(ErrorCode::kCorrupt, "a text with what is no character"), "");
    base::append_utf8(text, character);
  }
  return values_.own_text(std::move(text));
}

}  // namespace safe_load::api
