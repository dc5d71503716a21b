// The report for people: nothing hostile reaches the terminal, and nothing is left out silently.
#include <gtest/gtest.h>
#include <safe_load/report.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include "support/array_builder.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::TextOptions;

const std::string kOne = integer(1);
const std::string kStorage = storage("0", 2);
const std::string kTensor = tensor(kStorage, 0, {2}, {1});

CheckpointBuilder with_data(const std::string& value) {
  return CheckpointBuilder(value).storage("0", raw<float>({1, 2}));
}

std::string report(const CheckpointBuilder& file, const TextOptions& options = {}) {
  const auto opened = open(file);
  return opened ? to_text(*opened, "model.pt", options) : opened.error().text();
}

// The report without its first line.
std::string body(const CheckpointBuilder& file, const TextOptions& options = {}) {
  const std::string all = report(file, options);
  return all.substr(all.find('\n') + 1);
}

std::string summarised(const std::string& value) {
  const auto opened = open(with_data(value));
  return opened ? summary(opened->root()) : opened.error().text();
}

TEST(Summary, FitsEveryKindOnOneLine) {
  const std::string moment("\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40", 10);
  const auto call = [](std::string_view module, std::string_view name,
                       std::initializer_list<std::string_view> arguments) {
    return reduce(symbol(module, name), arguments);
  };
  const struct {
    std::string value;
    std::string text;
  } cases[] = {
      {"N", "None"},
      {std::string(kTrue), "True"},
      {integer(-7), "-7"},
      {"\x8a\x09" + std::string(8, '\xff') + std::string(1, '\0'), "18446744073709551615"},
      {"L-18446744073709551616L\n", "an integer of 72 bits"},
      {real(0.5), "0.5"},
      {call("builtins", "complex", {real(1), real(-2)}), "(1.0, -2.0i)"},
      {text("a\"b\n"), "\"a\\\"b\\n\""},
      {text(std::string(100, 'x')), '"' + std::string(80, 'x') + "...\""},
      {bytes(std::string("a\0", 2)), "2 bytes \"a\\x00\""},
      {bytes(std::string(30, 'b')), "30 bytes \"bbbbbbbbbbbbbbbbbbbbbbbb...\""},
      {call("builtins", "bytearray", {bytes("ab")}), "2 bytes \"ab\""},
      {symbol("os", "system"), "os.system"},
      {kTensor, "tensor F32 [2]"},
      {tensor(kStorage, 0, {}, {}), "tensor F32 []"},
      {kStorage, "storage F32, 8 B"},
      {array({2, 1}, dtype("i4"), bytes(std::string(8, '\0'))), "numpy <i4 [2, 1]"},
      {dtype("f8", {.order = ">"}), "numpy dtype >f8"},
      {scalar(dtype("f8"), bytes(raw<double>({0.25}))), "0.25 (numpy <f8)"},
      {scalar(dtype("i2"), bytes("\5" + std::string(1, '\0'))), "5 (numpy <i2)"},
      {scalar(dtype("b1", {.order = "|"}), bytes("\1")), "True (numpy bool)"},
      {scalar(dtype_shell("S2"), bytes("ab")), "numpy |S2"},
      {call("datetime", "datetime", {bytes(moment)}), "2024-02-29 13:37:59.123456"},
      {call("datetime", "date", {bytes(moment.substr(0, 4))}), "2024-02-29"},
      {call("datetime", "time", {bytes(std::string("\1\2\3\0\0\0", 6))}), "01:02:03"},
      {call("datetime", "timedelta", {kOne, kOne, kOne}), "datetime.timedelta[1, 1, 1]"},
      {call("builtins", "range", {kOne, integer(9), integer(2)}), "range[1, 9, 2]"},
      {call("torch", "Size", {integers({2, 3})}), "torch.Size[2, 3]"},
      {call("pathlib", "PosixPath", {text("/"), text("a"), text("b")}), "\"/a/b\""},
      {call("pathlib", "PosixPath", {text("a/b")}), "\"a/b\""},
      {call("pathlib", "PosixPath", {}), "\".\""},
      {call("decimal", "Decimal", {text("1.50")}), "1.50"},
      {call("fractions", "Fraction", {text("1/3")}), "1/3"},
      {call("fractions", "Fraction", {kOne, integer(3)}), "1/3"},
      {call("torch", "device", {text("cuda:1")}), "cuda:1"},
      {call("torch.serialization", "_get_layout", {text("torch.strided")}), "torch.strided"},
      {newobj(symbol("torch.torch_version", "TorchVersion"), {text("2.6.0")}), "2.6.0"},
      {build(newobj(symbol("uuid", "UUID"), {}), dict({text("int"), integer(7)})), "uuid 7"},
      {call("builtins", "getattr", {symbol("m", "C"), text("RED")}), "m.C.RED"},
      {call("m", "Color", {kOne}), "m.Color(1)"},
      {call("m", "Color", {text("red")}), "m.Color(\"red\")"},
      {call("m", "C", {kOne, kOne}), "object of m.C"},
      {newobj(symbol("m", "C"), {kOne}), "object of m.C"},
      {call("functools", "partial", {symbol("m", "f")}), "functools.partial"},
      {call("builtins", "slice", {kOne}), "slice"},
      {"]", "list of 0"},
      {tuple({kOne, kOne}), "tuple of 2"},
      {dict({kOne, kOne}), "dict of 1"},
      {ordered_dict(), "collections.OrderedDict of 0"},
      {call("builtins", "bytearray", {integer(7)}), "damaged value"},
  };
  for (const auto& c : cases) EXPECT_EQ(summarised(c.value), c.text);
}

