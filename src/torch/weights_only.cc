#include "torch/weights_only.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "pickle/walk.h"

namespace safe_load::torch {

using pickle::Call;
using pickle::Kind;
using pickle::NodeId;
using pickle::Opcode;
using pickle::Symbol;
using pickle::Tape;

namespace {

struct Names {
  std::string_view module;
  std::string_view names;  // separated by blanks
};

constexpr std::string_view kTensorTypes =
    "ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor "
    "BFloat16Tensor";

constexpr Names kAllowed[] = {
    {"builtins", "bytearray complex set"},
    {"_codecs", "encode"},
    {"collections", "Counter OrderedDict"},
    {"torch",
     "Tensor Size device "
     "bfloat16 float16 float32 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
     "float8_e8m0fnu float4_e2m1fn_x2 complex32 complex64 complex128 bool int8 int16 int32 int64 "
     "uint8 uint16 uint32 uint64 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3 uint4 uint5 "
     "uint6 uint7 qint8 qint32 quint8 quint4x2 quint2x4 bits8 bits16 bits1x8 bits2x4 bits4x2 "
     "per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric "
     "per_channel_affine_float_qparams "
     "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
     "ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage "
     "ShortStorage QInt8Storage QInt32Storage QUInt8Storage QUInt4x2Storage QUInt2x4Storage "
     "BoolTensor"},
    {"torch", kTensorTypes},
    {"torch.cuda",
     "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
     "ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage "
     "ShortStorage BoolTensor"},
    {"torch.cuda", kTensorTypes},
    {"torch.sparse", kTensorTypes},
    {"torch.cuda.sparse", kTensorTypes},
    {"torch.storage", "TypedStorage UntypedStorage"},
    {"torch.nn.parameter", "Parameter"},
    {"torch.serialization", "_get_layout"},
    {"torch._tensor", "_rebuild_from_type_v2"},
    {"torch._utils",
     "_rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor _rebuild_tensor "
     "_rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_sparse_tensor "
     "_rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_wrapper_subclass "
     "_rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor"},
    // What `import torch` itself adds.
    {"torch.nested._internal.nested_tensor", "NestedTensor _rebuild_njt"},
    {"torch.distributed._mesh_layout", "_FlatLayout _MeshLayout"},
};

constexpr Names kAfterImport[] = {
    {"torch._dynamo.decorators", "_DimRange"},
    {"torch.distributed.device_mesh", "DeviceMesh"},
    {"torch.distributed.tensor._dtensor_spec", "DTensorSpec TensorMeta ShardOrderEntry"},
    {"torch.distributed.tensor", "DTensor"},
    {"torch.distributed.tensor.placement_types", "Partial Replicate Shard _StridedShard"},
};

bool holds(std::span<const Names> rows, std::string_view module, std::string_view name) {
  return std::any_of(rows.begin(), rows.end(), [&](const Names& row) {
    if (row.module != module) return false;
    for (std::size_t at = row.names.find(name); at != std::string_view::npos;
         at = row.names.find(name, at + 1)) {
      const bool begins = at == 0 || row.names[at - 1] == ' ';
      const std::size_t end = at + name.size();
      if (begins && (end == row.names.size() || row.names[end] == ' ')) return true;
    }
    return false;
  });
}

bool is_supported(Opcode opcode) {
  constexpr std::string_view kPlain = ".(NJKMGXU)t]ae}su\x8fhjqrcRbQ";
  constexpr std::string_view kLater = "\x80\x81\x85\x86\x87\x88\x89\x8a";
  const char byte = static_cast<char>(opcode);
  return kPlain.find(byte) != std::string_view::npos || kLater.find(byte) != std::string_view::npos;
}

std::string full_name(const Symbol& symbol) {
  return std::string(symbol.module) + "." + std::string(symbol.name);
}

// numpy.dtypes.Float64DType for "f8".
std::string dtype_class(std::string_view text) {
  struct Row {
    std::string_view text;
    std::string_view name;
  };
  constexpr Row kRows[] = {
      {"b1", "Bool"},        {"i1", "Int8"},        {"i2", "Int16"},       {"i4", "Int32"},
      {"i8", "Int64"},       {"u1", "UInt8"},       {"u2", "UInt16"},      {"u4", "UInt32"},
      {"u8", "UInt64"},      {"f2", "Float16"},     {"f4", "Float32"},     {"f8", "Float64"},
      {"f16", "LongDouble"}, {"c8", "Complex64"},   {"c16", "Complex128"}, {"c32", "CLongDouble"},
      {"M8", "DateTime64"},  {"m8", "TimeDelta64"}, {"O8", "Object"},      {"O", "Object"},
  };
  for (const Row& row : kRows)
    if (row.text == text) return "numpy.dtypes." + std::string(row.name) + "DType";
  if (text.starts_with('S')) return "numpy.dtypes.BytesDType";
  if (text.starts_with('U')) return "numpy.dtypes.StrDType";
  return "numpy.dtypes.VoidDType";
}

// Goes through the calls of a tape as torch's reader would make them.
class Calls {
 public:
  explicit Calls(const Tape& tape) : tape_(tape) {}

