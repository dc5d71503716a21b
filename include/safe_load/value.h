// ValueView: one value of a checkpoint. A view: valid while its Checkpoint lives and is not moved
// from. Values may share parts and form cycles; id() tells whether two views show the same object.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "safe_load/export.h"
#include "safe_load/result.h"
#include "safe_load/tensor.h"

namespace safe_load {
inline namespace v0 {

enum class ValueKind : std::uint8_t {
  kMissing,  // there is no such value: what operator[] gives for a key that is not there
  kNone,
  kBool,
  kInteger,
  kFloat,
  kComplex,
  kText,
  kBytes,
  kByteArray,
  kTuple,
  kList,
  kDeque,
  kDict,
  kOrderedDict,
  kDefaultDict,
  kCounter,
  kSet,
  kFrozenSet,
  kSymbol,  // a class or function that the file names; inert
  kTensor,
  kStorage,
  kArray,            // numpy.ndarray
  kScalar,           // a NumPy scalar
  kArrayDtype,       // numpy.dtype
  kRange,            // fields(): start, stop, step; none if they need more than 64 bits
  kSlice,            // arguments(): one to three values
  kDateTime,         // fields(): year, month, day, hour, minute, second, microsecond, fold
  kDate,             // fields(): year, month, day
  kTime,             // fields(): hour, minute, second, microsecond, fold
  kTimeDelta,        // fields(): days, seconds, microseconds
  kTimezone,         // arguments(): offset, name
  kPosixPath,        // arguments(): parts
  kWindowsPath,      // arguments(): parts
  kNamespace,        // attributes
  kSimpleNamespace,  // attributes
  kDecimal,          // arguments(): its text
  kFraction,         // arguments(): its text, or two integers
  kUuid,             // attribute "int"
  kChainMap,         // attribute "maps"
  kUserDict,         // attribute "data", also of the next two
  kUserList,
  kUserString,
  kStructTime,       // fields(): a time.struct_time
  kZoneInfo,         // arguments(): key, whether it may be cached
  kPattern,          // arguments(): text and flags of a regular expression, never compiled
  kIpAddress,        // arguments(): text or number; class_name() tells which
  kNumberArray,      // array.array; arguments(): type code, numbers; or class, code, format, bytes
  kBytesStream,      // states(): (content, position, attributes) of an io.BytesIO
  kTextStream,       // states(): (content, line end, position, attributes) of an io.StringIO
  kPythonRandom,     // states(): (3, 625 numbers, next normal number) of a random.Random
  kTypeExpression,   // arguments(): Optional[int] as typing.Union, (int, NoneType)
  kOwnRecord,        // an inert record that was saved again: states() has its parts; class_name()
                     // says which of safe_load's classes it is
  kTypeOf,           // arguments(): the one value of that type (None, Ellipsis)
  kSize,             // fields(): a torch.Size
  kDevice,           // arguments(): type, index
  kLayout,           // arguments(): its name
  kTorchVersion,     // arguments(): its text
  kLazyParameter,    // of a lazy module: without shape and data; arguments(): requires_grad
  kLazyBuffer,       // likewise
  kMemoryFormat,     // arguments()[1]: "channels_last"
  kSparseTensor,     // arguments(): layout, parts (COO: indices, values, size, is_coalesced)
  kNestedTensor,     // arguments(): buffer, sizes, strides, offsets
  kJaggedTensor,     // arguments()[0]: dict of values, offsets, lengths, _ragged_idx
  kParameter,        // arguments(): a sparse, nested or jagged tensor, requires_grad
  kGenerator,        // arguments(): device; states(): (seed, offset, state) of a torch.Generator
  kMaskedConstant,   // numpy.ma.masked
  kSeedSequence,     // states(): (entropy, children, pool, pool size, spawn key)
  kBitGenerator,     // arguments(): class or name; states(): its state, maybe with a seed sequence
  kRandomGenerator,  // numpy.random.Generator; arguments(): its bit generator
  kRandomState,      // numpy.random.RandomState; states(): its state
  kAttributeOf,      // getattr(arguments()[0], arguments()[1]), never resolved
  kPartial,          // functools.partial; state: function, arguments, keywords
  kOpaque,           // an object of a class that is not known: inert
  kDamaged,          // could not be built; Checkpoint::issues() says why
};

SAFE_LOAD_EXPORT std::string_view to_text(ValueKind kind);

class ValueView;
struct Quantizer;

// Some values in a row. A view; a forward range of ValueView.
class Values {
 public:
  class Iterator;
  inline Iterator begin() const;
  inline Iterator end() const;
  std::size_t size() const { return ids_.size(); }
  bool empty() const { return ids_.empty(); }
  inline ValueView operator[](std::size_t i) const;  // REQUIRES: i < size()

 private:
  friend class ValueView;
  friend class ArrayView;
  Values(const api::State* state, std::span<const std::uint32_t> ids) : state_(state), ids_(ids) {}

  const api::State* state_;
  std::span<const std::uint32_t> ids_;
};

// The description of a NumPy array, scalar or dtype: checked, never NumPy's own object.
class SAFE_LOAD_EXPORT ArrayView {
 public:
  // As numpy.dtype takes it ("<f8", "|S5", "<M8[s]"); "|V12" with fields() for a structure.
  std::string dtype() const;
  std::uint64_t item_size() const;  // bytes
  bool has_objects() const;         // then elements(), else bytes()
  bool is_text() const;             // numpy.dtypes.StringDType: elements() are texts
  bool is_record() const;           // numpy.record instead of numpy.void

  struct Field;
  std::size_t field_count() const;
  Field field(std::size_t i) const;
  bool is_aligned() const;
  std::optional<ArrayView> base() const;  // of a subarray dtype, whose shape is base_shape()
  Dims base_shape() const;

  inline ValueView dtype_value() const;   // the dtype as a value of its own
  inline ValueView metadata() const;      // the dict that a dtype carries; kMissing without one
  inline ValueView missing_text() const;  // of a StringDType, for texts that are missing
  bool is_coerced() const;                // of a StringDType

  std::string_view class_name() const;  // "ndarray", "matrix", "MaskedArray": of NumPy
  bool is_masked() const;
  std::span<const std::byte> mask() const;  // of a masked array: one byte per item or, of a
                                            // structure, per field; as bytes() or elements() lie
  inline ValueView fill_value() const;      // of a masked array
  Dims shape() const;
  Dims strides() const;     // bytes; for has_objects() items
  bool is_fortran() const;  // it lay column by column; elements() stand row by row all the same
  std::span<const std::byte> bytes() const;
  Values elements() const;
  inline ValueView scalar_array() const;  // of a scalar with objects: the array that holds it

 private:
  friend class ValueView;
  ArrayView(const api::State* state, std::uint32_t dtype, std::uint32_t array)
      : state_(state), dtype_(dtype), array_(array) {}

  static constexpr std::uint32_t kNoArray = 0xFFFFFFFF;
  enum class Part : std::uint8_t { kDtype, kMetadata, kMissing, kFill, kScalar };
  std::uint32_t part(Part which) const;  // the number of a value, or kNoArray
  inline ValueView value_of(Part which) const;
  const api::State* state_;
  std::uint32_t dtype_;
  std::uint32_t array_;
};

class SAFE_LOAD_EXPORT ValueView {
 public:
  ValueView() = default;  // kMissing

  ValueKind kind() const;
  bool is_missing() const { return state_ == nullptr; }
  bool is_dict() const;  // also OrderedDict, defaultdict and Counter
  std::uint32_t id() const { return id_; }

  // Whether both show the same object of the same checkpoint, whatever it holds.
  friend bool operator==(const ValueView&, const ValueView&) = default;

  // The class in words: "dict", "collections.OrderedDict", "ultralytics.nn.tasks.DetectionModel".
  // Escaped: safe to print.
  std::string class_name() const;

  // ---- containers

  // Of a tuple, list, deque or set: its items. Of a dict: key, value, key, value ...
  Values items() const;
  std::size_t size() const;  // items, or pairs of a dict

  // What stands in a container: items(); of an inert record of a subclass of dict, list or tuple
  // its items; of a config of a known package (omegaconf, easydict, yacs ...) what the config
  // holds.
  Values content() const;
  bool is_mapping() const;  // whether content() is key, value, key, value ...
  // Of a node of such a config its value; any other value itself.
  ValueView resolved() const;

  // A value in content(), by key or index, or else by attribute name; kMissing if there is none.
  // A node of a config gives what it holds. A dict is searched in proportion to its size.
  ValueView operator[](std::string_view key) const;
  ValueView operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  template <std::integral Number>
  ValueView operator[](Number key) const {
    return item(std::conditional_t<std::is_signed_v<Number>, std::int64_t, std::uint64_t>{key});
  }
  template <class... Keys>
  ValueView at(const Keys&... keys) const {
    ValueView value = *this;
    ((value = value[keys]), ...);
    return value;
  }

  // ---- plain values

  // kMismatch if the value is not of this type or does not fit. T: bool, double, float (the nearest
  // one to a number of its range), any integer, std::string, std::string_view (a view of the file's
  // text), std::span<const std::byte>.
  template <class T>
  Result<T> get() const;
  template <class T>
  T get_or(T otherwise) const {
    auto value = get<T>();
    return value ? *value : otherwise;
  }

  Result<TensorView> tensor() const;
  Result<StorageView> storage() const;
  Result<ArrayView> array() const;      // of kArray, kScalar and kArrayDtype
  Result<Quantizer> quantizer() const;  // of a quantized tensor

  // Reads the elements that say whether this value makes sense: the indices of a sparse tensor, the
  // offsets of a nested or jagged one, the scales of a quantized one, the counters of a generator.
  // Others need no check.
  Status check_elements() const;

  // ---- records

  // The numbers of a record, see ValueKind.
  Dims fields() const;
  Values arguments() const;
  Values keywords() const;    // name, value, name, value ...
  Values list_items() const;  // what was appended to an opaque object
  Values dict_items() const;  // key, value, key, value ...
  Values set_items() const;
  Values states() const;  // what BUILD gave: one value per BUILD
  ValueView attribute(std::string_view name) const;

  // Of a kSymbol; of others the class or function that was called. As written in the file, after
  // the mapping of Python 2 names. Not escaped.
  std::string_view module() const;
  std::string_view name() const;
  // The callee of an opaque object: a symbol, or an inert reference.
  ValueView callee() const;
  // Whether the symbol is in the table of known names.
  bool is_known() const;
  // "reduce", "newobj", "newobj_ex", "inst" or "obj": how an opaque object was made.
  std::string_view how() const;

  // How many values had been made when the content of this one was complete: what the pickle did
  // next could see all of it. 0 for values that never change.
  std::uint32_t completed_at() const;

  // The raw bytes of a text, and whether they are Latin-1 instead of UTF-8 (Python 2 files read
  // with Encoding::kLatin1). UTF-8 may hold encoded surrogates. Of an integer beyond 64 bits: two's
  // complement, little-endian.
  std::span<const std::byte> raw() const;
  bool is_latin1() const;

 private:
  friend class Values;
  friend class Checkpoint;
  friend class Place;
  friend class ArrayView;
  friend class ElementCheck;
  friend std::string summary(const ValueView& value);
  ValueView(const api::State* state, std::uint32_t id) : state_(state), id_(id) {}

  Result<std::int64_t> get_integer() const;
  Result<std::uint64_t> get_unsigned() const;
  Result<double> get_double() const;
  Result<float> get_float() const;
  Result<bool> get_bool() const;
  Result<std::string_view> get_text() const;
  std::string get_transcoded() const;
  ArrayView whole_array() const;  // REQUIRES: kArray or kScalar
  ValueView item(std::int64_t key) const;
  ValueView item(std::uint64_t key) const;
  Error mismatch(Reason reason) const;
  ValueView find(std::span<const std::uint32_t> pairs, std::string_view key) const;
  std::string callable_name() const;

  const api::State* state_ = nullptr;
  std::uint32_t id_ = 0;
};

// value = scale * (number - zero point).
struct Quantizer {
  QuantScheme scheme = QuantScheme::kPerTensor;
  double scale = 0;             // kPerTensor
  std::int64_t zero_point = 0;  // kPerTensor
  std::int64_t axis = 0;        // of the channels
  ValueView scales;             // per channel: a tensor, or a list of numbers
  ValueView zero_points;
};

inline ValueView ArrayView::value_of(Part which) const {
  const std::uint32_t id = part(which);
  return id == kNoArray ? ValueView() : ValueView(state_, id);
}
inline ValueView ArrayView::dtype_value() const { return value_of(Part::kDtype); }
inline ValueView ArrayView::metadata() const { return value_of(Part::kMetadata); }
inline ValueView ArrayView::missing_text() const { return value_of(Part::kMissing); }
inline ValueView ArrayView::fill_value() const { return value_of(Part::kFill); }
inline ValueView ArrayView::scalar_array() const { return value_of(Part::kScalar); }

struct ArrayView::Field {
  std::string_view name;
  std::optional<std::string_view> title;
  std::uint64_t offset;  // bytes
  ArrayView dtype;
};

class Values::Iterator {
 public:
  using value_type = ValueView;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  ValueView operator*() const { return values_[at_]; }
  Iterator& operator++() {
    ++at_;
    return *this;
  }
  Iterator operator++(int) {
    const Iterator before = *this;
    ++at_;
    return before;
  }
  // REQUIRES: both are of the same Values.
  friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

 private:
  friend class Values;
  Iterator(const Values& values, std::size_t at) : values_(values), at_(at) {}

  Values values_ = {nullptr, {}};
  std::size_t at_ = 0;
};

inline Values::Iterator Values::begin() const { return {*this, 0}; }
inline Values::Iterator Values::end() const { return {*this, size()}; }
inline ValueView Values::operator[](std::size_t i) const { return ValueView(state_, ids_[i]); }

template <class T>
Result<T> ValueView::get() const {
  if constexpr (std::is_same_v<T, bool>) {
    return get_bool();
  } else if constexpr (std::is_same_v<T, double>) {
    return get_double();
  } else if constexpr (std::is_same_v<T, float>) {
    return get_float();
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    if (is_latin1()) return mismatch("text that is Latin-1; ask for a std::string");
    return get_text();
  } else if constexpr (std::is_same_v<T, std::string>) {
    auto text = get_text();
    if (!text) return text.error();
    return get_transcoded();
  } else if constexpr (std::is_same_v<T, std::span<const std::byte>>) {
    const ValueKind own = kind();
    if (own != ValueKind::kBytes && own != ValueKind::kByteArray) return mismatch("not bytes");
    return raw();
  } else if constexpr (std::is_unsigned_v<T>) {
    auto value = get_unsigned();
    if (!value) return value.error();
    const auto narrow = static_cast<T>(*value);
    if (narrow != *value) return mismatch("an integer that does not fit");
    return narrow;
  } else {
    static_assert(std::is_integral_v<T>, "not a type that a value can be read as");
    auto value = get_integer();
    if (!value) return value.error();
    const auto narrow = static_cast<T>(*value);
    if (narrow != *value) return mismatch("an integer that does not fit");
    return narrow;
  }
}

}  // namespace v0
}  // namespace safe_load
