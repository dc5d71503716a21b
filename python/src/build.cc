// One pass over the values, in the order in which the pickle made them.
//
// An immutable object is made whole when its turn comes: its parts have smaller numbers. A mutable
// one is made empty then, and filled at the moment at which the pickle had filled it, so that
// whoever sees it next (a caller's constructor, a function that copies it) sees what Python would
// have seen. An object that BUILD completes and that cannot change afterwards is made at that
// moment. So aliases stay aliases, cycles close by themselves, and nothing recurses.
#include "build.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "errors.h"
#include "keys.h"
#include "memory.h"
#include "objects.h"
#include "tensors.h"
#include "wanted.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::ArrayView;
using safe_load::Checkpoint;
using safe_load::ValueKind;
using safe_load::Values;
using safe_load::ValueView;

constexpr std::size_t kProgressStep = 4096;
constexpr std::uint64_t kLookEvery = 64;
constexpr std::chrono::milliseconds kLongPause(50);

// The collector would walk everything built so far again and again.
class CollectorPause {
 public:
  CollectorPause() : was_enabled_(PyGC_Disable() != 0) {}
  ~CollectorPause() {
    if (was_enabled_) PyGC_Enable();
  }
  CollectorPause(const CollectorPause&) = delete;
  CollectorPause& operator=(const CollectorPause&) = delete;

 private:
  bool was_enabled_;
};

// What happens to a value besides being made when its turn comes.
enum class Later : std::uint8_t { kNothing, kFill, kMake };

Later later_for(ValueKind kind) {
  switch (kind) {
    case ValueKind::kList:
    case ValueKind::kDeque:
    case ValueKind::kDict:
    case ValueKind::kOrderedDict:
    case ValueKind::kDefaultDict:
    case ValueKind::kCounter:
    case ValueKind::kSet:
    case ValueKind::kNamespace:
    case ValueKind::kSimpleNamespace:
    case ValueKind::kChainMap:
    case ValueKind::kUserDict:
    case ValueKind::kUserList:
    case ValueKind::kUserString:
    case ValueKind::kPartial:
    case ValueKind::kOwnRecord:
    case ValueKind::kOpaque:
      return Later::kFill;
    case ValueKind::kBytesStream:
    case ValueKind::kTextStream:
    case ValueKind::kPythonRandom:
    case ValueKind::kGenerator:
    case ValueKind::kSeedSequence:
    case ValueKind::kBitGenerator:
    case ValueKind::kRandomGenerator:
    case ValueKind::kRandomState:
    case ValueKind::kArray:
    case ValueKind::kArrayDtype:
      return Later::kMake;
    default:
      return Later::kNothing;
  }
}

// All makers are called through this. What the standard library, NumPy or torch refuses is a fault
// of the value, and becomes an Error that says where.
template <class Make>
nb::object guarded(const Checkpoint& checkpoint, nb::handle makers, const ValueView& value,
                   Make&& make) {
  try {
    return make();
  } catch (nb::python_error& error) {
    const bool reads = value.kind() == ValueKind::kTensor || value.kind() == ValueKind::kStorage;
    const nb::object refused =
        makers.attr("refused")(nb::borrow(error.value()), to_str(value.class_name()),
                               to_str(checkpoint.path(value)), reads);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(refused.ptr())), refused.ptr());
  }
  throw nb::python_error();
}

std::vector<ValueKind> kinds_of(const Checkpoint& checkpoint,
                                const std::vector<std::uint32_t>& ids) {
  std::vector<ValueKind> kinds;
  kinds.reserve(ids.size());
  for (const std::uint32_t id : ids) kinds.push_back(checkpoint.value(id).kind());
  return kinds;
}