TEST(TextReport, BeginsWithTheContainer) {
  const std::string all = report(with_data(dict({text("w"), kTensor})));
  EXPECT_EQ(all.substr(0, all.find(" of data in")), "model.pt  zip, 1 tensor, 8 B");
  EXPECT_NE(all.find("pickle protocol 2, version 3\n"), std::string::npos);
  const auto big = open(with_data(kTensor).record("byteorder", "big"));
  EXPECT_NE(to_text(*big, "x").find("version 3, big-endian\n"), std::string::npos);
}

TEST(TextReport, ListsTensorsAndWhatTheyShare) {
  const std::string parameter =
      rebuild("_rebuild_parameter", {tensor(kStorage, 0, {1}, {1}), kTrue, ordered_dict()});
  const std::string with_gradient =
      rebuild("_rebuild_tensor_v2",
              {kStorage, integer(0), integers({2}), integers({0}), kTrue, ordered_dict()});
  EXPECT_EQ(body(with_data(dict({text("w"), memoized(1, kTensor), text("tied"), fetched(1),
                                 text("bias"), parameter, text("g"), with_gradient, text("empty"),
                                 tensor(kStorage, 0, {0}, {1})}))),
            "tensors\n"
            "  w      F32  [2]  8 B\n"
            "  tied   F32  [2]  8 B  = w\n"
            "  bias   F32  [1]  4 B  parameter, shares storage with w\n"
            "  g      F32  [2]  8 B  requires grad, strides [0], shares storage with w\n"
            "  empty  F32  [0]  0 B\n");
}

TEST(TextReport, ListsOtherValuesByTheirPath) {
  const std::string arguments =
      build(newobj(symbol("argparse", "Namespace"), {}), dict({text("lr"), real(0.5)}));
  EXPECT_EQ(body(CheckpointBuilder(dict({text("epoch"), kOne, text("args"), arguments, text("none"),
                                         "]", text("t"), tuple({kOne, text("x")})}))),
            "values\n"
            "  $[\"epoch\"]    1\n"
            "  $[\"args\"].lr  0.5\n"
            "  $[\"none\"]     list of 0\n"
            "  $[\"t\"][0]     1\n"
            "  $[\"t\"][1]     \"x\"\n");
}

