// Two passes over the values, in the order in which the pickle made them. The first makes an object
// for each: immutable ones whole, for their parts have smaller numbers, mutable ones empty. The
// second fills the mutable ones, and gives attributes last, since these are copied out of dicts. So
// aliases stay aliases, cycles close by themselves, and nothing recurses.
//
// With constructors the order matters, since a caller's function sees its arguments: then each
// mutable object is filled as soon as the pickle had filled it.
#include "build.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "describe_array.h"
#include "dlpack.h"
#include "errors.h"
#include "memory.h"

namespace nb = nanobind;

namespace safe_load_python {
namespace {

using safe_load::Checkpoint;
using safe_load::StorageView;
using safe_load::TensorView;
using safe_load::ValueKind;
using safe_load::Values;
using safe_load::ValueView;

constexpr std::uint32_t kProgressStep = 4096;

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

nb::object checked(PyObject* object) {
  if (object == nullptr) throw nb::python_error();
  return nb::steal(object);
}

void check(int status) {
  if (status < 0) throw nb::python_error();
}

nb::object text_object(const ValueView& value) {
  const auto raw = value.raw();
  const auto* data = reinterpret_cast<const char*>(raw.data());
  const auto size = static_cast<Py_ssize_t>(raw.size());
  return checked(value.is_latin1() ? PyUnicode_DecodeLatin1(data, size, "strict")
                                   : PyUnicode_DecodeUTF8(data, size, "surrogatepass"));
}

nb::object bytes_object(std::span<const std::byte> bytes) {
  return checked(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                           static_cast<Py_ssize_t>(bytes.size())));
}

nb::object bytearray_object(std::span<const std::byte> bytes) {
  return checked(PyByteArray_FromStringAndSize(reinterpret_cast<const char*>(bytes.data()),
                                               static_cast<Py_ssize_t>(bytes.size())));
}

nb::object integer_object(const ValueView& value) {
  if (const auto small = value.get<std::int64_t>()) return checked(PyLong_FromLongLong(*small));
  const nb::object type = nb::borrow(reinterpret_cast<PyObject*>(&PyLong_Type));
  nb::dict keywords;
  keywords["signed"] = true;
  return type.attr("from_bytes")(bytes_object(value.raw()), "little", **keywords);
}

class Builder {
 public:
  Builder(std::shared_ptr<const Checkpoint> checkpoint, nb::handle makers)
      : checkpoint_(std::move(checkpoint)),
        makers_(makers),
        made_(checkpoint_->value_count()),
        constructors_(nb::cast<nb::dict>(makers.attr("constructors"))),
        progress_(makers.attr("progress")) {}

  nb::object run(const ValueView& root) {
    const CollectorPause pause;
    const std::vector<bool> wanted = checkpoint_->reachable_from(root);
    count_users(wanted);
    const auto count = static_cast<std::uint32_t>(wanted.size());
    const bool in_order = nb::len(constructors_) != 0;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> to_fill;  // (when, value)
    for (std::uint32_t id = 0; id < count; ++id) {
      const ValueView value = checkpoint_->value(id);
      if (!wanted[id] || !fills(value)) continue;
      const std::uint32_t at_the_end = count + (value.states().empty() ? 0 : 1);
      to_fill.emplace_back(in_order ? value.completed_at() : at_the_end, id);
    }
    std::sort(to_fill.begin(), to_fill.end());
    auto next = to_fill.begin();
    for (std::uint32_t id = 0; id <= count + 1; ++id) {
      for (; next != to_fill.end() && next->first <= id && next->second < id; ++next)
        fill(checkpoint_->value(next->second));
      if (id % kProgressStep == 0) report(id, count);
      if (id < count && wanted[id]) made_[id] = shell(checkpoint_->value(id));
    }
    report(count, count);
    return made_[root.id()];
  }

 private:
  nb::object& made(const ValueView& value) { return made_[value.id()]; }

