#include "api/value_kind.h"

#include <array>

#include "types/interpreter.h"

namespace safe_load {
namespace {

using pickle::Kind;
using pickle::Node;
using types::Meaning;

struct Row {
  ValueKind kind;
  std::string_view text;
  Meaning record = Meaning::kNotCallable;  // of a kRecord of this kind
  Meaning second = Meaning::kNotCallable;
};

constexpr Row kRows[] = {
    {ValueKind::kMissing, "missing"},
    {ValueKind::kNone, "None"},
    {ValueKind::kBool, "bool"},
    {ValueKind::kInteger, "int"},
    {ValueKind::kFloat, "float"},
    {ValueKind::kComplex, "complex"},
    {ValueKind::kText, "str"},
    {ValueKind::kBytes, "bytes"},
    {ValueKind::kByteArray, "bytearray"},
    {ValueKind::kTuple, "tuple"},
    {ValueKind::kList, "list"},
    {ValueKind::kDeque, "collections.deque"},
    {ValueKind::kDict, "dict"},
    {ValueKind::kOrderedDict, "collections.OrderedDict"},
    {ValueKind::kDefaultDict, "collections.defaultdict"},
    {ValueKind::kCounter, "collections.Counter"},
    {ValueKind::kSet, "set"},
    {ValueKind::kFrozenSet, "frozenset"},
    {ValueKind::kSymbol, "symbol"},
    {ValueKind::kTensor, "tensor"},
    {ValueKind::kStorage, "storage"},
    {ValueKind::kArray, "numpy.ndarray"},
    {ValueKind::kScalar, "numpy scalar"},
    {ValueKind::kArrayDtype, "numpy.dtype"},
    {ValueKind::kRange, "range", Meaning::kRange},
    {ValueKind::kSlice, "slice", Meaning::kSlice},
    {ValueKind::kDateTime, "datetime.datetime", Meaning::kDateTime},
    {ValueKind::kDate, "datetime.date", Meaning::kDate},
    {ValueKind::kTime, "datetime.time", Meaning::kTime},
    {ValueKind::kTimeDelta, "datetime.timedelta", Meaning::kTimeDelta},
    {ValueKind::kTimezone, "datetime.timezone", Meaning::kTimezone},
    {ValueKind::kPosixPath, "pathlib.PurePosixPath", Meaning::kPosixPath},
    {ValueKind::kWindowsPath, "pathlib.PureWindowsPath", Meaning::kWindowsPath},
    {ValueKind::kNamespace, "argparse.Namespace", Meaning::kNamespace},
    {ValueKind::kSimpleNamespace, "types.SimpleNamespace", Meaning::kSimpleNamespace},
    {ValueKind::kDecimal, "decimal.Decimal", Meaning::kDecimal},
    {ValueKind::kFraction, "fractions.Fraction", Meaning::kFraction},
    {ValueKind::kUuid, "uuid.UUID", Meaning::kUuid},
    {ValueKind::kChainMap, "collections.ChainMap", Meaning::kChainMap},
    {ValueKind::kUserDict, "collections.UserDict", Meaning::kUserDict},
    {ValueKind::kUserList, "collections.UserList", Meaning::kUserList},
    {ValueKind::kUserString, "collections.UserString", Meaning::kUserString},
    {ValueKind::kStructTime, "time.struct_time", Meaning::kStructTime},
    {ValueKind::kZoneInfo, "zoneinfo.ZoneInfo", Meaning::kZoneInfo},
    {ValueKind::kPattern, "re.Pattern", Meaning::kPattern},
    {ValueKind::kIpAddress, "ipaddress", Meaning::kIpAddress},
    {ValueKind::kNumberArray, "array.array", Meaning::kNumberArray, Meaning::kNumberArrayBytes},
    {ValueKind::kBytesStream, "io.BytesIO", Meaning::kBytesStream},
    {ValueKind::kTextStream, "io.StringIO", Meaning::kTextStream},
    {ValueKind::kPythonRandom, "random.Random", Meaning::kPythonRandom},
    {ValueKind::kTypeExpression, "type expression", Meaning::kTypeExpression},
    {ValueKind::kOwnRecord, "record of safe_load", Meaning::kOwnRecord},
    {ValueKind::kTypeOf, "type", Meaning::kTypeOf},
    {ValueKind::kSize, "torch.Size", Meaning::kSize},
    {ValueKind::kDevice, "torch.device", Meaning::kDevice},
    {ValueKind::kLayout, "torch.layout", Meaning::kLayout},
    {ValueKind::kTorchVersion, "torch.torch_version.TorchVersion", Meaning::kTorchVersion},
    {ValueKind::kLazyParameter, "torch.nn.parameter.UninitializedParameter",
     Meaning::kLazyParameter},
    {ValueKind::kLazyBuffer, "torch.nn.parameter.UninitializedBuffer", Meaning::kLazyBuffer},
    {ValueKind::kMemoryFormat, "torch.memory_format", Meaning::kMemoryFormat},
    {ValueKind::kSparseTensor, "sparse tensor", Meaning::kRebuildSparse,
     Meaning::kRebuildSparseCsr},
    {ValueKind::kNestedTensor, "nested tensor", Meaning::kRebuildNested},
    {ValueKind::kJaggedTensor, "jagged tensor", Meaning::kRebuildJagged},
    {ValueKind::kParameter, "torch.nn.parameter.Parameter", Meaning::kRebuildParameter},
    {ValueKind::kGenerator, "torch.Generator", Meaning::kGenerator},
    {ValueKind::kMaskedConstant, "numpy.ma.masked", Meaning::kMaskedConstant},
    {ValueKind::kSeedSequence, "numpy.random.SeedSequence", Meaning::kSeedSequence},
    {ValueKind::kBitGenerator, "numpy.random.BitGenerator", Meaning::kBitGenerator},
    {ValueKind::kRandomGenerator, "numpy.random.Generator", Meaning::kRandomGenerator},
    {ValueKind::kRandomState, "numpy.random.RandomState", Meaning::kRandomState},
    {ValueKind::kAttributeOf, "attribute reference"},
    {ValueKind::kPartial, "functools.partial"},
    {ValueKind::kOpaque, "object"},
    {ValueKind::kDamaged, "damaged value"},
};

// By number of the meaning.
constexpr auto kRecordKinds = [] {
  std::array<ValueKind, 256> kinds{};
  kinds.fill(ValueKind::kOpaque);
  for (const Row& row : kRows)
    for (const Meaning meaning : {row.record, row.second})
      if (meaning != Meaning::kNotCallable) kinds[static_cast<std::size_t>(meaning)] = row.kind;
  return kinds;
}();

ValueKind dict_kind(std::uint16_t dict_class) {
  if (dict_class == types::kOrderedDict) return ValueKind::kOrderedDict;
  if (dict_class == types::kDefaultDict) return ValueKind::kDefaultDict;
  return dict_class == types::kCounter ? ValueKind::kCounter : ValueKind::kDict;
}

ValueKind opaque_kind(std::uint16_t opaque_class) {
  if (opaque_class == types::kAttributeOf) return ValueKind::kAttributeOf;
  return opaque_class == types::kPartial ? ValueKind::kPartial : ValueKind::kOpaque;
}

}  // namespace

std::string_view v0::to_text(ValueKind kind) {
  for (const Row& row : kRows)
    if (row.kind == kind) return row.text;
  return "";
}

ValueKind api::kind_of(const Node& node) {
  switch (node.kind) {
    case Kind::kNone:
      return ValueKind::kNone;
    case Kind::kBool:
      return ValueKind::kBool;
    case Kind::kInt:
    case Kind::kBigInt:
      return ValueKind::kInteger;
    case Kind::kFloat:
      return ValueKind::kFloat;
    case Kind::kComplex:
      return ValueKind::kComplex;
    case Kind::kText:
      return ValueKind::kText;
    case Kind::kBytes:
      return ValueKind::kBytes;
    case Kind::kByteArray:
      return ValueKind::kByteArray;
    case Kind::kTuple:
      return ValueKind::kTuple;
    case Kind::kList:
      return node.aux == types::kDeque ? ValueKind::kDeque : ValueKind::kList;
    case Kind::kDict:
      return dict_kind(node.aux);
    case Kind::kSet:
      return ValueKind::kSet;
    case Kind::kFrozenSet:
      return ValueKind::kFrozenSet;
    case Kind::kSymbol:
      return ValueKind::kSymbol;
    case Kind::kTensor:
      return ValueKind::kTensor;
    case Kind::kStorage:
      return ValueKind::kStorage;
    case Kind::kArray:
      return ValueKind::kArray;
    case Kind::kScalar:
      return ValueKind::kScalar;
    case Kind::kArrayDtype:
      return ValueKind::kArrayDtype;
    case Kind::kRecord:
      return kRecordKinds[node.aux & 0xFF];
    case Kind::kOpaque:
      return opaque_kind(node.aux);
    case Kind::kPy2Text:
    case Kind::kPersistent:
    case Kind::kCall:
    case Kind::kError:
      return ValueKind::kDamaged;
  }
  return ValueKind::kDamaged;
}

}  // namespace safe_load