  std::vector<OddCall> run() {
    for (NodeId id = 0; id < tape_.size(); ++id)
      if (tape_.call_of(id) != nullptr) look_at(id);
    return std::move(found_);
  }

 private:
  void report(OddCall::Kind kind, NodeId id, std::string name) {
    found_.push_back({kind, id, std::move(name)});
  }

  void look_at(NodeId id) {
    const Call& call = tape_.call(id);
    const pickle::Added& added = tape_.added(call);
    if (tape_[call.callee].kind != Kind::kSymbol) {
      report(OddCall::Kind::kCallable, id, "");
      return;
    }
    const Symbol& symbol = tape_.symbol(call.callee);
    // Before protocol 4 a class that is made with keywords is called through functools.partial.
    const bool is_partial = call.how == pickle::How::kNewObjectEx && tape_.protocol() < 4;
    const bool lacks_arguments = symbol.is("numpy", "finfo") && tape_.arguments(call).empty();
    if (is_partial || lacks_arguments) {
      report(OddCall::Kind::kCallable, id, lacks_arguments ? full_name(symbol) : "");
      return;
    }
    const std::string result = class_of_result(call, symbol);
    const bool is_dict = result == "builtins.dict" || result == "collections.OrderedDict" ||
                         result == "collections.Counter";
    if ((added.dict_items.count != 0 && !is_dict) ||
        (added.list_items.count != 0 && result != "builtins.list"))
      report(OddCall::Kind::kItems, id, result);
    if (added.states.count != 0 && !is_named(result))
      report(OddCall::Kind::kUnnamedClass, id, result);
  }

  // Whether the file names the class, or torch allows it.
  bool is_named(const std::string& name) {
    if (names_.empty())
      for (std::uint32_t i = 0; i < tape_.symbols().size(); ++i)
        names_[full_name(tape_.symbols()[i])] = true;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos) return false;
    return names_.contains(name) || is_allowed_by_torch(name.substr(0, dot), name.substr(dot + 1));
  }

  std::string symbol_at(std::span<const NodeId> arguments, std::size_t i) const {
    return i < arguments.size() && tape_[arguments[i]].kind == Kind::kSymbol
               ? full_name(tape_.symbol(arguments[i]))
               : std::string();
  }

  std::string_view text_at(std::span<const NodeId> arguments, std::size_t i) const {
    const bool is_text = i < arguments.size() && (tape_[arguments[i]].kind == Kind::kText ||
                                                  tape_[arguments[i]].kind == Kind::kBytes);
    return is_text ? tape_.text(arguments[i]) : std::string_view();
  }