TEST(TextReport, CountsWhatEveryModuleKeeps) {
  const std::string parts = dict({text("_parameters"), dict({text("w"), kTensor}), text("_buffers"),
                                  "}", text("_modules"), "}", text("training"), kTrue,
                                  text("_hooks"), "]", text("bias"), kTrue});
  const auto net = with_data(build(newobj(symbol("m", "Net"), {}), parts));
  const std::string shown = body(net);
  EXPECT_NE(shown.find("tensors\n  w  F32"), std::string::npos) << shown;
  EXPECT_NE(
      shown.find("values\n"
                 "  $       object of m.Net\n"
                 "  $.bias  True\n"
                 "  4 values of modules not listed: flags and empty tables; --json has them\n"),
      std::string::npos)
      << shown;
  // The same names are nobody's where there is no module.
  const std::string other = body(with_data(
      build(newobj(symbol("m", "Net"), {}), dict({text("training"), kTrue, text("_hooks"), "]"}))));
  EXPECT_NE(other.find("  $.training  True\n"), std::string::npos) << other;
}

TEST(TextReport, WordsNoMoreRowsThanItShows) {
  const auto opened = open(CheckpointBuilder(
      dict({text("a"), kOne, text("b"), kOne, text("c"), kOne, text("d"), kOne})));
  safe_load::TextOptions options;
  options.most_values = 2;
  const std::string shown = to_text(*opened, "x", options);
  EXPECT_NE(shown.find("  $[\"b\"]  1\n  ... and 2 more (--all shows them)\n"), std::string::npos)
      << shown;
}

TEST(TextReport, NamesInertClassesAndDamage) {
  const std::string text_of =
      body(CheckpointBuilder(dict({text("a"), newobj(symbol("m", "Net"), {}), text("b"),
                                   reduce(symbol("builtins", "bytearray"), {integer(7)})}) +
                             symbol("os", "system") + "0"));
  EXPECT_NE(text_of.find("inert classes and functions (nothing was imported or run)\n"
                         "  m.Net      1x  at $[\"a\"]\n"
                         "  os.system  0x  not part of the result\n"),
            std::string::npos)
      << text_of;
  EXPECT_NE(text_of.find("damaged values\n  archive/data.pkl+0x"), std::string::npos) << text_of;
  EXPECT_NE(
      text_of.find("$[\"b\"]: a known name is called with arguments it never gets: bytearray"),
      std::string::npos)
      << text_of;
}

TEST(TextReport, ShowsNotes) {
  EXPECT_NE(body(CheckpointBuilder::around("\x80\2NN."))
                .find("note: values are left on the stack (archive/data.pkl at 4)\n"),
            std::string::npos);
}

// Nothing but printable ASCII and line feeds, whatever the file is called and holds.
void expect_printable(const std::string& shown) {
  const auto is_plain = [](char c) { return (c >= 0x20 && c < 0x7F) || c == '\n'; };
  EXPECT_TRUE(std::all_of(shown.begin(), shown.end(), is_plain)) << shown;
}