  void report(std::uint32_t done, std::uint32_t total) {
    if (!progress_.is_none()) progress_(done, total, "values");
    check(PyErr_CheckSignals());
  }

  // ---- the first pass

  nb::object shell(const ValueView& value) {
    switch (value.kind()) {
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
        return checked(PyFrozenSet_New(tuple_of(value.items()).ptr()));
      case ValueKind::kList:
        return checked(PyList_New(0));
      case ValueKind::kDict:
        return checked(PyDict_New());
      case ValueKind::kSet:
        return checked(PySet_New(nullptr));
      case ValueKind::kDeque:
        return makers_.attr("deque")(longest(value));
      case ValueKind::kOrderedDict:
        return makers_.attr("ordered_dict")();
      case ValueKind::kCounter:
        return makers_.attr("counter")();
      case ValueKind::kDefaultDict:
        return makers_.attr("default_dict")(value.arguments().empty() ? nb::none()
                                                                      : made(value.arguments()[0]));
      case ValueKind::kSymbol:
        return makers_.attr("symbol")(to_str(value.module()), to_str(value.name()));
      case ValueKind::kTensor:
        return tensor(*value.tensor());
      case ValueKind::kStorage:
        return makers_.attr("storage_value")(storage(*value.storage(), 1),
                                             to_str(safe_load::name(value.storage()->dtype())),
                                             value.storage()->is_untyped());
      case ValueKind::kArray:
        return array(*value.array());
      case ValueKind::kScalar:
        return makers_.attr("scalar")(describe_dtype(*value.array()),
                                      bytearray_object(value.array()->bytes()));
      case ValueKind::kArrayDtype:
        return makers_.attr("array_dtype")(describe_dtype(*value.array()));
      case ValueKind::kAttributeOf:
        return makers_.attr("attribute_of")(made(value.arguments()[0]), made(value.arguments()[1]));
      case ValueKind::kPartial:
        return makers_.attr("partial")();
      case ValueKind::kOpaque:
        return opaque(value);
      case ValueKind::kUuid:
        return makers_.attr("uuid")(integer_object(value.attribute("int")));
      case ValueKind::kNamespace:
        return makers_.attr("namespace")();
      case ValueKind::kSimpleNamespace:
        return makers_.attr("simple_namespace")();
      case ValueKind::kDamaged:
        return makers_.attr("damaged")(checkpoint_->path(value));
      case ValueKind::kMissing:
        return nb::none();
      default:
        return makers_.attr("record")(to_str(to_text(value.kind())), to_tuple(value.fields()),
                                      tuple_of(value.arguments()));
    }
  }

  // The maxlen of a deque, or None.
  static nb::object longest(const ValueView& deque) {
    const Values given = deque.arguments();
    return given.size() == 2 && given[1].kind() == ValueKind::kInteger ? integer_object(given[1])
                                                                       : nb::none();
  }

