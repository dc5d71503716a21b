// The rows stand by subject; the compiler sorts them. Sources: CPython Lib (reduce methods), NumPy
// numpy/_core/src/multiarray, torch 2.13 torch/_utils.py and torch/storage.py.
// docs/format/types.md, types-numpy.md and tensors.md say what each becomes.
#include "types/known.h"

#include <algorithm>
#include <array>

#include "safe_load/dtype.h"

namespace safe_load::types {
namespace {

using K = SymbolKind;
using M = Meaning;

constexpr Known value(std::string_view module, std::string_view name, SymbolKind kind,
                      std::uint8_t value = 0) {
  return {module, name, kind, value, M::kNotCallable, {}, {}, Items::kNone};
}

constexpr Known call(std::string_view module, std::string_view name, SymbolKind kind,
                     Meaning meaning, Schema schema, Schema state = {},
                     Items items = Items::kNone) {
  return {module, name, kind, 0, meaning, schema, state, items};
}

// What BUILD must fill.
constexpr Known stateful(std::string_view module, std::string_view name, SymbolKind kind,
                         Meaning meaning, Schema schema, Schema state) {
  return {module, name, kind, 0, meaning, schema, state, Items::kNone, true};
}

// A tensor of torch before 0.4, which BUILD fills; `value`: its DType, or kUntyped.
constexpr Known old_tensor(std::string_view module, std::string_view name, DType dtype) {
  return {module,    name,         K::kClass, static_cast<std::uint8_t>(dtype), M::kOldTensor, "()",
          "(tuple)", Items::kNone, true};
}

// A sparse tensor of torch before 0.4.
constexpr Known sparse_tensor(std::string_view module, std::string_view name, DType dtype) {
  return {module,
          name,
          K::kClass,
          static_cast<std::uint8_t>(dtype),
          M::kRebuildSparse,
          "(tensor,tensor,ints)",
          {},
          Items::kNone};
}

constexpr Known type_name(std::string_view module, std::string_view name) {
  return value(module, name, K::kTypeName);
}

constexpr Known storage(std::string_view module, std::string_view name, DType dtype) {
  return {module,   name, K::kStorageClass, static_cast<std::uint8_t>(dtype), M::kStorageFromList,
          "(list)", {},   Items::kNone};
}

// Python has no such class, so no pickle can call it.
constexpr Known script_storage(std::string_view module, std::string_view name, DType dtype) {
  return value(module, name, K::kStorageClass, static_cast<std::uint8_t>(dtype));
}

constexpr Known dtype(std::string_view name, DType dtype) {
  return value("torch", name, K::kTensorDtype, static_cast<std::uint8_t>(dtype));
}

constexpr Schema kPathParts = "(str*)";
constexpr Schema kAttributes = "(dict<str,any>)";
constexpr Schema kDtypeState = "(tuple)";
constexpr Schema kArrayState = "(tuple)";
constexpr Schema kShell = "(array-class,tuple<uint>,bytes)";
constexpr Schema kMasked = "(array-class,array-class,tuple<uint>,str/bytes)";
constexpr Schema kFromBuffer = "(bytes/bytearray,array-dtype,tuple<uint>,str,tuple<uint>/none?)";
constexpr Schema kScalar = "(array-dtype/inert,bytes/array)";
constexpr Schema kStringKeywords = "(int/bool,any?)";
// The second and third form are TorchScript's: (layout, size, requires_grad, parts ..., hooks).
constexpr Schema kSparseParts =
    "(layout,tuple)|(uint,ints,bool,tensor,tensor,hooks)|(uint,ints,bool,tensor,tensor,tensor,"
    "hooks)";
constexpr Schema kRandomParts = "()|(str,callable?)|(bit-generator)";

// clang-format off
constexpr auto kRows = std::to_array<Known>({
    // ---- containers
    call("collections", "OrderedDict", K::kFactory, M::kOrderedDict, "()|(list/tuple<pair>)", kAttributes, Items::kDict).made(New::kEmpty),
    call("collections", "defaultdict", K::kClass, M::kDefaultDict, "()|(callable/inert/none)", {}, Items::kDict).made(New::kEmpty).costing({.frees_deep = true}),
    call("collections", "Counter", K::kClass, M::kCounter, "()|(dict)", kAttributes, Items::kDict).made(New::kEmpty),
    call("collections", "deque", K::kClass, M::kDeque, "()|(list/tuple,uint/none?)", {}, Items::kList).made(New::kEmpty).costing({.bytes = 600, .frees_deep = true}),
    call("builtins", "dict", K::kFactory, M::kDict, "()|(dict)|(list/tuple<pair>)", {}, Items::kDict).made(New::kEmpty),
    call("builtins", "list", K::kFactory, M::kList, "()|(list/tuple)", {}, Items::kList).made(New::kEmpty),
    call("builtins", "tuple", K::kFactory, M::kTuple, "()|(list/tuple)").made(New::kAsCall),
    call("builtins", "set", K::kFactory, M::kSet, "()|(list/tuple)", {}, Items::kSet).made(New::kEmpty),
    call("builtins", "frozenset", K::kFactory, M::kFrozenSet, "()|(list/tuple)").made(New::kAsCall),

    // ---- texts and numbers
    call("builtins", "bytes", K::kFactory, M::kBytes, "()|(list<uint>)|(bytes)").made(New::kAsCall),
    call("builtins", "bytearray", K::kClass, M::kByteArray, "()|(bytes)|(str,str)").made(New::kEmpty),
    call("_codecs", "encode", K::kFunction, M::kEncode, "(str,str)"),
    call("builtins", "complex", K::kClass, M::kComplex, "(float,float)").made(New::kAsCall),
    call("builtins", "int", K::kFactory, M::kLiteral, "(int)").made(New::kAsCall).costing({.copies = 1}),
    call("builtins", "float", K::kFactory, M::kLiteral, "(float)").made(New::kAsCall),
    call("builtins", "str", K::kFactory, M::kLiteral, "(str)").made(New::kAsCall).costing({.copies = 1}),
    call("builtins", "bool", K::kFactory, M::kLiteral, "(bool)").made(New::kAsCall),
    call("builtins", "type", K::kClass, M::kTypeOf, "(none/symbol)"),
    call("decimal", "Decimal", K::kClass, M::kDecimal, "(str)").made(New::kAsCall).costing({.copies = 1}),
    call("fractions", "Fraction", K::kClass, M::kFraction, "(int,int)|(str)").made(New::kAsCall).costing({.copies = 2}),
    stateful("uuid", "UUID", K::kClass, M::kUuid, "()", "(dict<str,any>)").made(New::kOnly).plain(),

    // ---- records
    call("builtins", "range", K::kClass, M::kRange, "(int,int,int)").made(New::kAsCall).costing({.copies = 2}),
    call("builtins", "slice", K::kClass, M::kSlice, "(any,any?,any?)").made(New::kAsCall).costing({.frees_deep = true, .hashes_deep = true}),
    call("datetime", "datetime", K::kClass, M::kDateTime, "(bytes,timezone/inert/none?)").made(New::kAsCall),
    call("datetime", "date", K::kClass, M::kDate, "(bytes)").made(New::kAsCall),
    call("datetime", "time", K::kClass, M::kTime, "(bytes,timezone/inert/none?)").made(New::kAsCall),
    call("datetime", "timedelta", K::kClass, M::kTimeDelta, "(int,int,int)").made(New::kAsCall),
    call("datetime", "timezone", K::kClass, M::kTimezone, "(timedelta,str?)").made(New::kAsCall),
    call("pathlib", "PosixPath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib", "PurePosixPath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib", "Path", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib", "PurePath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib", "WindowsPath", K::kClass, M::kWindowsPath, kPathParts).costing({.copies = 2}),
    call("pathlib", "PureWindowsPath", K::kClass, M::kWindowsPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "PosixPath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "PurePosixPath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "Path", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "PurePath", K::kClass, M::kPosixPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "WindowsPath", K::kClass, M::kWindowsPath, kPathParts).costing({.copies = 2}),
    call("pathlib._local", "PureWindowsPath", K::kClass, M::kWindowsPath, kPathParts).costing({.copies = 2}),
    call("argparse", "Namespace", K::kClass, M::kNamespace, "()", kAttributes).made(New::kEmpty).plain(),
    call("types", "SimpleNamespace", K::kClass, M::kSimpleNamespace, "()", kAttributes).made(New::kEmpty),

    stateful("collections", "ChainMap", K::kClass, M::kChainMap, "()", kAttributes).made(New::kEmpty).plain(),
    stateful("collections", "UserDict", K::kClass, M::kUserDict, "()", kAttributes).made(New::kEmpty).plain(),
    stateful("collections", "UserList", K::kClass, M::kUserList, "()", kAttributes).made(New::kEmpty).plain(),
    stateful("collections", "UserString", K::kClass, M::kUserString, "()|(str)", kAttributes).made(New::kOnly).plain(),
    call("time", "struct_time", K::kClass, M::kStructTime, "(tuple<int>,dict<str,any>?)").made(New::kAsCall),
    value("zoneinfo", "ZoneInfo", K::kClass),
    call("re", "_compile", K::kFunction, M::kPattern, "(str/bytes,int)"),
    call("ipaddress", "IPv4Address", K::kClass, M::kIpAddress, "(str/int)"),
    call("ipaddress", "IPv6Address", K::kClass, M::kIpAddress, "(str/int)"),
    call("ipaddress", "IPv4Network", K::kClass, M::kIpAddress, "(str)"),
    call("ipaddress", "IPv6Network", K::kClass, M::kIpAddress, "(str)"),
    call("ipaddress", "IPv4Interface", K::kClass, M::kIpAddress, "(str)"),
    call("ipaddress", "IPv6Interface", K::kClass, M::kIpAddress, "(str)"),
    call("array", "array", K::kClass, M::kNumberArray, "(str,list<int/float/str>)").made(New::kAsCall).costing({.copies = 1}),
    call("array", "_array_reconstructor", K::kFunction, M::kNumberArrayBytes, "(symbol,str,uint,bytes)").costing({.copies = 1}),
    stateful("_io", "BytesIO", K::kClass, M::kBytesStream, "()", "(tuple)").made(New::kEmpty).costing({.copies = 1, .bytes = 100}),
    stateful("_io", "StringIO", K::kClass, M::kTextStream, "()", "(tuple)").made(New::kEmpty).costing({.copies = 4, .bytes = 200}),
    stateful("random", "Random", K::kClass, M::kPythonRandom, "()", "(tuple)").made(New::kEmpty).costing({.bytes = 2600}),

    // ---- inert records of safe_load's own, that a program saved again
    stateful("safe_load._inert", "Opaque", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "GlobalRef", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "AttrRef", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "Partial", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "Pattern", K::kClass, M::kOwnRecord, "()", "(dict<str,any>)").made(New::kOnly),
    stateful("safe_load._inert", "TypeExpr", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "TensorRecord", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    stateful("safe_load._inert", "StateRecord", K::kClass, M::kOwnRecord, "()", "(pair)").made(New::kOnly),
    call("safe_load._inert", "_States", K::kClass, M::kOwnRecord, "()", {}, Items::kList).made(New::kEmpty),

    // ---- type expressions: Optional[int], list[int], int | None
    call("_operator", "getitem", K::kFunction, M::kTypeExpression, "(type-name,any)").costing({.hashes_deep = true}),
    call("types", "GenericAlias", K::kFunction, M::kTypeExpression, "(symbol,any)").costing({.hashes_deep = true}),
    call("functools", "reduce", K::kFunction, M::kTypeExpression, "(symbol,tuple)").costing({.hashes_deep = true}),
    call("_functools", "reduce", K::kFunction, M::kTypeExpression, "(symbol,tuple)").costing({.hashes_deep = true}),
    call("_operator", "or_", K::kFunction, M::kObject, "(any,any)"),
    type_name("typing", "Any"), type_name("typing", "AnyStr"), type_name("typing", "Callable"),
    type_name("typing", "ClassVar"), type_name("typing", "DefaultDict"), type_name("typing", "Deque"),
    type_name("typing", "Dict"), type_name("typing", "Final"), type_name("typing", "FrozenSet"),
    type_name("typing", "Generator"), type_name("typing", "Iterable"), type_name("typing", "Iterator"),
    type_name("typing", "List"), type_name("typing", "Literal"), type_name("typing", "Mapping"),
    type_name("typing", "MutableMapping"), type_name("typing", "NoReturn"), type_name("typing", "Optional"),
    type_name("typing", "OrderedDict"), type_name("typing", "Sequence"), type_name("typing", "Set"),
    type_name("typing", "Tuple"), type_name("typing", "Type"), type_name("typing", "Union"),
    type_name("collections.abc", "Callable"), type_name("collections.abc", "Collection"),
    type_name("collections.abc", "Container"), type_name("collections.abc", "Generator"),
    type_name("collections.abc", "Hashable"), type_name("collections.abc", "Iterable"),
    type_name("collections.abc", "Iterator"), type_name("collections.abc", "Mapping"),
    type_name("collections.abc", "MutableMapping"), type_name("collections.abc", "MutableSequence"),
    type_name("collections.abc", "MutableSet"), type_name("collections.abc", "Sequence"),
    type_name("collections.abc", "Set"), type_name("collections.abc", "Sized"),

    // ---- constants
    value("builtins", "None", K::kConstant),
    value("builtins", "True", K::kConstant),
    value("builtins", "False", K::kConstant),
    value("builtins", "Ellipsis", K::kConstant),
    value("builtins", "NotImplemented", K::kConstant),

    // ---- inert references and ways of building objects; nothing is looked up, nothing is called
    call("builtins", "object", K::kClass, M::kObject, "()").made(New::kEmpty).plain(),
    call("builtins", "getattr", K::kFunction, M::kGetattr, "(any,str,any?)"),
    call("functools", "partial", K::kClass, M::kPartial, "(callable)", "(tuple)").made(New::kAsCall),
    call("copyreg", "_reconstructor", K::kFunction, M::kReconstructor, "(symbol,symbol,any)", "(any)", Items::kDict),
    call("copyreg", "__newobj__", K::kFunction, M::kNewObject, "(callable,any*)", "(any)", Items::kDict),
    call("copyreg", "__newobj_ex__", K::kFunction, M::kNewObjectEx, "(callable,tuple,dict<str,any>)", "(any)", Items::kDict),

    // ---- numpy, under the names of NumPy 1 and of NumPy 2
    call("numpy", "dtype", K::kClass, M::kArrayDtype, "(str/array-scalar-type/inert,bool/uint,bool/uint)", kDtypeState).made(New::kAsCall),
    call("numpy.core.multiarray", "_reconstruct", K::kFunction, M::kArrayShell, kShell, kArrayState),
    call("numpy._core.multiarray", "_reconstruct", K::kFunction, M::kArrayShell, kShell, kArrayState),
    call("numpy.core.multiarray", "scalar", K::kFunction, M::kArrayScalar, kScalar),
    call("numpy._core.multiarray", "scalar", K::kFunction, M::kArrayScalar, kScalar),
    call("numpy.core.numeric", "_frombuffer", K::kFunction, M::kArrayFromBuffer, kFromBuffer),
    call("numpy._core.numeric", "_frombuffer", K::kFunction, M::kArrayFromBuffer, kFromBuffer),
    call("numpy.ma.core", "_mareconstruct", K::kFunction, M::kMaskedShell, kMasked, "(tuple)"),
    call("numpy.ma.core", "MaskedConstant", K::kClass, M::kMaskedConstant, "()").made(New::kAsCall),
    call("numpy._core._internal", "_convert_to_stringdtype_kwargs", K::kFunction, M::kStringDtype, kStringKeywords),
    // Where joblib reads one, the array takes its place: formats/joblib_arrays.cc.
    stateful("joblib.numpy_pickle", "NumpyArrayWrapper", K::kClass, M::kObject, "()", kAttributes).made(New::kOnly).plain(),
    stateful("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper", K::kClass, M::kObject, "()", kAttributes).made(New::kOnly).plain(),
    value("numpy", "ndarray", K::kArrayClass),
    value("numpy", "matrix", K::kArrayClass),
    value("numpy.matrixlib.defmatrix", "matrix", K::kArrayClass),
    value("numpy", "recarray", K::kArrayClass),
    value("numpy.rec", "recarray", K::kArrayClass),
    value("numpy.core.records", "recarray", K::kArrayClass),
    value("numpy", "chararray", K::kArrayClass),
    value("numpy.char", "chararray", K::kArrayClass),
    value("numpy.core.defchararray", "chararray", K::kArrayClass),
    value("numpy.ma.core", "MaskedArray", K::kArrayClass),
    value("numpy.ma", "MaskedArray", K::kArrayClass),
    value("numpy", "memmap", K::kArrayClass),
    value("numpy.core.memmap", "memmap", K::kArrayClass),
    value("numpy", "bool_", K::kArrayScalarType),
    value("numpy", "bool", K::kArrayScalarType),
    value("numpy", "int8", K::kArrayScalarType),
    value("numpy", "int16", K::kArrayScalarType),
    value("numpy", "int32", K::kArrayScalarType),
    value("numpy", "int64", K::kArrayScalarType),
    value("numpy", "longlong", K::kArrayScalarType),
    value("numpy", "uint8", K::kArrayScalarType),
    value("numpy", "uint16", K::kArrayScalarType),
    value("numpy", "uint32", K::kArrayScalarType),
    value("numpy", "uint64", K::kArrayScalarType),
    value("numpy", "ulonglong", K::kArrayScalarType),
    value("numpy", "float16", K::kArrayScalarType),
    value("numpy", "float32", K::kArrayScalarType),
    value("numpy", "float64", K::kArrayScalarType),
    value("numpy", "longdouble", K::kArrayScalarType),
    value("numpy", "complex64", K::kArrayScalarType),
    value("numpy", "complex128", K::kArrayScalarType),
    value("numpy", "clongdouble", K::kArrayScalarType),
    value("numpy", "str_", K::kArrayScalarType),
    value("numpy", "bytes_", K::kArrayScalarType),
    value("numpy", "void", K::kArrayScalarType),
    value("numpy", "record", K::kArrayScalarType),
    value("numpy", "object_", K::kArrayScalarType),
    value("numpy", "datetime64", K::kArrayScalarType),
    value("numpy", "timedelta64", K::kArrayScalarType),

    value("numpy.dtypes", "BoolDType", K::kArrayScalarType),
    value("numpy.dtypes", "Int8DType", K::kArrayScalarType),
    value("numpy.dtypes", "Int16DType", K::kArrayScalarType),
    value("numpy.dtypes", "Int32DType", K::kArrayScalarType),
    value("numpy.dtypes", "Int64DType", K::kArrayScalarType),
    value("numpy.dtypes", "LongLongDType", K::kArrayScalarType),
    value("numpy.dtypes", "UInt8DType", K::kArrayScalarType),
    value("numpy.dtypes", "UInt16DType", K::kArrayScalarType),
    value("numpy.dtypes", "UInt32DType", K::kArrayScalarType),
    value("numpy.dtypes", "UInt64DType", K::kArrayScalarType),
    value("numpy.dtypes", "ULongLongDType", K::kArrayScalarType),
    value("numpy.dtypes", "Float16DType", K::kArrayScalarType),
    value("numpy.dtypes", "Float32DType", K::kArrayScalarType),
    value("numpy.dtypes", "Float64DType", K::kArrayScalarType),
    value("numpy.dtypes", "LongDoubleDType", K::kArrayScalarType),
    value("numpy.dtypes", "Complex64DType", K::kArrayScalarType),
    value("numpy.dtypes", "Complex128DType", K::kArrayScalarType),
    value("numpy.dtypes", "CLongDoubleDType", K::kArrayScalarType),
    value("numpy.dtypes", "ObjectDType", K::kArrayScalarType),
    value("numpy.dtypes", "BytesDType", K::kArrayScalarType),
    value("numpy.dtypes", "StrDType", K::kArrayScalarType),
    value("numpy.dtypes", "VoidDType", K::kArrayScalarType),
    value("numpy.dtypes", "DateTime64DType", K::kArrayScalarType),
    value("numpy.dtypes", "TimeDelta64DType", K::kArrayScalarType),
    value("numpy.dtypes", "StringDType", K::kArrayScalarType),

    // ---- numpy: random states
    stateful("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence", K::kFunction, M::kSeedSequence, "(symbol,int,none)", "(tuple)").costing({.copies = 1, .bytes = 500}),
    value("numpy.random.bit_generator", "SeedSequence", K::kClass),
    stateful("numpy.random._pickle", "__bit_generator_ctor", K::kFunction, M::kBitGenerator, "(str)|(bit-generator-class)", "(dict<str,any>)|(tuple)").costing({.bytes = 5100}),
    call("numpy.random._pickle", "__generator_ctor", K::kFunction, M::kRandomGenerator, kRandomParts, "(dict<str,any>)").costing({.bytes = 5100}),
    stateful("numpy.random._pickle", "__randomstate_ctor", K::kFunction, M::kRandomState, kRandomParts, "(dict<str,any>/tuple)").costing({.bytes = 5100}),
    stateful("numpy.random", "__RandomState_ctor", K::kFunction, M::kRandomState, "()", "(dict<str,any>/tuple)").costing({.bytes = 5100}),
    value("numpy.random._mt19937", "MT19937", K::kBitGeneratorClass),
    value("numpy.random._pcg64", "PCG64", K::kBitGeneratorClass),
    value("numpy.random._pcg64", "PCG64DXSM", K::kBitGeneratorClass),
    value("numpy.random._philox", "Philox", K::kBitGeneratorClass),
    value("numpy.random._sfc64", "SFC64", K::kBitGeneratorClass),

    // ---- torch: tensors
    call("torch._utils", "_rebuild_tensor", K::kRebuild, M::kRebuildTensor, "(storage,uint,ints,ints)"),
    call("torch._utils", "_rebuild_tensor_v2", K::kRebuild, M::kRebuildTensorV2, "(storage,uint,ints,ints,bool,hooks,dict<str,any>?)"),
    call("torch._utils", "_rebuild_tensor_v3", K::kRebuild, M::kRebuildTensorV3, "(storage,uint,ints,ints,bool,hooks,tensor-dtype,dict<str,any>?)"),
    call("torch._utils", "_rebuild_parameter", K::kRebuild, M::kRebuildParameter, "(tensor,bool,hooks)"),
    call("torch._utils", "_rebuild_parameter_with_state", K::kRebuild, M::kRebuildParameterWithState, "(tensor,bool,hooks,dict<str,any>/pair/none)"),
    call("torch._utils", "_rebuild_qtensor", K::kRebuild, M::kRebuildQuantized, "(storage,uint,ints,ints,tuple,bool,hooks)"),
    call("torch._utils", "_rebuild_meta_tensor_no_storage", K::kRebuild, M::kRebuildMeta, "(tensor-dtype,ints,ints,bool)"),
    call("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", K::kRebuild, M::kRebuildOnDevice, "(tensor,tensor-dtype,str/device,bool)"),
    call("torch._utils", "_rebuild_sparse_tensor", K::kRebuild, M::kRebuildSparse, kSparseParts),
    call("torch._utils", "_rebuild_sparse_csr_tensor", K::kRebuild, M::kRebuildSparseCsr, "(layout,tuple)"),
    call("torch._utils", "_rebuild_nested_tensor", K::kRebuild, M::kRebuildNested, "(tensor,tensor,tensor,tensor/list<uint>)"),
    call("torch._utils", "_rebuild_wrapper_subclass", K::kRebuild, M::kRebuildWrapper, "(symbol,tensor-dtype,ints,ints,uint,layout,device,bool)"),
    call("torch.nested._internal.nested_tensor", "_rebuild_njt", K::kRebuild, M::kRebuildJagged, "(dict<str,any>)"),
    call("torch._tensor", "_rebuild_from_type_v2", K::kFunction, M::kRebuildFromType, "(rebuild-fn,symbol,tuple,any)"),
    call("torch._tensor", "_rebuild_from_type", K::kFunction, M::kRebuildFromType, "(rebuild-fn,symbol,tuple,dict<str,any>)"),
    call("torch.tensor", "_rebuild_from_type", K::kFunction, M::kRebuildFromType, "(rebuild-fn,symbol,tuple,dict<str,any>)"),
    call("torch.storage", "_load_from_bytes", K::kFunction, M::kLoadFromBytes, "(bytes)"),
    {"torch", "Tensor", K::kTensorClass, kUntyped, M::kOldTensor, "()", "(tuple)", Items::kNone, true},
    {"torch.nn.parameter", "Parameter", K::kTensorClass, 0, M::kOldVariable, "(tensor?,bool?)", "(tuple)", Items::kNone, false, New::kAsCall},
    {"torch.autograd.variable", "Variable", K::kTensorClass, 0, M::kOldVariable, "(tensor?,bool?)", "(tuple)", Items::kNone, false, New::kAsCall},
    call("torch._utils", "_rebuild_device_tensor_from_numpy", K::kFunction, M::kRebuildFromArray, "(array,tensor-dtype,str/device,bool)"),
    call("torch._utils", "_rebuild_xla_tensor", K::kFunction, M::kRebuildFromArray, "(array,tensor-dtype,str/device,bool)"),
    call("torch._utils", "_rebuild_mlc_tensor", K::kFunction, M::kRebuildFromArray, "(array,tensor-dtype,str/device,bool)"),
    value("torch.nn.parameter", "Buffer", K::kTensorClass),
    value("torch.nested._internal.nested_tensor", "NestedTensor", K::kTensorClass),
    stateful("torch._dynamo.decorators", "_DimRange", K::kClass, M::kObject, "()", "(any)").made(New::kOnly),

    stateful("torch._C", "Generator", K::kClass, M::kGenerator, "(device)", "(tuple)").made(New::kAsCall).costing({.bytes = 5100}),

    // ---- torch: tensors before 0.4
    old_tensor("torch", "ByteTensor", DType::kUint8),
    old_tensor("torch", "CharTensor", DType::kInt8),
    old_tensor("torch", "DoubleTensor", DType::kFloat64),
    old_tensor("torch", "FloatTensor", DType::kFloat32),
    old_tensor("torch", "IntTensor", DType::kInt32),
    old_tensor("torch", "LongTensor", DType::kInt64),
    old_tensor("torch", "ShortTensor", DType::kInt16),
    old_tensor("torch", "HalfTensor", DType::kFloat16),
    old_tensor("torch", "BoolTensor", DType::kBool),
    old_tensor("torch", "BFloat16Tensor", DType::kBfloat16),
    old_tensor("torch.cuda", "ByteTensor", DType::kUint8),
    old_tensor("torch.cuda", "CharTensor", DType::kInt8),
    old_tensor("torch.cuda", "DoubleTensor", DType::kFloat64),
    old_tensor("torch.cuda", "FloatTensor", DType::kFloat32),
    old_tensor("torch.cuda", "IntTensor", DType::kInt32),
    old_tensor("torch.cuda", "LongTensor", DType::kInt64),
    old_tensor("torch.cuda", "ShortTensor", DType::kInt16),
    old_tensor("torch.cuda", "HalfTensor", DType::kFloat16),
    old_tensor("torch.cuda", "BoolTensor", DType::kBool),
    old_tensor("torch.cuda", "BFloat16Tensor", DType::kBfloat16),
    sparse_tensor("torch.sparse", "ByteTensor", DType::kUint8),
    sparse_tensor("torch.sparse", "CharTensor", DType::kInt8),
    sparse_tensor("torch.sparse", "DoubleTensor", DType::kFloat64),
    sparse_tensor("torch.sparse", "FloatTensor", DType::kFloat32),
    sparse_tensor("torch.sparse", "IntTensor", DType::kInt32),
    sparse_tensor("torch.sparse", "LongTensor", DType::kInt64),
    sparse_tensor("torch.sparse", "ShortTensor", DType::kInt16),
    sparse_tensor("torch.sparse", "HalfTensor", DType::kFloat16),
    sparse_tensor("torch.sparse", "BFloat16Tensor", DType::kBfloat16),
    sparse_tensor("torch.cuda.sparse", "ByteTensor", DType::kUint8),
    sparse_tensor("torch.cuda.sparse", "CharTensor", DType::kInt8),
    sparse_tensor("torch.cuda.sparse", "DoubleTensor", DType::kFloat64),
    sparse_tensor("torch.cuda.sparse", "FloatTensor", DType::kFloat32),
    sparse_tensor("torch.cuda.sparse", "IntTensor", DType::kInt32),
    sparse_tensor("torch.cuda.sparse", "LongTensor", DType::kInt64),
    sparse_tensor("torch.cuda.sparse", "ShortTensor", DType::kInt16),
    sparse_tensor("torch.cuda.sparse", "HalfTensor", DType::kFloat16),
    sparse_tensor("torch.cuda.sparse", "BFloat16Tensor", DType::kBfloat16),

    // ---- torch: TorchScript's helpers
    call("torch.jit._pickle", "build_intlist", K::kFunction, M::kListBuilder, "(list)"),
    call("torch.jit._pickle", "build_doublelist", K::kFunction, M::kListBuilder, "(list)"),
    call("torch.jit._pickle", "build_boollist", K::kFunction, M::kListBuilder, "(list)"),
    call("torch.jit._pickle", "build_tensorlist", K::kFunction, M::kListBuilder, "(list)"),
    call("torch.jit._pickle", "restore_type_tag", K::kFunction, M::kListBuilder, "(any,str)"),
    call("torch.jit._pickle", "build_tensor_from_id", K::kFunction, M::kTensorFromId, "(uint)"),

    // ---- torch: small values
    call("torch", "Size", K::kClass, M::kSize, "(tuple<uint>)|(list<uint>)").made(New::kAsCall),
    call("torch", "device", K::kClass, M::kDevice, "(str,uint?)").made(New::kAsCall),
    call("torch.serialization", "_get_layout", K::kFunction, M::kLayout, "(str)"),
    call("torch.torch_version", "TorchVersion", K::kClass, M::kTorchVersion, "(str)").made(New::kAsCall).costing({.copies = 1}),
    call("torch.nn.parameter", "UninitializedParameter", K::kClass, M::kLazyParameter, "(bool)").made(New::kAsCall),
    call("torch.nn.parameter", "UninitializedBuffer", K::kClass, M::kLazyBuffer, "(bool)").made(New::kAsCall),
    value("torch", "per_tensor_affine", K::kQuantScheme),
    value("torch", "per_tensor_symmetric", K::kQuantScheme),
    value("torch", "per_channel_affine", K::kQuantScheme),
    value("torch", "per_channel_symmetric", K::kQuantScheme),
    value("torch", "per_channel_affine_float_qparams", K::kQuantScheme),
    value("torch._utils", "torch.preserve_format", K::kMemoryFormat),
    value("torch._utils", "torch.contiguous_format", K::kMemoryFormat),
    value("torch._utils", "torch.channels_last", K::kMemoryFormat),
    value("torch._utils", "torch.channels_last_3d", K::kMemoryFormat),

    // ---- torch: storages
    storage("torch", "DoubleStorage", DType::kFloat64),
    storage("torch", "FloatStorage", DType::kFloat32),
    storage("torch", "HalfStorage", DType::kFloat16),
    storage("torch", "BFloat16Storage", DType::kBfloat16),
    storage("torch", "LongStorage", DType::kInt64),
    storage("torch", "IntStorage", DType::kInt32),
    storage("torch", "ShortStorage", DType::kInt16),
    storage("torch", "CharStorage", DType::kInt8),
    storage("torch", "ByteStorage", DType::kUint8),
    storage("torch", "BoolStorage", DType::kBool),
    storage("torch", "ComplexDoubleStorage", DType::kComplex128),
    storage("torch", "ComplexFloatStorage", DType::kComplex64),
    storage("torch", "QInt8Storage", DType::kQint8),
    storage("torch", "QUInt8Storage", DType::kQuint8),
    storage("torch", "QInt32Storage", DType::kQint32),
    storage("torch", "QUInt4x2Storage", DType::kQuint4x2),
    storage("torch", "QUInt2x4Storage", DType::kQuint2x4),
    storage("torch.cuda", "DoubleStorage", DType::kFloat64),
    storage("torch.cuda", "FloatStorage", DType::kFloat32),
    storage("torch.cuda", "HalfStorage", DType::kFloat16),
    storage("torch.cuda", "BFloat16Storage", DType::kBfloat16),
    storage("torch.cuda", "LongStorage", DType::kInt64),
    storage("torch.cuda", "IntStorage", DType::kInt32),
    storage("torch.cuda", "ShortStorage", DType::kInt16),
    storage("torch.cuda", "CharStorage", DType::kInt8),
    storage("torch.cuda", "ByteStorage", DType::kUint8),
    storage("torch.cuda", "BoolStorage", DType::kBool),
    storage("torch.cuda", "ComplexDoubleStorage", DType::kComplex128),
    storage("torch.cuda", "ComplexFloatStorage", DType::kComplex64),
    // Those that only TorchScript writes: Python has no such classes.
    script_storage("torch", "ComplexHalfStorage", DType::kComplex32),
    script_storage("torch", "Float8_e5m2Storage", DType::kFloat8E5m2),
    script_storage("torch", "Float8_e4m3fnStorage", DType::kFloat8E4m3fn),
    script_storage("torch", "Float8_e5m2fnuzStorage", DType::kFloat8E5m2fnuz),
    script_storage("torch", "Float8_e4m3fnuzStorage", DType::kFloat8E4m3fnuz),
    script_storage("torch", "Float8_e8m0fnuStorage", DType::kFloat8E8m0fnu),
    script_storage("torch", "Float4_e2m1fn_x2Storage", DType::kFloat4E2m1fnX2),
    script_storage("torch", "UInt16Storage", DType::kUint16),
    script_storage("torch", "UInt32Storage", DType::kUint32),
    script_storage("torch", "UInt64Storage", DType::kUint64),
    script_storage("torch", "Bits1x8Storage", DType::kBits1x8),
    script_storage("torch", "Bits2x4Storage", DType::kBits2x4),
    script_storage("torch", "Bits4x2Storage", DType::kBits4x2),
    script_storage("torch", "Bits8Storage", DType::kBits8),
    script_storage("torch", "Bits16Storage", DType::kBits16),
    script_storage("torch", "UInt1Storage", DType::kUint1),
    script_storage("torch", "UInt2Storage", DType::kUint2),
    script_storage("torch", "UInt3Storage", DType::kUint3),
    script_storage("torch", "UInt4Storage", DType::kUint4),
    script_storage("torch", "UInt5Storage", DType::kUint5),
    script_storage("torch", "UInt6Storage", DType::kUint6),
    script_storage("torch", "UInt7Storage", DType::kUint7),
    script_storage("torch", "Int1Storage", DType::kInt1),
    script_storage("torch", "Int2Storage", DType::kInt2),
    script_storage("torch", "Int3Storage", DType::kInt3),
    script_storage("torch", "Int4Storage", DType::kInt4),
    script_storage("torch", "Int5Storage", DType::kInt5),
    script_storage("torch", "Int6Storage", DType::kInt6),
    script_storage("torch", "Int7Storage", DType::kInt7),
    value("torch.storage", "UntypedStorage", K::kStorageClass, kUntyped),
    value("torch", "UntypedStorage", K::kStorageClass, kUntyped),
    value("torch.cuda", "UntypedStorage", K::kStorageClass, kUntyped),
    value("torch.storage", "TypedStorage", K::kStorageClass, kUntyped),
    value("torch.storage", "_TypedStorage", K::kStorageClass, kUntyped),
    value("torch.storage", "_UntypedStorage", K::kStorageClass, kUntyped),

    // ---- torch: element types, under their names and their aliases
    dtype("uint8", DType::kUint8),           dtype("int8", DType::kInt8),
    dtype("int16", DType::kInt16),           dtype("short", DType::kInt16),
    dtype("int32", DType::kInt32),           dtype("int", DType::kInt32),
    dtype("int64", DType::kInt64),           dtype("long", DType::kInt64),
    dtype("float16", DType::kFloat16),       dtype("half", DType::kFloat16),
    dtype("float32", DType::kFloat32),       dtype("float", DType::kFloat32),
    dtype("float64", DType::kFloat64),       dtype("double", DType::kFloat64),
    dtype("complex32", DType::kComplex32),   dtype("chalf", DType::kComplex32),
    dtype("complex64", DType::kComplex64),   dtype("cfloat", DType::kComplex64),
    dtype("complex128", DType::kComplex128), dtype("cdouble", DType::kComplex128),
    dtype("bool", DType::kBool),             dtype("bfloat16", DType::kBfloat16),
    dtype("qint8", DType::kQint8),           dtype("quint8", DType::kQuint8),
    dtype("qint32", DType::kQint32),         dtype("quint4x2", DType::kQuint4x2),
    dtype("quint2x4", DType::kQuint2x4),     dtype("bits1x8", DType::kBits1x8),
    dtype("bits2x4", DType::kBits2x4),       dtype("bits4x2", DType::kBits4x2),
    dtype("bits8", DType::kBits8),           dtype("bits16", DType::kBits16),
    dtype("float8_e5m2", DType::kFloat8E5m2),
    dtype("float8_e4m3fn", DType::kFloat8E4m3fn),
    dtype("float8_e5m2fnuz", DType::kFloat8E5m2fnuz),
    dtype("float8_e4m3fnuz", DType::kFloat8E4m3fnuz),
    dtype("float8_e8m0fnu", DType::kFloat8E8m0fnu),
    dtype("float4_e2m1fn_x2", DType::kFloat4E2m1fnX2),
    dtype("uint16", DType::kUint16),         dtype("uint32", DType::kUint32),
    dtype("uint64", DType::kUint64),         dtype("uint1", DType::kUint1),
    dtype("uint2", DType::kUint2),           dtype("uint3", DType::kUint3),
    dtype("uint4", DType::kUint4),           dtype("uint5", DType::kUint5),
    dtype("uint6", DType::kUint6),           dtype("uint7", DType::kUint7),
    dtype("int1", DType::kInt1),             dtype("int2", DType::kInt2),
    dtype("int3", DType::kInt3),             dtype("int4", DType::kInt4),
    dtype("int5", DType::kInt5),             dtype("int6", DType::kInt6),
    dtype("int7", DType::kInt7),
});
// clang-format on

constexpr bool before(const Known& a, const Known& b) {
  return a.module != b.module ? a.module < b.module : a.name < b.name;
}

constexpr auto kSorted = [] {
  auto rows = kRows;
  std::sort(rows.begin(), rows.end(), before);
  return rows;
}();

static_assert(std::adjacent_find(kSorted.begin(), kSorted.end(),
                                 [](const Known& a, const Known& b) { return !before(a, b); }) ==
                  kSorted.end(),
              "two rows have one name");

}  // namespace

std::span<const Known> known_names() { return kSorted; }

const Known* find_known(std::string_view module, std::string_view name) {
  const auto row = std::lower_bound(kSorted.begin(), kSorted.end(), std::pair(module, name),
                                    [](const Known& known, const auto& key) {
                                      return std::pair(known.module, known.name) < key;
                                    });
  const bool found = row != kSorted.end() && row->module == module && row->name == name;
  return found ? &*row : nullptr;
}

}  // namespace safe_load::types