TEST(TextReport, EscapesEveryNameOfTheFile) {
  const std::string evil = "\x1b[2J\x1b]0;t\7\r\xe2\x80\xae\xc2\x9b";
  const std::string name = "m\x1b[31m";
  CheckpointBuilder file(dict(
      {text(evil),       tensor(storage(evil, 2, "FloatStorage", evil), 0, {2}, {1}),
       text("v" + evil), text(evil),
       text("b"),        bytes(evil),
       text("o"),        build(newobj(symbol(name, name), {}), dict({text(evil), kOne})),
       text("e"),        reduce(symbol(name, name), {text(evil)}),
       text("s"),        symbol(name, name),
       text("p"),        reduce(symbol("pathlib", "PosixPath"), {text(evil)}),
       text("a"),        reduce(symbol("builtins", "getattr"), {symbol(name, name), text(evil)}),
       text("d"),        reduce(symbol("_codecs", "encode"), {text("x"), text(evil)}),
       text("k"),        dict({bytes(evil), kOne, symbol(name, name), kOne})}));
  file.storage(evil, raw<float>({1, 2})).record("version\x1b", "3");
  const auto opened = open(file);
  ASSERT_TRUE(opened) << opened.error().text();
  expect_printable(to_text(*opened, evil));
  expect_printable(to_json(*opened, evil));
  opened->for_each([&](const safe_load::Place& place) {
    expect_printable(to_text(*opened, place.value()));
    expect_printable(to_json(*opened, place.value()));
    expect_printable(place.path() + place.name());
    expect_printable(place.value().class_name());
  });
  for (const auto& issue : opened->issues()) expect_printable(issue.text());
}

TEST(TextReport, CutsToTheWidth) {
  const CheckpointBuilder file =
      with_data(dict({text(std::string(70, 'n')), kTensor, text("caf\xc3\xa9s"), kTensor}));
  for (const std::size_t width : {20u, 40u, 79u}) {
    const std::string all = report(file, {.width = width});
    std::size_t columns = 0;
    for (const char c : all) {
      if (c == '\n') {
        EXPECT_LE(columns, width);
        columns = 0;
      } else {
        columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
      }
    }
  }
  EXPECT_NE(report(file, {.width = 40}).find("…\n"), std::string::npos);
  EXPECT_EQ(report(file).find("…"), std::string::npos);
}

// A line of the report that holds both texts.
bool shows(const std::string& report, std::string_view first, std::string_view second) {
  std::istringstream lines(report);
  for (std::string line; std::getline(lines, line);)
    if (line.find(first) != std::string::npos && line.find(second) != std::string::npos)
      return true;
  return false;
}

TEST(TextReport, LeavesNamesTheirEnds) {
  const std::string front = std::string(100, 'a') + ".q_proj.";
  const auto named = [&](std::string_view end) { return text(front + std::string(end)); };
  const CheckpointBuilder file =
      with_data(dict({named("lora_A.weight"), kTensor, named("lora_B.weight"), kTensor}));
  const std::string narrow = report(file, {.width = 60});
  EXPECT_TRUE(shows(narrow, "…", "lora_A.weight  F32")) << narrow;
  EXPECT_TRUE(shows(narrow, "…", "lora_B.weight  F32")) << narrow;
  EXPECT_TRUE(shows(report(file), front + "lora_A.weight", "F32"));
}

TEST(TextReport, ShowsNamesWholeThatWouldLookAlike) {
  const std::string end = std::string(60, 'z');
  const std::string one = std::string(60, 'a') + "1" + end;
  const std::string two = std::string(60, 'a') + "2" + end;
  const CheckpointBuilder file = with_data(dict({text(one), kTensor, text(two), kTensor}));
  const std::string narrow = report(file, {.width = 60});
  EXPECT_NE(narrow.find(one), std::string::npos) << narrow;
  EXPECT_NE(narrow.find(two), std::string::npos) << narrow;
}

TEST(TextReport, SaysHowManyRowsItLeavesOut) {
  std::string numbers = "](";
  for (int i = 0; i < 10; ++i) numbers += integer(i);
  const CheckpointBuilder file(numbers + "e");
  EXPECT_EQ(body(file, {.most_rows = 2}),
            "values\n  $[0]  0\n  $[1]  1\n  ... and 8 more (--all shows them)\n");
  EXPECT_EQ(body(file, {.most_rows = 10}), body(file));
  EXPECT_EQ(body(file, {.most_rows = 10, .most_values = 2}), body(file, {.most_rows = 2}));
}