  // The class of what a call gives. A class gives its own; a function that is not known here, too.
  std::string class_of_result(const Call& call, const Symbol& symbol) const {
    std::string callee = full_name(symbol);
    const std::span<const NodeId> given = tape_.arguments(call);
    const auto ends = [&](std::string_view end) { return callee.ends_with(end); };
    if (callee == "numpy.dtype") {
      const std::string named = symbol_at(given, 0);  // numpy.record is a dtype of structures
      return named.empty() ? dtype_class(text_at(given, 0)) : "numpy.dtypes.VoidDType";
    }
    if (ends("multiarray._reconstruct") || ends("_internal._reconstruct") ||
        ends("core._mareconstruct") || ends("ma.core._mareconstruct") ||
        callee == "copyreg._reconstructor" || callee == "copyreg.__newobj__")
      return symbol_at(given, 0);
    if (callee == "numpy.random._pickle.__randomstate_ctor" ||
        callee == "numpy.random.__RandomState_ctor")
      return "numpy.random.mtrand.RandomState";
    if (callee == "numpy.random._pickle.__generator_ctor")
      return "numpy.random._generator.Generator";
    if (callee == "numpy.random._pickle.__bit_generator_ctor") return bit_generator(given);
    if (callee == "builtins.iter" || callee == "builtins.reversed")
      return iterator_class(given, callee == "builtins.reversed");
    if (ends("__pyx_unpickle_SeedSequence")) return symbol_at(given, 0);
    return callee;
  }

  // Classes that no module has under a name.
  std::string iterator_class(std::span<const NodeId> given, bool is_reversed) const {
    if (is_reversed) return "list_reverseiterator";
    const Kind kind = given.empty() ? Kind::kNone : tape_[given[0]].kind;
    if (kind == Kind::kTuple) return "tuple_iterator";
    if (kind == Kind::kText) return "str_ascii_iterator";
    return kind == Kind::kBytes ? "bytes_iterator" : "list_iterator";
  }

  std::string bit_generator(std::span<const NodeId> given) const {
    std::string named = symbol_at(given, 0);
    if (!named.empty()) return named;
    const std::string_view name = text_at(given, 0);
    std::string module;
    for (const char c : name.substr(0, name.find("DXSM")))
      module += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return "numpy.random._" + module + "." + std::string(name);
  }

  const Tape& tape_;
  std::vector<OddCall> found_;
  std::map<std::string, bool> names_;
};

}  // namespace

bool is_allowed_by_torch(std::string_view module, std::string_view name) {
  return holds(kAllowed, module, name);
}

bool is_blocked_by_torch(std::string_view module) {
  return module == "sys" || module == "os" || module == "posix" || module == "nt";
}

bool is_allowed_after_import(std::string_view module, std::string_view name) {
  return holds(kAfterImport, module, name);
}

std::vector<OddOpcode> odd_opcodes(base::Bytes bytes, int programs) {
  std::array<OddOpcode, 256> seen;
  OddOpcode text;
  std::uint64_t start = 0;
  for (int i = 0; i < programs; ++i) {
    const auto end =
        pickle::walk(bytes.subspan(static_cast<std::size_t>(start)),
                     [&](Opcode opcode, std::uint64_t offset, base::Bytes argument) {
                       const bool is_odd_text = opcode == Opcode::kSHORT_BINSTRING &&
                                                !base::is_utf8(base::as_text(argument), false);
                       if (is_supported(opcode) && !is_odd_text) return;
                       OddOpcode& odd = is_odd_text ? text : seen[static_cast<std::size_t>(opcode)];
                       if (odd.count++ != 0) return;
                       odd.name = pickle::name(opcode);
                       odd.offset = start + offset;
                       odd.is_text = is_odd_text;
                     });
    if (!end) break;  // such a file does not open, and is not explained
    start += *end;
  }
  std::vector<OddOpcode> found;
  for (const OddOpcode& odd : seen)
    if (odd.count != 0) found.push_back(odd);
  if (text.count != 0) found.push_back(text);
  return found;
}

std::vector<OddCall> odd_calls(const Tape& tape) { return Calls(tape).run(); }

}  // namespace safe_load::torch
