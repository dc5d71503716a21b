// Schema: what a known name may be called with, written as text and read by the compiler.
//
//   "()|(list<pair>)"            no argument, or one list of pairs
//   "(storage,uint,ints,ints,bool,hooks,dict<str,bool>?)"
//
// "|" separates forms, "/" alternatives, "?" marks a trailing argument that may be absent, "*" a
// last one that may be repeated. A word that is not in the list below does not compile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace safe_load::types {

// One bit per sort of value that a schema can ask for. A value may have several: 3 is int and uint.
using Sorts = std::uint64_t;

enum Sort : std::uint8_t {
  kSortNone,
  kSortBool,
  kSortInt,
  kSortUint,
  kSortFloat,
  kSortText,
  kSortBytes,
  kSortByteArray,
  kSortTuple,
  kSortList,
  kSortDict,
  kSortSet,
  kSortPair,  // a tuple or list of two
  kSortOrderedDict,
  kSortSize,  // torch.Size
  kSortStorage,
  kSortTensor,
  kSortArray,
  kSortArrayDtype,  // a numpy.dtype that is complete
  kSortTimeDelta,
  kSortTimezone,  // also zoneinfo.ZoneInfo
  kSortDevice,
  kSortLayout,
  kSortSeedSequence,
  kSortBitGenerator,
  kSortSymbol,        // any symbol
  kSortStorageClass,  // symbols by kind
  kSortTensorDtype,
  kSortTensorClass,
  kSortRebuild,
  kSortFactory,
  kSortArrayClass,
  kSortArrayScalarType,
  kSortQuantScheme,
  kSortTypeName,
  kSortBitGeneratorClass,
  kSortCallable,  // symbols and inert references
  kSortInert,     // an unknown name, or an object that one made
  kSortOther,
  kSortCount,
};

constexpr Sorts bit(Sort sort) { return Sorts{1} << sort; }
inline constexpr Sorts kAnySort = ~Sorts{0};

struct Argument {
  Sorts sorts = 0;
  Sorts keys = kAnySort;   // of the items of a dict
  Sorts items = kAnySort;  // of a container, or the values of a dict
};

// `required` arguments, up to `count`; if it repeats, the last one as often as one likes.
struct Form {
  static constexpr std::size_t kMaxArguments = 9;
  std::array<Argument, kMaxArguments> arguments{};
  std::uint8_t count = 0;
  std::uint8_t required = 0;
  bool repeats = false;
};

class Schema {
 public:
  static constexpr std::size_t kMaxForms = 4;

  consteval Schema() = default;
  consteval Schema(const char* text) : text_(text) {
    Parser parser{text_};
    count_ = parser.forms(forms_);
  }

  std::string_view text() const { return text_; }
  const Form* begin() const { return forms_.data(); }
  const Form* end() const { return forms_.data() + count_; }
  bool empty() const { return count_ == 0; }

 private:
  struct Word {
    std::string_view text;
    Sorts sorts;
  };

  static constexpr Word kWords[] = {
      {"any", kAnySort},
      {"none", bit(kSortNone)},
      {"bool", bit(kSortBool)},
      {"int", bit(kSortInt)},
      {"uint", bit(kSortUint)},
      {"float", bit(kSortFloat)},
      {"str", bit(kSortText)},
      {"bytes", bit(kSortBytes)},
      {"bytearray", bit(kSortByteArray)},
      {"tuple", bit(kSortTuple)},
      {"list", bit(kSortList)},
      {"dict", bit(kSortDict)},
      {"set", bit(kSortSet)},
      {"pair", bit(kSortPair)},
      {"ints", bit(kSortTuple) | bit(kSortList) | bit(kSortSize)},
      {"hooks", bit(kSortOrderedDict) | bit(kSortNone)},
      {"storage", bit(kSortStorage)},
      {"tensor", bit(kSortTensor)},
      {"array", bit(kSortArray)},
      {"array-dtype", bit(kSortArrayDtype)},
      {"timedelta", bit(kSortTimeDelta)},
      {"timezone", bit(kSortTimezone)},
      {"device", bit(kSortDevice)},
      {"layout", bit(kSortLayout)},
      {"seed-sequence", bit(kSortSeedSequence)},
      {"bit-generator", bit(kSortBitGenerator)},
      {"symbol", bit(kSortSymbol)},
      {"tensor-dtype", bit(kSortTensorDtype)},
      {"tensor-class", bit(kSortTensorClass)},
      {"rebuild-fn", bit(kSortRebuild)},
      {"type-name", bit(kSortTypeName)},
      {"bit-generator-class", bit(kSortBitGeneratorClass)},
      {"factory", bit(kSortFactory) | bit(kSortNone)},
      {"array-class", bit(kSortArrayClass)},
      {"array-scalar-type", bit(kSortArrayScalarType)},
      {"callable", bit(kSortCallable)},
      {"inert", bit(kSortInert)},
  };

  // Not constexpr and never defined: reaching it stops the compiler.
  static void bad_schema(const char* why);

  // Evaluated by the compiler only.
  struct Parser {
    std::string_view rest;

    consteval std::size_t forms(std::array<Form, kMaxForms>& into) {
      std::size_t count = 0;
      do into[count++] = form();
      while (take('|'));
      if (!rest.empty()) bad_schema("text behind the schema");
      return count;
    }

    consteval Form form() {
      Form result;
      expect('(');
      if (take(')')) return result;
      do {
        result.arguments[result.count++] = argument();
        result.repeats = take('*');
        if (!result.repeats && !take('?')) result.required = result.count;
      } while (take(','));
      expect(')');
      return result;
    }

    consteval Argument argument() {
      Argument result;
      do {
        result.sorts |= word();
        if (take('<')) {
          result.items = alternatives();
          if (take(',')) {
            result.keys = result.items;
            result.items = alternatives();
          }
          expect('>');
        }
      } while (take('/'));
      return result;
    }

    consteval Sorts alternatives() {
      Sorts sorts = word();
      while (take('/')) sorts |= word();
      return sorts;
    }

    consteval Sorts word() {
      std::size_t size = 0;
      while (size < rest.size() && (rest[size] == '-' || (rest[size] >= 'a' && rest[size] <= 'z')))
        ++size;
      for (const Word& known : kWords)
        if (known.text == rest.substr(0, size)) {
          rest.remove_prefix(size);
          return known.sorts;
        }
      bad_schema("an unknown word");
      return 0;
    }

    consteval bool take(char c) {
      if (!rest.starts_with(c)) return false;
      rest.remove_prefix(1);
      return true;
    }

    consteval void expect(char c) {
      if (!take(c)) bad_schema("a bracket is missing");
    }
  };

  std::string_view text_;
  std::array<Form, kMaxForms> forms_{};
  std::size_t count_ = 0;
};

}  // namespace safe_load::types