TEST(TextReport, ColorsOnlyWhatAlsoHasWords) {
  const CheckpointBuilder file(list({kOne, reduce(symbol("builtins", "bytearray"), {integer(7)})}));
  std::string colored = report(file, {.color = true});
  EXPECT_NE(colored, report(file));
  for (const std::string_view code : {"\x1b[1m", "\x1b[33m", "\x1b[0m"})
    for (std::size_t at; (at = colored.find(code)) != std::string::npos;)
      colored.erase(at, code.size());
  EXPECT_EQ(colored, report(file));
}

TEST(TextReport, ShowsOneTensorWithItsStatistics) {
  const auto opened = open(with_data(dict({text("w"), kTensor})));
  EXPECT_EQ(to_text(*opened, opened->root()["w"]),
            "tensor F32 [2]  at $[\"w\"]\n"
            "  dtype               torch.float32\n"
            "  shape               [2]\n"
            "  strides             [1]\n"
            "  size                8 B\n"
            "  storage             0 on cpu, 8 B, offset 0\n"
            "  minimum             1.0\n"
            "  maximum             2.0\n"
            "  mean                1.5\n"
            "  standard deviation  0.5\n"
            "  NaN                 0\n"
            "  infinite            0\n"
            "[1. 2.]\n");
}

TEST(TextReport, ShowsThePartsOfOneValue) {
  const std::string object = build(
      symbol("m", "C") + tuple({kOne}) + dict({text("k"), kOne}) + "\x92" + text("item") + "a",
      dict({text("x"), kOne}));
  const auto opened = open(CheckpointBuilder(object));
  EXPECT_EQ(to_text(*opened, opened->root()),
            "object of m.C  at $\n"
            "  argument [0]  1\n"
            "  keyword \"k\"   1\n"
            "  [0]           \"item\"\n"
            "  .\"x\"          1\n");
}

TEST(TextReport, GivesSizesInBinaryUnits) {
  using safe_load::human_size;
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1024), "1.00 KiB");
  EXPECT_EQ(human_size(1536), "1.50 KiB");
  EXPECT_EQ(human_size(10240), "10.0 KiB");
  EXPECT_EQ(human_size(std::uint64_t{1} << 20), "1.00 MiB");
  EXPECT_EQ(human_size(std::uint64_t{1} << 30), "1.00 GiB");
  EXPECT_EQ(human_size(std::uint64_t{1} << 40), "1.00 TiB");
  EXPECT_EQ(human_size(std::uint64_t{1} << 50), "1.00 PiB");
}

TEST(TextReport, FoldsManyPlainValuesIntoOneRow) {
  const auto folded = [](const std::vector<std::string>& values) {
    std::string items = "](";
    for (const std::string& value : values) items += value;
    const std::string all = body(with_data(items + "e"));
    return all.substr(0, all.find('\n', all.find('\n') + 1) + 1);
  };
  std::vector<std::string> values;
  for (int i = -1; i < 1234; ++i) values.push_back(integer(i));
  EXPECT_EQ(folded(values), "values\n  $  1,235 integers, -1 to 1,233\n");
  values.push_back(text("a"));
  EXPECT_EQ(folded(values), "values\n  $  1,236 plain values\n");
  values.push_back(list({integer(1)}));
  EXPECT_EQ(folded(values), "values\n  $[0]        -1\n");
  EXPECT_EQ(folded(std::vector<std::string>(33, real(0.5))),
            "values\n  $  33 floats, 0.5 to 0.5\n");
  EXPECT_EQ(folded(std::vector<std::string>(32, real(0.5))), "values\n  $[0]   0.5\n");
  std::vector<std::string> gaps(33, real(0.5));
  gaps[0] = real(std::nan(""));
  EXPECT_EQ(folded(gaps), "values\n  $  33 floats, 0.5 to 0.5, NaN among them\n");
  EXPECT_EQ(folded(std::vector<std::string>(33, gaps[0])),
            "values\n  $  33 floats, NaN among them\n");
}

}  // namespace
