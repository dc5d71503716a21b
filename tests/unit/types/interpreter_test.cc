// Interpreter: calls get their meaning in Python's order, or none at all.
#include "types/interpreter.h"

#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/forgery.h"
#include "support/value_text.h"

namespace {

using namespace test_support;
using namespace std::string_literals;

struct Case {
  std::string value;
  std::string_view text;
};

void expect_all(std::initializer_list<Case> cases,
                const CheckpointBuilder& storages = CheckpointBuilder(kNone)) {
  for (const Case& c : cases) {
    CheckpointBuilder file = storages;
    EXPECT_EQ(opened_text(file.value(c.value)), c.text);
  }
}

const std::string kOne = integer(1);
const std::string kPair = tuple({text("a"), kOne});
const std::string kOrderedDict = symbol("collections", "OrderedDict");
const std::string kNamespace = newobj(symbol("argparse", "Namespace"), {});
const std::string kObject = reduce(symbol("m", "C"), {kOne});
const std::string kDamagedValue = reduce(symbol("builtins", "bytearray"), {integer(7)});

const CheckpointBuilder kOneStorage =
    CheckpointBuilder(kNone).storage("0", raw<float>({1.0f, 2.0f}));
const std::string kTensor = tensor(storage("0", 2), 0, {2}, {1});

TEST(Interpreter, MakesInertObjectsOfUnknownCalls) {
  expect_all({
      {reduce(symbol("os", "system"), {text("ls")}), "os.system(\"ls\")"},
      {reduce(symbol("__builtin__", "eval"), {text("1")}), "builtins.eval(\"1\")"},
      {newobj(symbol("m", "C"), {kOne}), "m.C(1)"},
      {newobj(symbol("m", "C"), {}) + dict({text("k"), kOne}) + "b", "m.C().build({\"k\": 1})"},
      {symbol("m", "C") + ")" + dict({text("k"), kOne}) + "\x92", "m.C()**{\"k\": 1}"},
      {kObject + kOne + "a" + text("k") + kOne + "s(" + kOne + "\x90",
       "m.C(1)+[1]+{\"k\": 1}+set(1)"},
      {build(build(kObject, kNone), kOne), "m.C(1).build(None).build(1)"},
      {reduce(kObject, {kOne}), "m.C(1)"},
  });
}

TEST(Interpreter, MakesNothingOfNamesThatAreOnlySimilar) {
  expect_all({
      {reduce(symbol("collections", "ordereddict"), {}), "collections.ordereddict()"},
      {reduce(symbol("evil.collections", "OrderedDict"), {}), "evil.collections.OrderedDict()"},
      {reduce(symbol("torch", "_utils._rebuild_tensor_v2"), {}),
       "torch._utils._rebuild_tensor_v2()"},
  });
}

TEST(Interpreter, TreatsListsAsTheyWereWhenTheyWereTaken) {
  const std::string call = reduce(kOrderedDict, {memoized(1, list({kPair}))});
  EXPECT_EQ(opened_text(CheckpointBuilder(call)), "collections.OrderedDict(){\"a\": 1}");
  expect_complaints({
      {tuple({call, fetched(1) + kPair + "a"}),
       "corrupt: a known name is called with arguments it never gets: OrderedDict", call},
      {tuple(
           {reduce(symbol("torch", "Size"), {memoized(1, list({kOne}))}), fetched(1) + kOne + "a"}),
       "corrupt: a known name is called with arguments it never gets: Size",
       reduce(symbol("torch", "Size"), {memoized(1, list({kOne}))})},
  });
}

TEST(Interpreter, TreatsResultsAsTheyWereWhenTheyWereTaken) {
  // The state comes before the call, the item behind it.
  const std::string taken = reduce(symbol("builtins", "dict"),
                                   {memoized(1, build(ordered_dict(), dict({text("a"), kOne})))});
  EXPECT_EQ(opened_text(CheckpointBuilder(taken)), "{}");
  expect_complaints({
      {tuple({taken, fetched(1) + text("k") + kOne + "s"}),
       "corrupt: a known name is called with arguments it never gets: dict", taken},
  });
}

TEST(Interpreter, TreatsPairsAsTheyWereWhenTheyWereTaken) {
  const std::string pair = memoized(1, "](" + text("a") + kOne + "e");
  const std::string call = reduce(kOrderedDict, {list({pair})});
  expect_complaints({
      {tuple({call, fetched(1) + kOne + "a"}),
       "corrupt: a known name is called with arguments it never gets: OrderedDict", call},
  });
  // The last change may also be the one that makes it a pair.
  const std::string late = reduce(kOrderedDict, {list({memoized(1, list({text("a")}))})});
  expect_complaints({
      {tuple({late, fetched(1) + kOne + "a"}), "corrupt: a pair that changed after it was used",
       late},
  });
}

TEST(Interpreter, TreatsStatesAsTheyWereWhenTheyWereGiven) {
  const std::string value = build(kNamespace, memoized(1, dict({text("a"), kOne})));
  EXPECT_EQ(opened_text(CheckpointBuilder(value)), "argparse.Namespace().build({\"a\": 1})");
  expect_complaints({
      {tuple({value, fetched(1) + text("b") + kOne + "s"}),
       "corrupt: a known value is given a state it never gets: Namespace", kNamespace},
  });
}

TEST(Interpreter, UsesADtypeOnlyAfterItsState) {
  const std::string shell = memoized(1, dtype_shell("f8"));
  const std::string data = bytes(std::string(8, '\0'));
  const std::string state = dtype_state({});
  EXPECT_EQ(opened_text(CheckpointBuilder(shell + state + "b0" + scalar(fetched(1), data))),
            "<f8 [] by [] \"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"");
  const std::string early = scalar(fetched(1), data);
  expect_complaints({
      {tuple({shell, early, build(fetched(1), state)}),
       "corrupt: a known name is called with arguments it never gets: scalar", early},
      {tuple({shell, array({1}, fetched(1), data), build(fetched(1), state)}),
       "corrupt: an array without a dtype: numpy.ndarray", array_shell()},
  });
}

TEST(Interpreter, RefusesStatesForWhatTakesNone) {
  for (const auto& [value, name] : {
           std::pair(reduce(symbol("builtins", "frozenset"), {list({kOne})}), "frozenset"),
           std::pair(reduce(symbol("builtins", "dict"), {}), "dict"),
           std::pair(reduce(symbol("collections", "deque"), {}), "deque"),
           std::pair(reduce(symbol("builtins", "range"), {kOne, kOne, kOne}), "range"),
           std::pair(reduce(symbol("torch", "Size"), {integers({1})}), "Size"),
           std::pair(kTensor, "_rebuild_tensor_v2"),
       })
    expect_complaints(
        {{build(value, "}"), "corrupt: a state is given to a value that cannot take one: "s + name,
          value}},
        kOneStorage);
}

TEST(Interpreter, RefusesItemsForWhatHoldsNone) {
  const std::string append = kOne + "a";
  const std::string set_item = text("k") + kOne + "s";
  const std::string add = "(" + kOne + "\x90";
  const std::string size = reduce(symbol("torch", "Size"), {integers({1})});
  const std::string dict_call = reduce(kOrderedDict, {});
  const std::string set_call = reduce(symbol("builtins", "set"), {});
  const std::string list_call = reduce(symbol("builtins", "list"), {});
  expect_complaints(
      {
          {kTensor + set_item,
           "corrupt: keys are set in a value that cannot hold them: _rebuild_tensor_v2", kTensor},
          {kTensor + append,
           "corrupt: items are appended to a value that cannot hold them: _rebuild_tensor_v2",
           kTensor},
          {size + append, "corrupt: items are appended to a value that cannot hold them: Size",
           size},
          {dict_call + append,
           "corrupt: items are appended to a value that cannot hold them: OrderedDict", dict_call},
          {dict_call + add,
           "corrupt: members are added to a value that cannot hold them: OrderedDict", dict_call},
          {set_call + set_item, "corrupt: keys are set in a value that cannot hold them: set",
           set_call},
          {list_call + add, "corrupt: members are added to a value that cannot hold them: list",
           list_call},
          {kNamespace + set_item,
           "corrupt: keys are set in a value that cannot hold them: Namespace", kNamespace},
      },
      kOneStorage);
}

TEST(Interpreter, DoesNotOpenAFileWhoseProgramContradictsItself) {
  EXPECT_FALSE(
      open(CheckpointBuilder(build(reduce(symbol("builtins", "range"), {kOne, kOne, kOne}), "}"))));
  EXPECT_FALSE(open(CheckpointBuilder(reduce(ordered_dict(), {kOne}))));
  EXPECT_TRUE(open(CheckpointBuilder(kDamagedValue)));
}

TEST(Interpreter, RefusesToCallWhatIsNoClass) {
  expect_complaints(
      {
          {reduce(ordered_dict(), {kOne}), "corrupt: a call of a value that is not a class"},
          {reduce(kTensor, {}), "corrupt: a call of a value that is not a class"},
          {reduce(storage("0", 2), {}), "corrupt: a call of a value that is not a class"},
      },
      kOneStorage);
}

TEST(Interpreter, TakesOneStateAtMostForAKnownValue) {
  const std::string state = dict({text("a"), kOne});
  expect_complaints({
      {build(build(kNamespace, state), state), "corrupt: a value is given two states: Namespace",
       kNamespace},
      {build(dtype("f8"), dtype_state({})), "corrupt: a value is given two states: dtype",
       dtype_shell("f8")},
      {build(build(ordered_dict(), state), state),
       "corrupt: a value is given two states: OrderedDict", ordered_dict()},
      {build(kNamespace, kOne), "corrupt: a known value is given a state it never gets: Namespace",
       kNamespace},
      {build(kNamespace, dict({kOne, kOne})),
       "corrupt: a known value is given a state it never gets: Namespace", kNamespace},
  });
}

TEST(Interpreter, TakesNoKeywordsForKnownNames) {
  const std::string with = kOrderedDict + ")" + dict({text("a"), kOne}) + "\x92";
  expect_complaints({
      {with, "corrupt: a known name is called with arguments it never gets: OrderedDict"},
  });
  EXPECT_EQ(opened_text(CheckpointBuilder(kOrderedDict + ")}\x92")), "collections.OrderedDict(){}");
}

// Python's rules, which python/tests/test_call_forms.py holds against CPython itself.
TEST(Interpreter, TakesCallsInTheFormOfTheirName) {
  const std::string encode = symbol("_codecs", "encode");
  const std::string uuid = symbol("uuid", "UUID");
  const std::string pairs = list({kPair});
  expect_complaints({
      {newobj(encode, {text("a"), text("latin1")}),
       "corrupt: a name is made in a way that is not its own: encode"},
      {newobj(kOrderedDict, {pairs}),
       "corrupt: a class is made with arguments that it ignores then: OrderedDict"},
      {reduce(uuid, {}), "corrupt: a class is called without the arguments that it needs: UUID"},
  });
  expect_all({
      {newobj(kOrderedDict, {}), "collections.OrderedDict(){}"},
      {"(" + pairs + "icollections\nOrderedDict\n", "collections.OrderedDict(){\"a\": 1}"},
      {newobj(symbol("builtins", "range"), {kOne, kOne, kOne}), "range[1, 1, 1]"},
  });
}

TEST(Interpreter, LooksBehindADetour) {
  const std::string object = symbol("builtins", "object");
  const std::string detour =
      reduce(symbol("copyreg", "_reconstructor"), {symbol("argparse", "Namespace"), object, kNone});
  const std::string maker = symbol("argparse", "Namespace");
  const std::string method = reduce(symbol("builtins", "getattr"), {maker, text("__new__")});
  const std::string partial =
      build(reduce(symbol("functools", "partial"), {method}),
            tuple({method, tuple({maker}), dict({text("a"), kOne}), kNone}));
  expect_complaints({
      {detour + text("k") + kOne + "s",
       "corrupt: keys are set in a value that cannot hold them: Namespace", detour},
      {reduce(partial, {}), "corrupt: a construction in no known form"},
  });
}

TEST(Interpreter, KnowsTheClassesOfAProgramInsideOfItOnly) {
  CheckpointBuilder file(newobj(symbol("__torch__.m", "Net"), {}));
  EXPECT_FALSE((*open(file)).symbols().at(0).is_known);
  file.record("constants.pkl", "\x80\2).");
  const auto program = open(file);
  EXPECT_TRUE(program->symbols().at(0).is_known);
  EXPECT_EQ(program->container().format, safe_load::Format::kTorchScript);
}

TEST(Interpreter, KnowsMemoryFormatsOfTorchOnly) {
  const auto of = [](std::string_view module, std::string_view name) {
    return reduce(symbol("builtins", "getattr"), {symbol(module, name), text("channels_last")});
  };
  expect_all({
      {of("torch.functional", "torch"),
       "torch.memory_format(torch.functional.torch, \"channels_last\")"},
      {of("torch", "float32"), "attribute reference(torch.float32, \"channels_last\")"},
  });
}

TEST(Interpreter, DoesNotCallWhatStandsForAValue) {
  for (const auto& [module, name] :
       {std::pair("torch", "float32"), std::pair("numpy", "ndarray"),
        std::pair("torch.storage", "UntypedStorage"), std::pair("builtins", "Ellipsis"),
        std::pair("torch.nn.parameter", "Buffer")})
    expect_complaints({{reduce(symbol(module, name), {kOne}),
                        "corrupt: a name that is a value is called: "s + name}});
}

// What the file says, then the path of each issue.
std::string text_and_paths(const std::string& value) {
  const auto opened = open(CheckpointBuilder(value));
  if (!opened) return "refused";
  std::string out = value_text(opened->root());
  for (const auto& issue : opened->issues()) out += " ! " + issue.path;
  return out;
}

TEST(Interpreter, ListsADamagedValueOnceWithItsPath) {
  const std::string shared = memoized(1, kDamagedValue);

  EXPECT_EQ(text_and_paths(dict({text("w"), kOne, text("x"), list({kOne, kDamagedValue})})),
            "{\"w\": 1, \"x\": [1, damaged value]} ! $[\"x\"][1]");
  EXPECT_EQ(text_and_paths(tuple({shared, fetched(1)})), "(damaged value, damaged value) ! $[0]");
  EXPECT_EQ(text_and_paths(tuple({kDamagedValue, kDamagedValue})),
            "(damaged value, damaged value) ! $[0] ! $[1]");
  EXPECT_EQ(text_and_paths(build(kObject, dict({text("f"), kDamagedValue}))),
            "m.C(1).build({\"f\": damaged value}) ! $.f");
  EXPECT_EQ(text_and_paths(shared + "0" + kOne), "1 ! ");
}

TEST(Interpreter, SpreadsADamagedValueToWhoeverWasCalledWithIt) {
  // One entry, which leads to where it began; whatever is built from it is damaged, too.
  EXPECT_EQ(text_and_paths(list({reduce(symbol("datetime", "datetime"),
                                        {bytes(std::string(10, '\1')), kDamagedValue})})),
            "[damaged value] ! $[0]");
  EXPECT_EQ(text_and_paths(list({reduce(symbol("builtins", "slice"), {kDamagedValue})})),
            "[damaged value] ! $[0]");
  EXPECT_EQ(text_and_paths(list({build(kNamespace, kDamagedValue)})), "[damaged value] ! $[0]");
  EXPECT_EQ(text_and_paths(list({reduce(kDamagedValue, {kOne})})), "[damaged value] ! ");
  // What an unknown call was given stays visible.
  EXPECT_EQ(text_and_paths(reduce(symbol("m", "C"), {kDamagedValue})),
            "m.C(damaged value) ! $.__args__[0]");
}

TEST(Interpreter, ReadsTheSpellingsOfProtocolZero) {
  const std::string object = symbol("__builtin__", "object");
  const auto reconstructed = [&](const std::string& name) {
    return reduce(symbol("copy_reg", "_reconstructor"), {name, object, kNone});
  };
  expect_all({
      {build(reconstructed(symbol("argparse", "Namespace")), dict({text("a"), kOne})),
       "argparse.Namespace().build({\"a\": 1})"},
      {reconstructed(symbol("m", "C")), "m.C(m.C, builtins.object, None)"},
      {build(reconstructed(symbol("m", "C")), dict({text("a"), kOne})),
       "m.C(m.C, builtins.object, None).build({\"a\": 1})"},
      {reduce(symbol("copyreg", "_reconstructor"),
              {symbol("m", "D"), symbol("__builtin__", "dict"), dict({kOne, kOne})}),
       "m.D(m.D, builtins.dict, {1: 1})"},
      {reduce(symbol("copyreg", "__newobj__"), {symbol("m", "C"), kOne}), "m.C(m.C, 1)"},
      {reduce(symbol("copyreg", "__newobj_ex__"), {symbol("m", "C"), ")", "}"}),
       "m.C(m.C, (), {})"},
      {"(" + kOne + "im\nC\n", "m.C(1)"},
      {"(" + symbol("m", "C") + kOne + "o", "m.C(1)"},
  });
}

TEST(Interpreter, ReadsPython2TextByTheEncoding) {
  using safe_load::TextEncoding;
  const CheckpointBuilder file(list({python2("ab"), python2("\xc3\xa9"), python2("\xff")}));
  EXPECT_EQ(opened_text(file), "[\"ab\", \"\xc3\xa9\", b\"\\xff\"]");
  EXPECT_EQ(opened_text(file, {.encoding = TextEncoding::kLatin1}),
            "[\"ab\", \"\xc3\x83\xc2\xa9\", \"\xc3\xbf\"]");
  EXPECT_EQ(opened_text(file, {.encoding = TextEncoding::kBytes}),
            "[b\"ab\", b\"\xc3\xa9\", b\"\\xff\"]");
}

TEST(Interpreter, KeepsCyclesAndIdentity) {
  expect_all({
      {"]q\0h\0a"s, "[&0]"},
      {"}q\0X\1\0\0\0kh\0s"s, "{\"k\": &0}"},
      {symbol("m", "C") + ")Rq\0h\0b"s, "m.C().build(&0)"},
      {memoized(1, ordered_dict()) + text("self") + fetched(1) + "s",
       "collections.OrderedDict(){\"self\": &0}"},
  });
}

}  // namespace