class Builder {
 public:
  Builder(std::shared_ptr<const Checkpoint> checkpoint, const ValueView& root, nb::handle makers)
      : checkpoint_(std::move(checkpoint)),
        root_(root),
        makers_(makers),
        wanted_(checkpoint_->reachable_from(root), checkpoint_->value_count()),
        kinds_(kinds_of(*checkpoint_, wanted_.ids())),
        made_(wanted_.size()),
        tensors_(checkpoint_, makers, wanted_.ids(), kinds_),
        has_table_(checkpoint_->container().format == safe_load::Format::kTar),
        constructors_(nb::cast<nb::dict>(makers.attr("constructors"))),
        has_constructors_(nb::len(constructors_) != 0),
        progress_(makers.attr("progress")) {}

  nb::object run() {
    const CollectorPause pause;
    tensors_.read_ahead();
    find_events();
    std::size_t next = 0;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      for (; next < events_.size() && events_[next].due <= wanted_[i]; ++next)
        complete(events_[next]);
      if (i % kProgressStep == 0 || is_slow(i)) report(i);
      if (later_for(kinds_[i]) != Later::kMake && !made_[i].is_valid())
        made_[i] = make(checkpoint_->value(wanted_[i]), kinds_[i]);
    }
    for (; next < events_.size(); ++next) complete(events_[next]);
    report(wanted_.size());
    return made(root_);
  }

 private:
  struct Event {
    std::uint32_t due;    // how many values there must be
    std::uint32_t place;  // among the wanted ones
    Later what;
  };

  // In the order in which they are due. Without a new value in between, what was begun last is
  // complete first: parts before wholes. So it nearly always is, and then a stack sorts them.
  void find_events() {
    std::vector<Event> open;
    bool is_nested = true;
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const ValueKind kind = kinds_[i];
      Later what = later_for(kind);
      const bool may_have_more = kind == ValueKind::kTensor || kind == ValueKind::kSparseTensor ||
                                 kind == ValueKind::kNestedTensor ||
                                 kind == ValueKind::kJaggedTensor || kind == ValueKind::kParameter;
      if (what == Later::kNothing && !may_have_more) continue;
      const ValueView value = checkpoint_->value(wanted_[i]);
      if (may_have_more && !value.states().empty()) what = Later::kFill;
      if (what == Later::kNothing) continue;
      const std::uint32_t due = std::max(value.completed_at(), wanted_[i] + 1);
      for (; !open.empty() && open.back().due <= wanted_[i]; open.pop_back())
        events_.push_back(open.back());
      is_nested = is_nested && (open.empty() || due <= open.back().due);
      open.push_back({due, static_cast<std::uint32_t>(i), what});
    }
    events_.insert(events_.end(), open.rbegin(), open.rend());
    if (is_nested) return;
    std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return a.due != b.due ? a.due < b.due : a.place > b.place;
    });
  }

  void complete(const Event& event) {
    const ValueView value = checkpoint_->value(wanted_[event.place]);
    const nb::object done = guarded(*checkpoint_, makers_, value, [&] {
      if (event.what == Later::kFill) return fill(value);
      if (value.kind() == ValueKind::kArrayDtype) return dtype(*value.array());
      if (value.kind() == ValueKind::kArray) return array(*value.array());
      return nb::object(makers_.attr("stateful")(
          kind_name(value.kind()), tuple_of(value.arguments()), tuple_of(value.states())));
    });
    if (event.what == Later::kMake) made_[event.place] = done;
  }

  nb::object& made(const ValueView& value) {
    const std::uint32_t id = value.id();
    nb::object& object = wanted_.has(id) ? made_[wanted_.place(id)] : others_[id];
    if (object.is_valid()) return object;
    // What stands in no pickle has numbers behind all others: the tensor inside of an unknown
    // tensor class, the parts of a sparse tensor of TorchScript. The numbers of a quantizer are no
    // parts of its tensor.
    const ValueKind kind = value.kind();
    const bool may_be_added = kind == ValueKind::kTensor || kind == ValueKind::kTuple ||
                              kind == ValueKind::kLayout || kind == ValueKind::kText;
    if (may_be_added) object = make(value, kind);
    if (!object.is_valid()) {
      safe_load::Issue issue;
      issue.message = "a value is used before it was complete: " + value.class_name();
      issue.path = checkpoint_->path(value);
      raise(issue);
    }
    return object;
  }

  nb::object kind_name(ValueKind kind) {
    nb::object& name = kind_names_[static_cast<std::size_t>(kind)];
    if (!name.is_valid()) name = to_str(to_text(kind));
    return name;
  }

  // Whether much time has passed since the last report, at a value that may take long to make.
  // Small tensors are made faster than a clock is read: then only some of them are looked at.
  bool is_slow(std::size_t place) {
    constexpr std::uint64_t kMuch = std::uint64_t{1} << 20;
    const ValueKind kind = kinds_[place];
    if (kind == ValueKind::kTensor) {
      const ValueView value = checkpoint_->value(wanted_[place]);
      unseen_ += 1 + value.tensor()->storage().byte_count() / kMuch * kLookEvery;
      if (unseen_ < kLookEvery) return false;
      unseen_ = 0;
    } else if (!has_constructors_ || kind != ValueKind::kOpaque) {
      return false;
    }
    return std::chrono::steady_clock::now() - last_report_ > kLongPause;
  }

  void report(std::size_t done) {
    last_report_ = std::chrono::steady_clock::now();
    if (!progress_.is_none()) progress_(done, wanted_.size(), "values");
    check(PyErr_CheckSignals());
  }

  // ---- making

  nb::object make(const ValueView& value, ValueKind kind) {
    return guarded(*checkpoint_, makers_, value, [&] { return shell(value, kind); });
  }

  nb::object shell(const ValueView& value, ValueKind kind) {
    switch (kind) {
      case ValueKind::kMissing:
      case ValueKind::kNone:
        return nb::none();
      case ValueKind::kBool:
        return nb::bool_(value.get_or(false));
      case ValueKind::kInteger:
        return integer_object(value);
      case ValueKind::kFloat:
        return checked(PyFloat_FromDouble(value.get_or(0.0)));
      case ValueKind::kComplex:
        return checked(PyComplex_FromDoubles(value.arguments()[0].get_or(0.0),
                                             value.arguments()[1].get_or(0.0)));
      case ValueKind::kText:
        return text_object(value);
      case ValueKind::kBytes:
        return bytes_object(value.raw());
      case ValueKind::kByteArray:
        return bytearray_object(value.raw());
      case ValueKind::kTuple:
        return tuple_of(value.items());
      case ValueKind::kFrozenSet:
        check_keys(value, value.items(), 1);
        return checked(PyFrozenSet_New(tuple_of(value.items()).ptr()));
      case ValueKind::kList:
        return checked(PyList_New(0));
      case ValueKind::kDict:
        return new_dict(value.items().size() / 2);
      case ValueKind::kSet:
        return checked(PySet_New(nullptr));
      case ValueKind::kTensor:
        if (value.tensor()->is_quantized()) return quantized(value);
        return has_table_ ? tensor_of_table(*value.tensor()) : tensors_.tensor(*value.tensor());
      case ValueKind::kStorage:
        return tensors_.storage_value(*value.storage());
      case ValueKind::kScalar:
        return scalar(*value.array());
      case ValueKind::kSymbol:
        return makers_.attr("symbol")(to_str(value.module()), to_str(value.name()));
      case ValueKind::kOpaque:
        return opaque(value);
      case ValueKind::kDamaged:
        return makers_.attr("damaged")(to_str(checkpoint_->path(value)));
      default:
        return record(value, kind);
    }
  }

  nb::object record(const ValueView& value, ValueKind kind) {
    const nb::object arguments = record_arguments(value, kind);
    const bool has_own_name = kind == ValueKind::kIpAddress || kind == ValueKind::kOwnRecord;
    const nb::object name = has_own_name ? to_str(value.class_name()) : kind_name(kind);
    return makers_.attr("record")(name, to_tuple(value.fields()), arguments);
  }

  // What was given to a dict class or a deque is among its items; of a deque the length counts.
  nb::object record_arguments(const ValueView& value, ValueKind kind) {
    const Values given = value.arguments();
    if (kind == ValueKind::kUuid) return uuid_arguments(value);
    if (kind == ValueKind::kOrderedDict || kind == ValueKind::kCounter) return nb::make_tuple();
    if (kind != ValueKind::kDeque) return tuple_of(given);
    const bool has_length = given.size() == 2 && given[1].kind() == ValueKind::kInteger;
    return nb::make_tuple(has_length ? integer_object(given[1]) : nb::none());
  }

  // The number, and whether it was made safely between processes, where that is said.
  nb::object uuid_arguments(const ValueView& value) {
    const nb::object number = integer_object(value.attribute("int"));
    const ValueView is_safe = value.attribute("is_safe");
    if (is_safe.kind() != ValueKind::kInteger) return nb::make_tuple(number);
    return nb::make_tuple(number, integer_object(is_safe));
  }

  nb::object tuple_of(const Values& values) {
    nb::object tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
    for (std::size_t i = 0; i < values.size(); ++i)
      check(PyTuple_SetItem(tuple.ptr(), static_cast<Py_ssize_t>(i),
                            nb::object(made(values[i])).release().ptr()));
    return tuple;
  }

  nb::object list_of(const Values& values) {
    nb::object list = checked(PyList_New(0));
    extend(list, values);
    return list;
  }

  nb::object dict_of(const Values& pairs) {
    nb::object dict = checked(PyDict_New());
    set_items(dict, pairs);
    return dict;
  }

  bool is_constructed(const ValueView& value) const {
    return has_constructors_ && constructors_.contains(value.class_name().c_str());
  }

  nb::object opaque(const ValueView& value) {
    const std::string name = value.class_name();
    if (!is_constructed(value)) return makers_.attr("opaque")(to_str(name), to_str(value.how()));
    return makers_.attr("construct")(to_str(name), to_str(value.how()), tuple_of(value.arguments()),
                                     dict_of(value.keywords()));
  }

  // ---- arrays of NumPy: from descriptions that were checked

  nb::object dtype(const ArrayView& type) {
    const ValueView metadata = type.metadata();
    const nb::object carried = metadata.is_missing() ? nb::none() : made(metadata);
    if (type.is_text()) {
      const ValueView missing = type.missing_text();
      const nb::tuple given =
          missing.is_missing() ? nb::make_tuple() : nb::make_tuple(made(missing));
      return makers_.attr("string_dtype")(type.is_coerced(), given);
    }
    if (const auto base = type.base())
      return makers_.attr("subarray_dtype")(made(base->dtype_value()), to_tuple(type.base_shape()));
    if (type.field_count() == 0 && !type.is_record())
      return makers_.attr("plain_dtype")(to_str(type.dtype()), carried);
    nb::list fields;
    for (std::size_t i = 0; i < type.field_count(); ++i) {
      const auto field = type.field(i);
      const nb::object title = field.title ? nb::object(to_str(*field.title)) : nb::none();
      fields.append(
          nb::make_tuple(to_str(field.name), title, field.offset, made(field.dtype.dtype_value())));
    }
    return makers_.attr("struct_dtype")(fields, type.item_size(), type.is_aligned(),
                                        type.is_record(), carried);
  }

  nb::object array(const ArrayView& array) {
    const nb::object type = made(array.dtype_value());
    const nb::str class_name = to_str(array.class_name());
    if (array.has_objects()) {
      // Filled at once: its parts are there, and only a list of the pickle could be filled later.
      const nb::object holder = makers_.attr("object_array")(type, to_tuple(array.shape()),
                                                             class_name, array.is_fortran());
      makers_.attr("fill_array")(holder, list_of(array.elements()));
      return masked(array, holder);
    }
    if (!nb::cast<bool>(makers_.attr("has_numpy")))
      return nb::cast(array_object(array.dtype(), array.item_size(), array.shape(), array.strides(),
                                   array.bytes()));
    const nb::object plain =
        makers_.attr("array")(type, to_tuple(array.shape()), to_tuple(array.strides()),
                              bytearray_object(array.bytes()), class_name);
    return masked(array, plain);
  }

  nb::object masked(const ArrayView& array, const nb::object& plain) {
    if (!array.is_masked()) return plain;
    const ValueView fill = array.fill_value();
    return makers_.attr("masked")(plain, bytearray_object(array.mask()),
                                  fill.is_missing() ? nb::none() : made(fill));
  }

  nb::object scalar(const ArrayView& scalar) {
    const ValueView holder = scalar.scalar_array();
    if (!holder.is_missing()) return makers_.attr("object_scalar")(made(holder));
    return makers_.attr("scalar")(made(scalar.dtype_value()), bytearray_object(scalar.bytes()));
  }

  nb::object quantized(const ValueView& value) {
    const safe_load::TensorView tensor = *value.tensor();
    const safe_load::Quantizer own = *value.quantizer();
    const auto& type = safe_load::info(tensor.dtype());
    const auto part = [&](const ValueView& numbers) {
      return numbers.is_missing() ? nb::none() : nb::object(made(numbers));
    };
    const nb::object storage = tensors_.storage(tensor.storage(), type.swap_unit);
    const nb::object made = makers_.attr("quantized")(
        storage, to_str(type.name), tensor.storage_offset(), to_tuple(tensor.shape()),
        to_tuple(tensor.strides()), own.scale, own.zero_point, part(own.scales),
        part(own.zero_points), own.axis, own.scheme == safe_load::QuantScheme::kPerChannelFloat,
        tensor.requires_grad());
    return tensor.is_parameter() ? makers_.attr("finish")(made, true, tensor.requires_grad())
                                 : made;
  }

  // ---- filling

  // Gives None, so that it can be guarded as making is.
  nb::object fill(const ValueView& value) {
    const nb::object& object = made(value);
    const Values items = value.items();
    switch (value.kind()) {
      case ValueKind::kList:
        extend(object, items);
        break;
      case ValueKind::kDeque:
        object.attr("extend")(list_of(items));
        break;
      case ValueKind::kSet:
        check_keys(value, items, 1);
        for (std::size_t i = 0; i < items.size(); ++i)
          check(PySet_Add(object.ptr(), made(items[i]).ptr()));
        break;
      case ValueKind::kDict:
      case ValueKind::kDefaultDict:
        check_keys(value, items, 2);
        set_items(object, items);
        break;
      case ValueKind::kOrderedDict:
      case ValueKind::kCounter:
        check_keys(value, items, 2);
        set_items(object, items);
        set_attributes(object, value);
        break;
      case ValueKind::kOpaque:
        fill_opaque(object, value);
        break;
      case ValueKind::kPartial:
        makers_.attr("fill_partial")(object, tuple_of(value.states()));
        break;
      case ValueKind::kOwnRecord:
        makers_.attr("fill_own_record")(object, list_of(value.list_items()),
                                        tuple_of(value.states()));
        break;
      default:
        set_attributes(object, value);
    }
    return nb::none();
  }

  // Every `step`-th of the values is going to be a key of one dict or set.
  void check_keys(const ValueView& value, const Values& values, std::size_t step) {
    constexpr std::size_t kFew = 8;
    if (values.size() < kFew * step) return;
    std::vector<PyObject*> keys;
    for (std::size_t i = 0; i < values.size(); i += step) keys.push_back(made(values[i]).ptr());
    if (key_costs_.are_affordable(keys, step == 1 ? KeyHolder::kSet : KeyHolder::kDict)) return;
    safe_load::Issue issue;
    issue.code = safe_load::ErrorCode::kLimit;
    issue.message = "keys that were made to collide, which would take Python for ever";
    issue.path = checkpoint_->path(value);
    raise(issue);
  }

  // A slice of the right size, so that the list is allocated once.
  void extend(const nb::object& list, const Values& values) {
    check(PyList_SetSlice(list.ptr(), 0, 0, tuple_of(values).ptr()));
  }

  void set_items(const nb::object& target, const Values& pairs) {
    const bool is_plain = PyDict_CheckExact(target.ptr());
    // The keys of a small dict are names, as those of an object; of a large one they are data.
    constexpr std::size_t kMostNames = 32;
    const bool is_record = pairs.size() <= 2 * kMostNames;
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      nb::object& key = made(pairs[i]);
      if (is_record && PyUnicode_CheckExact(key.ptr())) {
        PyObject* interned = key.release().ptr();
        PyUnicode_InternInPlace(&interned);
        key = nb::steal(interned);
      }
      PyObject* item = made(pairs[i + 1]).ptr();
      check(is_plain ? PyDict_SetItem(target.ptr(), key.ptr(), item)
                     : PyObject_SetItem(target.ptr(), key.ptr(), item));
    }
  }

  // The items of state dicts become attributes.
  void set_attributes(const nb::object& object, const ValueView& value) {
    const ValueKind kind = value.kind();
    const bool is_tensor = kind == ValueKind::kTensor || kind == ValueKind::kSparseTensor ||
                           kind == ValueKind::kNestedTensor || kind == ValueKind::kJaggedTensor ||
                           kind == ValueKind::kParameter;
    const char* const setter = is_tensor ? "set_tensor_attributes" : "set_attributes";
    for (std::size_t i = 0; i < value.states().size(); ++i)
      makers_.attr(setter)(object, made(value.states()[i]));
  }

  void fill_opaque(const nb::object& object, const ValueView& value) {
    check_keys(value, value.dict_items(), 2);
    if (is_constructed(value)) {
      makers_.attr("apply")(object, list_of(value.list_items()), list_of(value.dict_items()),
                            list_of(value.set_items()), tuple_of(value.states()));
      return;
    }
    makers_.attr("fill_opaque")(object, tuple_of(value.arguments()), dict_of(value.keywords()),
                                list_of(value.list_items()), list_of(value.dict_items()),
                                list_of(value.set_items()), tuple_of(value.states()));
  }

  std::shared_ptr<const Checkpoint> checkpoint_;
  ValueView root_;
  // One object for each tensor, at however many places its number stands.
  nb::object tensor_of_table(const safe_load::TensorView& tensor) {
    nb::object& known = table_[tensor.id()];
    if (!known.is_valid()) known = tensors_.tensor(tensor);
    return known;
  }

  nb::handle makers_;
  KeyCosts key_costs_;
  Wanted wanted_;
  std::vector<ValueKind> kinds_;                          // of the wanted ones
  std::vector<nb::object> made_;                          // the same
  std::unordered_map<std::uint32_t, nb::object> others_;  // by number: no parts of the root
  std::vector<Event> events_;
  TensorBuilder tensors_;
  bool has_table_;  // of tensors, which values name by number (tar files of torch 0.1)
  std::unordered_map<std::uint32_t, nb::object> table_;
  nb::dict constructors_;
  bool has_constructors_;
  nb::object progress_;
  std::chrono::steady_clock::time_point last_report_;
  std::uint64_t unseen_ = 0;  // tensors since the clock was read
  std::array<nb::object, 256> kind_names_;
};

}  // namespace

nb::object build(const std::shared_ptr<const Checkpoint>& checkpoint, const ValueView& root,
                 nb::handle makers) {
  // One tensor of a handle: it must not cost in proportion to the file.
  const bool is_plain_tensor =
      root.kind() == ValueKind::kTensor && root.states().empty() && !root.tensor()->is_quantized();
  if (is_plain_tensor)
    return guarded(*checkpoint, makers, root, [&] {
      const std::vector<std::uint32_t> wanted = {root.id()};
      return TensorBuilder(checkpoint, makers, wanted, {ValueKind::kTensor}).tensor(*root.tensor());
    });
  return Builder(checkpoint, root, makers).run();
}

}  // namespace safe_load_python
