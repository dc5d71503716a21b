// The one table of known names: what each may be called with, and what that means.
//
// A name is known as an exact pair (module, name), never by prefix. Loading decodes by this table,
// and scanning proves by it. Everything that is not in it becomes an inert record.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pickle/symbol.h"
#include "types/schema.h"

namespace safe_load::types {

// What a symbol is when it stands as a value or an argument.
enum class SymbolKind : std::uint8_t {
  kFunction,      // only ever called
  kClass,         // a class of the standard library or of torch
  kConstant,      // None, True, False, Ellipsis, NotImplemented
  kFactory,       // a type that defaultdict may call when it is empty
  kStorageClass,  // `value`: DType, or kUntyped
  kTensorDtype,   // `value`: DType
  kTensorClass,   // torch.Tensor, torch.nn.parameter.Parameter
  kQuantScheme,
  kRebuild,   // a rebuild function, which _rebuild_from_type_v2 may name
  kTypeName,  // a name of the module typing or an abstract class
  kBitGeneratorClass,
  kMemoryFormat,
  kArrayClass,       // numpy.ndarray and its subclasses
  kArrayScalarType,  // numpy.float32
};

inline constexpr std::uint8_t kUntyped = 0xFF;

// What calling a symbol means. The decoders stand in types/ (values) and torch/ (tensors).
enum class Meaning : std::uint8_t {
  kNotCallable,
  // containers
  kOrderedDict,
  kDefaultDict,
  kCounter,
  kDeque,
  kDict,
  kList,
  kTuple,
  kSet,
  kFrozenSet,
  // texts and numbers
  kBytes,
  kByteArray,
  kEncode,
  kComplex,
  kLiteral,
  kTypeOf,
  kDecimal,
  kFraction,
  kUuid,
  // records
  kRange,
  kSlice,
  kDateTime,
  kDate,
  kTime,
  kTimeDelta,
  kTimezone,
  kPosixPath,
  kWindowsPath,
  kNamespace,
  kSimpleNamespace,
  kChainMap,
  kUserDict,
  kUserList,
  kUserString,
  kStructTime,
  kZoneInfo,
  kPattern,
  kIpAddress,
  kNumberArray,
  kNumberArrayBytes,
  kBytesStream,
  kTextStream,
  kPythonRandom,
  kTypeExpression,
  kOwnRecord,
  // inert references and ways of building objects
  kObject,
  kGetattr,
  kPartial,
  kReconstructor,
  kNewObject,
  kNewObjectEx,
  // numpy
  kArrayDtype,
  kArrayShell,
  kArrayFromBuffer,
  kMaskedShell,
  kMaskedConstant,
  kArrayScalar,
  kStringDtype,
  kSeedSequence,
  kBitGenerator,
  kRandomGenerator,
  kRandomState,
  // torch
  kRebuildTensor,
  kRebuildTensorV2,
  kRebuildTensorV3,
  kRebuildParameter,
  kRebuildParameterWithState,
  kRebuildQuantized,
  kRebuildMeta,
  kRebuildOnDevice,
  kLoadFromBytes,
  kRebuildFromType,
  kRebuildWrapper,
  kRebuildSparse,
  kRebuildSparseCsr,
  kRebuildNested,
  kRebuildJagged,
  kGenerator,
  kSize,
  kDevice,
  kLayout,
  kTorchVersion,
  kLazyParameter,
  kLazyBuffer,
  kMemoryFormat,
  // torch: old and odd writers
  kOldTensor,
  kOldVariable,
  kRebuildFromArray,
  kStorageFromList,
  kListBuilder,
  kTensorFromId,
};

enum class Items : std::uint8_t { kNone, kList, kDict, kSet };

// What comes of a class when only its __new__ is called: by NEWOBJ and NEWOBJ_EX, and by INST and
// OBJ without arguments. A function, and a class whose objects are broken then, takes no such form.
enum class New : std::uint8_t {
  kRefused,
  kAsCall,  // the same as by REDUCE: __new__ does everything
  kEmpty,   // an empty object, whatever the arguments; so they must be none
  kOnly,    // the same; its state fills it, and without arguments there is no other way
};

// What a value costs Python beside its parts.
struct Cost {
  std::uint8_t copies = 0;   // bytes that it keeps of its own for each byte of the texts, bytes and
                             // long integers among its arguments and its state
  std::uint16_t bytes = 0;   // that it always has of its own, where they are many
  bool frees_deep = false;   // it is freed by recursion into what it holds, without a guard
  bool hashes_deep = false;  // it is hashed and compared by recursion into its arguments
};

struct Known {
  std::string_view module;
  std::string_view name;
  SymbolKind kind;
  std::uint8_t value;
  Meaning meaning;
  Schema call;
  Schema state;              // the one argument of BUILD; empty: BUILD is an error
  Items items;               // what may be added afterwards
  bool needs_state = false;  // without BUILD it would be a shell that no program ever sees
  New by_new = New::kRefused;
  bool is_plain = false;  // whether object.__new__ makes it, too (copyreg._reconstructor)
  Cost cost = {};

  constexpr Known made(New how) const {
    Known row = *this;
    row.by_new = how;
    return row;
  }
  constexpr Known plain() const {
    Known row = *this;
    row.is_plain = true;
    return row;
  }
  constexpr Known costing(Cost more) const {
    Known row = *this;
    row.cost = more;
    return row;
  }
};

// All rows, sorted by module and name.
std::span<const Known> known_names();

// The row of this pair (after the mapping of Python 2 names), or null.
const Known* find_known(std::string_view module, std::string_view name);

}  // namespace safe_load::types