  nb::object tuple_of(const Values& values) {
    nb::object tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
    for (std::size_t i = 0; i < values.size(); ++i)
      PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i), made(values[i]).inc_ref().ptr());
    return tuple;
  }

  nb::object opaque(const ValueView& value) {
    const std::string name = value.class_name();
    if (constructors_.contains(name.c_str())) {
      try {
        const nb::object result = makers_.attr("construct")(
            to_str(name), tuple_of(value.arguments()), dict_of(value.keywords()));
        return result;
      } catch (nb::python_error& error) {
        explain(error, value);
      }
    }
    return makers_.attr("opaque")(to_str(name), to_str(value.how()));
  }

  // Adds the place to an exception of the caller's own code, and lets it pass.
  [[noreturn]] void explain(nb::python_error& error, const ValueView& value) {
    const nb::object exception = nb::borrow(error.value());
    if (nb::hasattr(exception, "add_note"))
      exception.attr("add_note")(to_str("safe_load: at " + checkpoint_->path(value)));
    throw;
  }

  nb::object array(const safe_load::ArrayView& array) {
    const nb::object dtype = describe_dtype(array);
    if (array.has_objects()) return makers_.attr("object_array")(dtype, to_tuple(array.shape()));
    if (nb::cast<bool>(makers_.attr("has_numpy")))
      return makers_.attr("array")(dtype, to_tuple(array.shape()), to_tuple(array.strides()),
                                   bytearray_object(array.bytes()));
    return nb::cast(array_object(array.dtype(), array.item_size(), array.shape(), array.strides(),
                                 array.bytes()));
  }

  // ---- tensors

  // A tensor that is the only user of its storage and covers it is handed over as it is. All others
  // become views of one object per storage, so that sharing survives.
  void count_users(const std::vector<bool>& wanted) {
    users_.assign(checkpoint_->storage_count(), 0);
    for (std::uint32_t id = 0; id < wanted.size(); ++id) {
      if (!wanted[id]) continue;
      const ValueView value = checkpoint_->value(id);
      if (value.kind() == ValueKind::kTensor) users_[value.tensor()->storage().id()] += 1;
      if (value.kind() == ValueKind::kStorage) users_[value.storage()->id()] += 2;
    }
  }

  bool is_alone(const TensorView& tensor) {
    const StorageView storage = tensor.storage();
    return users_[storage.id()] == 1 && tensor.element_count() != 0 &&
           tensor.byte_count() == storage.byte_count() && tensor.is_contiguous() &&
           !tensor.is_conjugated() && !tensor.is_negated() && !tensor.is_meta() &&
           dlpack_type(tensor.dtype()) && is_direct(storage.location());
  }

  // Whether tensors that were saved from this device stay in host memory as they are.
  bool is_direct(std::string_view location) {
    const auto known = direct_.find(location);
    if (known != direct_.end()) return known->second;
    const bool direct = nb::cast<bool>(makers_.attr("is_direct")(to_str(location)));
    return direct_.emplace(std::string(location), direct).first->second;
  }

  nb::object storage(const StorageView& storage, std::size_t unit) {
    nb::object& known = storages_[{storage.id(), unit}];
    if (!known.is_valid())
      known = makers_.attr("storage")(nb::cast(StorageHandle{checkpoint_, storage}), unit);
    return known;
  }

  nb::object tensor(const TensorView& tensor) {
    const auto& type = safe_load::info(tensor.dtype());
    if (!nb::cast<bool>(makers_.attr("has_torch")) && !nb::cast<bool>(makers_.attr("makes_arrays")))
      return nb::cast(tensor_object(tensor));
    nb::object result;
    if (is_alone(tensor)) {
      const auto bytes = unwrap(tensor.storage().writable_bytes(type.swap_unit));
      result = makers_.attr("from_dlpack")(dlpack_capsule(bytes.data(), tensor.dtype(),
                                                          tensor.shape(), tensor.strides(), 0,
                                                          tensor.storage().share()));
    } else {
      result = makers_.attr("tensor")(storage(tensor.storage(), type.swap_unit), to_str(type.name),
                                      tensor.storage_offset(), to_tuple(tensor.shape()),
                                      to_tuple(tensor.strides()), tensor.is_conjugated(),
                                      tensor.is_negated());
    }
    if (tensor.is_parameter() || tensor.requires_grad())
      result = makers_.attr("finish")(result, tensor.is_parameter(), tensor.requires_grad());
    return result;
  }

  // ---- the second pass

  static bool fills(const ValueView& value) {
    switch (value.kind()) {
      case ValueKind::kList:
      case ValueKind::kDeque:
      case ValueKind::kDict:
      case ValueKind::kOrderedDict:
      case ValueKind::kDefaultDict:
      case ValueKind::kCounter:
      case ValueKind::kSet:
      case ValueKind::kNamespace:
      case ValueKind::kSimpleNamespace:
      case ValueKind::kPartial:
      case ValueKind::kOpaque:
        return true;
      case ValueKind::kTensor:
        return !value.states().empty();
      case ValueKind::kArray:
        return value.array()->has_objects();
      default:
        return false;
    }
  }

  void fill(const ValueView& value) {
    const nb::object& object = made(value);
    switch (value.kind()) {
      case ValueKind::kList:
        append(object, value.items());
        return;
      case ValueKind::kDeque:
        object.attr("extend")(list_of(value.items()));
        return;
      case ValueKind::kSet:
        for (std::size_t i = 0; i < value.items().size(); ++i)
          check(PySet_Add(object.ptr(), made(value.items()[i]).ptr()));
        return;
      case ValueKind::kDict:
        set_items(object, value.items());
        return;
      case ValueKind::kOrderedDict:
      case ValueKind::kDefaultDict:
      case ValueKind::kCounter:
        set_items(object, value.items());
        set_attributes(object, value);
        return;
      case ValueKind::kArray:
        makers_.attr("fill_array")(object, list_of(value.array()->elements()));
        return;
      case ValueKind::kOpaque:
        fill_opaque(object, value);
        return;
      case ValueKind::kPartial:
        makers_.attr("fill_partial")(object, tuple_of(value.states()));
        return;
      default:
        set_attributes(object, value);
    }
  }

  void append(const nb::object& list, const Values& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      check(PyList_Append(list.ptr(), made(values[i]).ptr()));
  }

  nb::object list_of(const Values& values) {
    nb::object list = checked(PyList_New(0));
    append(list, values);
    return list;
  }

  void set_items(const nb::object& target, const Values& pairs) {
    const bool is_plain = PyDict_CheckExact(target.ptr());
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      nb::object& key = made(pairs[i]);
      if (PyUnicode_CheckExact(key.ptr())) {
        PyObject* interned = key.release().ptr();
        PyUnicode_InternInPlace(&interned);
        key = nb::steal(interned);
      }
      PyObject* item = made(pairs[i + 1]).ptr();
      check(is_plain ? PyDict_SetItem(target.ptr(), key.ptr(), item)
                     : PyObject_SetItem(target.ptr(), key.ptr(), item));
    }
  }

  nb::object dict_of(const Values& pairs) {
    nb::object dict = checked(PyDict_New());
    set_items(dict, pairs);
    return dict;
  }

  // The items of state dicts become attributes. Names with two underscores at both ends change what
  // an object is, not what it holds: they are left out.
  void set_attributes(const nb::object& object, const ValueView& value) {
    for (std::size_t i = 0; i < value.states().size(); ++i)
      makers_.attr("set_attributes")(object, made(value.states()[i]));
  }

  void fill_opaque(const nb::object& object, const ValueView& value) {
    if (constructors_.contains(value.class_name().c_str())) {
      try {
        makers_.attr("apply")(object, list_of(value.list_items()), list_of(value.dict_items()),
                              list_of(value.set_items()), tuple_of(value.states()));
      } catch (nb::python_error& error) {
        explain(error, value);
      }
      return;
    }
    makers_.attr("fill_opaque")(object, tuple_of(value.arguments()), dict_of(value.keywords()),
                                list_of(value.list_items()), list_of(value.dict_items()),
                                list_of(value.set_items()), tuple_of(value.states()));
  }

  std::shared_ptr<const Checkpoint> checkpoint_;
  nb::handle makers_;
  std::vector<nb::object> made_;
  std::vector<std::uint32_t> users_;  // by storage
  std::map<std::pair<std::uint32_t, std::size_t>, nb::object> storages_;
  std::map<std::string, bool, std::less<>> direct_;
  nb::dict constructors_;
  nb::object progress_;
};

}  // namespace

nb::object build(const std::shared_ptr<const Checkpoint>& checkpoint, const ValueView& root,
                 nb::handle makers) {
  return Builder(checkpoint, makers).run(root);
}

}  // namespace safe_load_python
