// Builtins, the standard library and torch's small values: every known name, in every spelling.
#include <gtest/gtest.h>

#include <string>

#include "support/value_cases.h"

namespace {

using namespace test_support;
using namespace std::string_literals;
using safe_load::types::Known;
using safe_load::types::Meaning;
using safe_load::types::SymbolKind;

const std::string kOne = integer(1);
const std::string kTwo = integer(2);

// A name of Python 3 or of Python 2; a call of it.
std::string call(std::string_view module, std::string_view name,
                 std::initializer_list<std::string_view> arguments) {
  return reduce(symbol(module, name), arguments);
}
std::string builtin(std::string_view name, std::initializer_list<std::string_view> arguments) {
  return call("builtins", name, arguments);
}
std::string builtin2(std::string_view name, std::initializer_list<std::string_view> arguments) {
  return call("__builtin__", name, arguments);
}
std::string encoded(std::string_view value, std::string_view codec = "latin1") {
  return call("_codecs", "encode", {text(value), text(codec)});
}

ValueCases mappings() {
  const std::string pair = tuple({text("a"), kOne});
  const std::string list_pair = list({text("b"), kTwo});
  const std::string set_item = text("z") + "Ns";
  const std::string metadata = dict({text("_metadata"), "}"});
  return {
      {ordered_dict(), "collections.OrderedDict(){}"},
      {call("collections", "OrderedDict", {list({pair, list_pair})}) + set_item,
       "collections.OrderedDict(){\"a\": 1, \"b\": 2, \"z\": None}"},
      {call("collections", "OrderedDict", {tuple({pair, pair})}),
       "collections.OrderedDict(){\"a\": 1}"},
      {build(ordered_dict() + set_item, metadata),
       "collections.OrderedDict(){\"z\": None}.build({\"_metadata\": {}})"},
      {call("collections", "defaultdict", {}), "collections.defaultdict(){}"},
      {call("collections", "defaultdict", {kNone}), "collections.defaultdict(None){}"},
      {call("collections", "defaultdict", {symbol("__builtin__", "list")}) + set_item,
       "collections.defaultdict(builtins.list){\"z\": None}"},
      {call("collections", "defaultdict", {symbol("os", "system")}) + set_item,
       "collections.defaultdict(os.system){\"z\": None}"},
      {call("collections", "Counter", {}) + text("a") + kTwo + "s",
       "collections.Counter(){\"a\": 2}"},
      {call("collections", "Counter", {dict({text("a"), kOne})}),
       "collections.Counter(){\"a\": 1}"},
      {builtin("dict", {}), "{}"},
      {builtin2("dict", {dict({text("a"), kOne})}) + set_item, "{\"a\": 1, \"z\": None}"},
      {builtin("dict", {list({pair, list_pair})}), "{\"a\": 1, \"b\": 2}"},
  };
}

ValueCases sequences() {
  const std::string items = list({kOne, kTwo});
  const std::string more = "(" + kTwo + kOne + "e";
  const std::string deque = symbol("collections", "deque");
  return {
      {reduce(deque, {}), "collections.deque()"},
      {reduce(deque, {")"}) + more, "collections.deque(2, 1)"},
      {reduce(deque, {items, kNone}) + more, "collections.deque(1, 2, 2, 1)"},
      {reduce(deque, {items, integer(3)}) + more, "collections.deque(2, 2, 1)"},
      {reduce(deque, {items, integer(4)}) + more, "collections.deque(1, 2, 2, 1)"},
      {reduce(deque, {")", integer(1)}) + more, "collections.deque(1)"},
      {reduce(deque, {items, integer(0)}), "collections.deque()"},
      {builtin("list", {}), "[]"},
      {builtin("list", {items}) + more, "[1, 2, 2, 1]"},
      {builtin2("list", {tuple({kOne})}), "[1]"},
      {builtin("tuple", {}), "()"},
      {builtin2("tuple", {items}), "(1, 2)"},
      {builtin("tuple", {tuple({kOne})}), "(1)"},
      {builtin("set", {}) + "(" + kOne + "\x90", "set(1)"},
      {builtin2("set", {items}) + "(" + integer(3) + "\x90", "set(1, 2, 3)"},
      {builtin("frozenset", {}), "frozenset()"},
      {builtin2("frozenset", {items}), "frozenset(1, 2)"},
      {builtin("frozenset", {tuple({kOne})}), "frozenset(1)"},
  };
}

ValueCases texts_and_numbers() {
  const std::string uuid = newobj(symbol("uuid", "UUID"), {});
  return {
      {builtin("bytes", {}), "b\"\""},
      {builtin2("bytes", {}), "b\"\""},
      {builtin("bytes", {list({integer(0), integer(255)})}), "b\"\\x00\\xff\""},
      {builtin("bytes", {bytes("ab")}), "b\"ab\""},
      {builtin("bytearray", {}), "bytearray\"\""},
      {builtin("bytearray", {bytes("ab")}), "bytearray\"ab\""},
      {builtin2("bytearray", {text("a\xc3\xbf"), text("latin-1")}), "bytearray\"a\\xff\""},
      {builtin2("bytearray", {text("ab"), python2("latin-1")}), "bytearray\"ab\""},
      {encoded("a\xc3\xbf"), "b\"a\\xff\""},
      {encoded("\xc2\x80", "latin-1"), "b\"\\x80\""},
      {encoded("a", "iso-8859-1"), "b\"a\""},
      {encoded("", "ISO-8859-1"), "b\"\""},
      {builtin("complex", {real(1.5), real(-2)}), "complex(1.5, -2.0)"},
      {builtin2("complex", {real(0), real(1)}), "complex(0.0, 1.0)"},
      {builtin("int", {integer(7)}), "7"},
      {builtin2("long", {integer(-7)}), "-7"},
      {builtin("float", {real(0.5)}), "0.5"},
      {builtin("str", {text("a")}), "\"a\""},
      {builtin2("unicode", {text("a")}), "\"a\""},
      {builtin("bool", {kTrue}), "True"},
      {builtin("type", {kNone}), "type(None)"},
      {builtin2("type", {symbol("builtins", "Ellipsis")}), "type(builtins.Ellipsis)"},
      {builtin("type", {symbol("builtins", "NotImplemented")}), "type(builtins.NotImplemented)"},
      {builtin("type", {symbol("m", "C")}), "builtins.type(m.C)"},
      {call("decimal", "Decimal", {text("-1.50E+3")}), "decimal.Decimal(\"-1.50E+3\")"},
      {call("decimal", "Decimal", {python2("sNaN12")}), "decimal.Decimal(\"sNaN12\")"},
      {call("decimal", "Decimal", {text("Infinity")}), "decimal.Decimal(\"Infinity\")"},
      {call("fractions", "Fraction", {text("-3/7")}), "fractions.Fraction(\"-3/7\")"},
      {call("fractions", "Fraction", {text("5")}), "fractions.Fraction(\"5\")"},
      {call("fractions", "Fraction", {kOne, kTwo}), "fractions.Fraction(1, 2)"},
      {build(uuid, dict({text("int"), integer(5)})), "uuid.UUID().build({\"int\": 5})"},
      // 2^128 - 1: the largest one.
      {build(uuid, dict({text("is_safe"), kNone, text("int"),
                         "\x8a\x11"s + std::string(16, '\xff') + '\0'})),
       "uuid.UUID().build({\"is_safe\": None, \"int\": an integer of 136 bits})"},
  };
}

ValueCases records() {
  const std::string moment("\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40", 10);
  const std::string span = call("datetime", "timedelta", {integer(-1), integer(3600), kTwo});
  const std::string zone = call("datetime", "timezone", {span});
  const std::string clock("\x8d\x25\x3b\x01\xe2\x40", 6);
  const std::string datetime = symbol("datetime", "datetime");

  return {
      {builtin("range", {kOne, integer(7), kTwo}), "range[1, 7, 2]"},
      {builtin2("xrange", {kOne, integer(-7), integer(-2)}), "range[1, -7, -2]"},
      {builtin("slice", {kOne}), "slice(1)"},
      {builtin2("slice", {kNone, kTwo, text("a")}), "slice(None, 2, \"a\")"},
      {reduce(datetime, {bytes(moment)}), "datetime.datetime[2024, 2, 29, 13, 37, 59, 123456, 0]"},
      {reduce(datetime, {encoded("\x07\xc3\xa8\xc2\x82\x1d\x0d\x25\x3b\x01\xc3\xa2\x40")}),
       "datetime.datetime[2024, 2, 29, 13, 37, 59, 123456, 1]"},
      {reduce(datetime, {python2(moment), kNone}),
       "datetime.datetime[2024, 2, 29, 13, 37, 59, 123456, 0]"},
      {reduce(datetime, {bytes(moment), zone}),
       "datetime.datetime[2024, 2, 29, 13, 37, 59, 123456, 0] in "
       "datetime.timezone(datetime.timedelta[-1, 3600, 2])"},
      {call("datetime", "date", {bytes(moment.substr(0, 4))}), "datetime.date[2024, 2, 29]"},
      {call("datetime", "time", {bytes(clock)}), "datetime.time[13, 37, 59, 123456, 1]"},
      {call("datetime", "time", {bytes(clock), zone}),
       "datetime.time[13, 37, 59, 123456, 1] in "
       "datetime.timezone(datetime.timedelta[-1, 3600, 2])"},
      {span, "datetime.timedelta[-1, 3600, 2]"},
      {call("datetime", "timezone", {span, text("here")}),
       "datetime.timezone(datetime.timedelta[-1, 3600, 2], \"here\")"},
      {build(newobj(symbol("argparse", "Namespace"), {}), dict({text("lr"), real(0.5)})),
       "argparse.Namespace().build({\"lr\": 0.5})"},
      {newobj(symbol("argparse", "Namespace"), {}), "argparse.Namespace()"},
      {build(call("types", "SimpleNamespace", {}), dict({text("lr"), real(0.5)})),
       "types.SimpleNamespace().build({\"lr\": 0.5})"},
  };
}

ValueCases paths() {
  ValueCases cases;
  for (const std::string_view module : {"pathlib", "pathlib._local"}) {
    for (const std::string_view name : {"PosixPath", "PurePosixPath", "Path", "PurePath"}) {
      cases.push_back({call(module, name, {text("/"), text("a"), text("b")}),
                       "pathlib.PurePosixPath(\"/\", \"a\", \"b\")"});
      cases.push_back({call(module, name, {text("a/b")}), "pathlib.PurePosixPath(\"a/b\")"});
    }
    for (const std::string_view name : {"WindowsPath", "PureWindowsPath"})
      cases.push_back({call(module, name, {text("C:\\"), text("a")}),
                       "pathlib.PureWindowsPath(\"C:\\\\\", \"a\")"});
    cases.push_back({call(module, "PosixPath", {}), "pathlib.PurePosixPath()"});
  }
  return cases;
}

ValueCases references() {
  const std::string partial = call("functools", "partial", {symbol("m", "f")});
  const std::string member = call("__builtin__", "getattr", {symbol("m", "C"), text("RED")});
  return {
      {symbol("builtins", "None"), "builtins.None"},
      {symbol("builtins", "True"), "builtins.True"},
      {symbol("builtins", "False"), "builtins.False"},
      {symbol("builtins", "Ellipsis"), "builtins.Ellipsis"},
      {symbol("builtins", "NotImplemented"), "builtins.NotImplemented"},
      {builtin("object", {}), "builtins.object()"},
      {call("_operator", "or_", {call("m", "Flag", {kOne}), call("m", "Flag", {kTwo})}),
       "_operator.or_(m.Flag(1), m.Flag(2))"},
      {newobj(symbol("__builtin__", "object"), {}), "builtins.object()"},
      {build(newobj(symbol("torch._dynamo.decorators", "_DimRange"), {}), list({kOne, kTwo, kTwo})),
       "torch._dynamo.decorators._DimRange().build([1, 2, 2])"},
      // In a zip file nobody reads on behind it.
      {build(newobj(symbol("joblib.numpy_pickle", "NumpyArrayWrapper"), {}), dict({})),
       "joblib.numpy_pickle.NumpyArrayWrapper().build({})"},
      {build(newobj(symbol("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"), {}),
             dict({})),
       "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper().build({})"},
      {builtin("getattr", {symbol("m", "C"), text("RED")}), "attribute reference(m.C, \"RED\")"},
      {builtin("getattr", {member, text("name")}),
       "attribute reference(attribute reference(m.C, \"RED\"), \"name\")"},
      {partial, "functools.partial(m.f)"},
      {build(partial, tuple({symbol("m", "f"), tuple({kOne}), "}", kNone})),
       "functools.partial(m.f).build((m.f, (1), {}, None))"},
      {builtin("getattr", {partial, text("func")}),
       "attribute reference(functools.partial(m.f), \"func\")"},
      {call("copyreg", "_reconstructor", {symbol("m", "C"), symbol("builtins", "object"), kNone}),
       "m.C(m.C, builtins.object, None)"},
      {call("copyreg", "_reconstructor",
            {symbol("argparse", "Namespace"), symbol("builtins", "object"), kNone}),
       "argparse.Namespace()"},
      {call("copyreg", "__newobj__", {symbol("m", "C"), kOne, kTwo}), "m.C(m.C, 1, 2)"},
      {call("copyreg", "__newobj_ex__", {symbol("m", "C"), ")", dict({text("a"), kOne})}),
       "m.C(m.C, (), {\"a\": 1})"},
      {symbol("os", "system"), "os.system"},
  };
}

ValueCases values_of_torch() {
  const auto layout = [](std::string_view name) {
    return call("torch.serialization", "_get_layout", {text(name)});
  };
  const std::string device = symbol("torch", "device");
  return {
      {call("torch", "Size", {integers({2, 3})}), "torch.Size[2, 3]"},
      {call("torch", "Size", {integers({})}), "torch.Size[]"},
      {call("torch", "Size", {list({kTwo})}), "torch.Size[2]"},
      {reduce(device, {text("cpu")}), "torch.device(\"cpu\")"},
      {reduce(device, {text("cuda"), integer(127)}), "torch.device(\"cuda\", 127)"},
      {reduce(device, {text("cuda:127")}), "torch.device(\"cuda:127\")"},
      {reduce(device, {text("privateuse1_x2")}), "torch.device(\"privateuse1_x2\")"},
      {layout("torch.strided"), "torch.layout(\"torch.strided\")"},
      {layout("torch.sparse_coo"), "torch.layout(\"torch.sparse_coo\")"},
      {layout("torch.jagged"), "torch.layout(\"torch.jagged\")"},
      {layout("torch._mkldnn"), "torch.layout(\"torch._mkldnn\")"},
      {newobj(symbol("torch.torch_version", "TorchVersion"), {text("2.13.0+cpu")}),
       "torch.torch_version.TorchVersion(\"2.13.0+cpu\")"},
      {call("torch.nn.parameter", "UninitializedParameter", {kTrue}),
       "torch.nn.parameter.UninitializedParameter(True)"},
      {call("torch.nn.parameter", "UninitializedBuffer", {kFalse}),
       "torch.nn.parameter.UninitializedBuffer(False)"},
  };
}

ValueCases all_cases() {
  ValueCases all;
  for (const ValueCases& some : {mappings(), sequences(), texts_and_numbers(), records(), paths(),
                                 references(), values_of_torch()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(DecodeValues, ReadsEverySpelling) { expect_texts(all_cases()); }

// A row that is added to the table needs a case here, or in the test of its own decoder.
TEST(DecodeValues, CoversEveryKnownNameThatIsNoArrayAndNoTensor) {
  expect_all_names(all_cases(), [](const Known& row) {
    const bool is_library = row.meaning >= Meaning::kChainMap && row.meaning <= Meaning::kOwnRecord;
    const bool is_array_or_tensor =
        row.meaning >= Meaning::kArrayDtype && row.meaning < Meaning::kSize;
    const bool is_called = row.meaning != Meaning::kNotCallable;
    const bool is_old = row.meaning >= Meaning::kOldTensor;
    return row.kind == SymbolKind::kConstant ||
           (is_called && !is_library && !is_array_or_tensor && !is_old);
  });
}

TEST(DecodeValues, KeepsNamesThatStandForValues) {
  for (const Known& row : safe_load::types::known_names()) {
    const auto opened = open(CheckpointBuilder(symbol(row.module, row.name)));
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->root().kind(), safe_load::ValueKind::kSymbol);
    EXPECT_EQ(opened->root().module(), row.module);
    EXPECT_EQ(opened->root().name(), row.name);
    EXPECT_TRUE(opened->root().is_known());
  }
}

TEST(DecodeValues, MakesNewObjectsAsCallsDo) {
  for (const auto& [module, name] : {std::pair("collections", "OrderedDict"),
                                     std::pair("builtins", "set"), std::pair("builtins", "bytes")})
    EXPECT_EQ(opened_text(CheckpointBuilder(newobj(symbol(module, name), {}))),
              opened_text(CheckpointBuilder(reduce(symbol(module, name), {}))));
}

}  // namespace
