// What a scan says of one odd thing alone: the verdict, and each finding with its severity. Files
// in which somebody hides a payload are elsewhere; here nothing worse stands beside what is judged.
#include <gtest/gtest.h>
#include <safe_load/scan.h>

#include "property/fixtures.h"
#include "support/scanned.h"
#include "support/tensor_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::FileReport;
using safe_load::Finding;
using safe_load::Verdict;

// "UNKNOWN: P10 unknown, P05 note (2)"
std::string said(const FileReport& report) {
  std::string text(to_text(report.verdict));
  const char* between = ": ";
  for (std::size_t i = 0; i < report.findings.size();) {
    const Finding& first = report.findings[i];
    std::size_t count = 1;
    while (++i < report.findings.size() && report.findings[i].rule == first.rule &&
           report.findings[i].severity == first.severity)
      ++count;
    text += between + std::string(first.rule->id.substr(3)) + " " +
            std::string(to_text(first.severity));
    if (count > 1) text += " (" + std::to_string(count) + ")";
    between = ", ";
  }
  return text;
}

std::string said(std::string_view file) { return said(scan_bytes(file)); }

struct Case {
  std::string_view what;
  std::string file;
  std::string_view said;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(said(each.file), each.said) << each.what;
}

const std::string kBegin = "\x80\2";
const std::string kPayload = "0cos\ngetcwd\n)R.";
const std::string kOrdered = reduce(symbol("collections", "OrderedDict"), {});
const std::string kThing = symbol("mylib", "Thing");

std::string frame(std::uint64_t size) { return "\x95" + little(size, 8); }

// ---- pickles

TEST(Judgements, OfFrames) {
  expect_all({
      {"none is empty", "\x80\4" + frame(0) + "N.", "SAFE: P01 note"},
      {"STOP ends it", "\x80\4" + frame(3) + "N.N", "UNKNOWN: P01 unknown, P11 unknown"},
      {"it is cut", "\x80\4" + frame(9) + "N.", "INCOMPLETE: R07 incomplete"},
      {"no file is that long: all stop", "\x80\4" + frame(~std::uint64_t{0}) + "N" + kPayload,
       "INCOMPLETE: P02 incomplete"},
  });
}

TEST(Judgements, OfOperands) {
  expect_all({
      {"blank", kBegin + "I 15\n.", "UNKNOWN: P10 unknown"},
      {"all stop", kBegin + "Ix\n" + kPayload, "INCOMPLETE: P02 incomplete"},
      {"some stop", kBegin + "I1\0\n"s + kPayload, "DANGEROUS: G01 danger, P10 unknown"},
      {"no such entry", kBegin + "Np99999999999\ng7\n" + kPayload,
       "DANGEROUS: G01 danger, P10 unknown, P06 note"},
      {"an entry needs a value", kBegin + "p99999999999\nN" + kPayload,
       "INCOMPLETE: P02 incomplete, P10 unknown"},
      {"a new protocol", "\x80\6N.", "INCOMPLETE: P09 incomplete"},
      {"an extension code of two bytes",
       "\x80\2\x83"
       "c." +
           kPayload,
       "DANGEROUS: G01 danger, P07 unknown"},
      {"an extension code of four bytes",
       "\x80\2\x84"
       "c.c." +
           kPayload,
       "DANGEROUS: G01 danger, P07 unknown"},
  });
}

TEST(Judgements, OfNames) {
  expect_all({
      {"no text: all stop", kBegin + "cm\xff\nx\n" + kPayload, "INCOMPLETE: P02 incomplete"},
      {"a NUL", kBegin + "cm\0d\nx\n."s, "UNKNOWN: G15 unknown, P10 unknown"},
      {"too long", kBegin + "cm\n" + std::string(4097, 'x') + "\n.",
       "UNKNOWN: G15 unknown, P10 unknown"},
      {"half a character", kBegin + text("\xed\xa0\x80") + text("x") + "\x93.",
       "UNKNOWN: G15 unknown, P10 unknown"},
      {"no end, which takes the last letter along", kBegin + "cbuiltins\nevalX",
       "DANGEROUS: G02 danger, P02 incomplete, P10 unknown"},
      {"an id: all stop", kBegin + "P\xff\n" + kPayload, "INCOMPLETE: P02 incomplete"},
  });
}

TEST(Judgements, OfWhatStopsEveryReader) {
  expect_all({
      {"a state of a number", kBegin + "K\1K\2b" + kPayload, "INCOMPLETE: P02 incomplete"},
      {"items of a number", kBegin + "K\1K\2a" + kPayload, "INCOMPLETE: P02 incomplete"},
  });
}

TEST(Judgements, OfWhatBreaksOff) {
  expect_all({
      {"arguments that had grown",
       kBegin + "cmylib\nrun\n](" + text("import os; os.getcwd()") + "e\x85R\xff",
       "DANGEROUS: G14 danger, P02 incomplete, G15 unknown"},
      {"behind a whole one",
       "N."
       "cmylib\nrun\n)R",
       "UNKNOWN: G15 unknown, P11 unknown"},
      {"behind a damaged value",
       kBegin + reduce(symbol("torch", "device"), {text("nowhere!")}) + "\xff",
       "INCOMPLETE: P02 incomplete, T10 unknown"},
      {"behind a known value", kBegin + kOrdered + "\xff", "INCOMPLETE: P02 incomplete"},
      {"an import",
       "N."
       "cmylib\nrun\n",
       "UNKNOWN: P11 unknown"},
      {"in a legacy file", legacy_file().substr(0, legacy_file().size() - 80),
       "INCOMPLETE: P02 incomplete, G15 unknown"},
  });
}

// ---- calls

TEST(Judgements, OfAttributes) {
  const auto attribute = [](std::string_view of, std::string_view name) {
    return reduce(symbol("builtins", "getattr"), {of, text(name)});
  };
  const std::string bound = attribute(kOrdered, "items");
  expect_all({
      {"of a class", attribute(kThing, "Inner") + ".", "UNKNOWN: P05 unknown, G15 unknown"},
      {"of a class, called", attribute(kThing, "make") + ")R.",
       "UNKNOWN: P05 unknown, G15 unknown"},
      {"of a class, to its globals", attribute(kThing, "__globals__") + ".",
       "DANGEROUS: G12 danger, G15 unknown"},
      {"of a class, called with a command",
       attribute(kThing, "make") + text("import os; os.getcwd()") + "\x85R.",
       "DANGEROUS: G14 danger, P05 unknown, G15 unknown"},
      {"of an object", bound + ".", "UNKNOWN: P05 unknown"},
      {"of an object, called", bound + ")R.", "UNKNOWN: P05 unknown (2)"},
      {"of an object, to its globals", attribute(kOrdered, "__globals__") + ".",
       "DANGEROUS: G12 danger"},
      {"of an object, to a bad word", attribute(kOrdered, "system") + ")R.",
       "DANGEROUS: G12 danger (2)"},
      {"of a name that is not text", "cbuiltins\ngetattr\n" + kThing + "N\x86R.",
       "UNKNOWN: G15 unknown, T10 unknown"},
  });
}

TEST(Judgements, OfCalls) {
  expect_all({
      {"a call of a result", kOrdered + ")R.", "DANGEROUS: P13 danger (2)"},
      {"a call in an odd form", "ctorch\ndevice\n)\x81.", "UNKNOWN: T10 unknown"},
      {"in keywords", kThing + ")" + dict({text("a"), text("import os; os.getcwd()")}) + "\x92.",
       "DANGEROUS: G14 danger, G15 unknown"},
      {"far inside", reduce(kThing, {tuple({list({text("import os; os.getcwd()")})})}) + ".",
       "DANGEROUS: G14 danger, G15 unknown"},
      {"too far inside to be looked at",
       reduce(kThing, {tuple({list({tuple({text("import os; os.getcwd()")})})})}) + ".",
       "UNKNOWN: G15 unknown"},
  });
}

TEST(Judgements, OfStates) {
  const std::string slots = tuple({kNone, dict({text("__class__"), integer(1)})});
  expect_all({
      {"of slots", build(kOrdered, slots) + ".", "DANGEROUS: P12 danger, T10 unknown"},
      {"of an object of the file", build(newobj(kThing, {}), slots) + ".",
       "DANGEROUS: P12 danger, G15 unknown"},
  });
}

TEST(Judgements, OfRebuiltClasses) {
  const std::string made = reduce(symbol("cloudpickle.cloudpickle", "_make_skeleton_class"),
                                  {symbol("builtins", "type"), text("Net"), ")"});
  const std::string wrapped = dict({text("__wrapped__"), integer(1)});
  expect_all({
      {"an object of one", reduce(made, {}) + ".", "UNKNOWN: G09 unknown (2)"},
      {"a function around another", build(newobj(kThing, {}), wrapped) + ".",
       "UNKNOWN: P12 unknown, G15 unknown"},
  });
}

TEST(Judgements, OfCallsOfResults) {
  const std::string object = reduce(kThing, {});
  const std::string function = reduce(symbol("cloudpickle.cloudpickle", "_make_function"),
                                      {kNone, "}", kNone, kNone, kNone});
  const auto partial = [](std::string_view of) {
    return reduce(symbol("functools", "partial"), {of});
  };
  const std::string run = symbol("mylib", "run");
  expect_all({
      {"of an object", reduce(object, {run}) + ".", "UNKNOWN: P13 unknown, G15 unknown (2)"},
      {"of what that gives", reduce(reduce(object, {}), {}) + ".",
       "UNKNOWN: P13 unknown, G15 unknown"},
      {"with a bad word", reduce(object, {text("system")}) + ".",
       "DANGEROUS: P13 danger, G15 unknown"},
      {"with a function of the file", reduce(object, {function}) + ".",
       "DANGEROUS: P13 danger, G15 unknown, G09 unknown"},
      {"of a function of the file", reduce(function, {}) + ".",
       "DANGEROUS: G09 danger, G09 unknown"},
      {"of what Python's own returns", reduce(reduce(symbol("colorsys", "make"), {}), {}) + ".",
       "DANGEROUS: P13 danger, G15 unknown"},
      {"of a partial", reduce(partial(run), {}) + ".", "UNKNOWN: G15 unknown (2)"},
      {"of a partial of a partial", reduce(partial(partial(run)), {}) + ".",
       "UNKNOWN: A03 unknown, G15 unknown (2)"},
      {"of a partial of getattr", reduce(partial(symbol("builtins", "getattr")), {}) + ".",
       "DANGEROUS: P13 danger, A03 unknown"},
      {"of a damaged value",
       reduce(reduce(symbol("torch", "device"), {text("nowhere!")}), {}) + ".",
       "UNKNOWN: T10 unknown"},
  });
}

// A program may share what it calls with itself: the search for a name stays short.
TEST(Judgements, OfCallsThatShareTheirWay) {
  std::string way = symbol("builtins", "getattr") + "q\1";
  for (int i = 0; i < 60; ++i) way += "h\1h\1" + text("a") + "\x86Rq\1";
  EXPECT_EQ(scan_bytes(kBegin + way + ")R.").verdict, Verdict::kDangerous);
}

TEST(Judgements, OfAllAttributesAtOnce) {
  const std::string held = dict({text("lr"), integer(1)});
  const std::string evil = dict({text("__class__"), integer(1)});
  const auto all = [](std::string_view of, std::string_view attributes) {
    return build(of, dict({text("__dict__"), attributes})) + ".";
  };
  const std::string object = newobj(kThing, {});
  std::string deep = evil;
  for (int i = 0; i < 70; ++i) deep = dict({text("__dict__"), deep});
  expect_all({
      {"of an object of the file", all(object, held), "UNKNOWN: P12 unknown, G15 unknown"},
      {"and its class", all(object, evil), "DANGEROUS: P12 danger, P12 unknown, G15 unknown"},
      {"that a call gives", all(object, reduce(kThing, {})), "DANGEROUS: P12 danger, G15 unknown"},
      {"of a value", all(kOrdered, held), "DANGEROUS: P12 danger, T10 unknown"},
      {"deeper than anybody looks", all(object, deep),
       "DANGEROUS: P12 danger, P12 unknown, G15 unknown"},
  });
}

TEST(Judgements, OfWordsInTexts) {
  const auto member = [](const std::string& content) {
    return ZipBuilder().stored("a", content).build();
  };
  expect_all({
      {"one word", member("cat\ndog\n"), "UNKNOWN: G15 unknown"},
      {"words", member("cat :\ndog\n"), "SAFE: N03 note"},
      {"one of Python", member("cos\ndog\n"), "DANGEROUS: G01 danger, P02 incomplete"},
      {"one of Python that is hidden", member("c_cat\ndog\n"), "UNKNOWN: G15 unknown"},
      {"two words", member("cat.cat\ndog\n"), "UNKNOWN: G15 unknown"},
      {"words behind an opcode", member("Ncat :\ndog\n"), "UNKNOWN: G15 unknown"},
      {"words behind a dot", member("c.cat\ndog\n"), "UNKNOWN: G15 unknown"},
      {"words behind dots", member("c..cat\ndog\n"), "SAFE: N03 note"},
      {"no name at all", member("import os.path\nimport sys\n"), "SAFE: N03 note"},
      {"behind a number", "I 1\n.cat\ndog\n", "INCOMPLETE: P10 unknown, G15 unknown"},
      {"a file of them", "cat\ndog\n", "INCOMPLETE: C16 incomplete"},
  });
}

TEST(Judgements, OfAttributesOfTensors) {
  const auto with = [](const std::string& state) {
    return CheckpointBuilder(
               rebuild("_rebuild_parameter_with_state",
                       {tensor(storage("0", 2), 0, {2}, {1}), kTrue, ordered_dict(), state}))
        .storage("0", raw<float>({1, 2}))
        .build();
  };
  const auto attribute = [](const std::string& value) { return dict({text("f"), value}); };
  const std::string a_class = attribute(symbol("torch", "Tensor"));
  expect_all({
      {"a number", with(attribute(integer(1))), "SAFE"},
      {"a type", with(attribute(symbol("torch", "float32"))), "SAFE"},
      {"a dict", with(attribute(kOrdered)), "SAFE"},
      {"a dict with a state", with(attribute(build(kOrdered, dict({text("a"), kTrue})))),
       "UNKNOWN: A02 unknown"},
      {"a class", with(a_class), "UNKNOWN: A02 unknown"},
      {"a class in a slot", with(tuple({kNone, a_class})), "UNKNOWN: A02 unknown"},
      {"an object", with(attribute(newobj(kThing, {}))), "UNKNOWN: G15 unknown, A02 unknown"},
  });
}

TEST(Judgements, OfTextThatLooksLikeAPickle) {
  expect_all({
      {"bytes", bytes("\x80\4N0N.") + ".", "SAFE: N01 note"},
      {"base64", text("gASVBQAAAAAAAABOLg==") + ".", "SAFE: N01 note"},
      {"hex", text("80049500000000000000004e2e") + ".", "SAFE: N01 note"},
      {"a word", text("gASV") + ".", "SAFE"},
  });
}

TEST(Judgements, CountCallsAndKeepEvidence) {
  const std::string called = reduce(symbol("mylib", "run"), {text("https://example.com")});
  const FileReport report = scan_bytes(list({called, called, called}) + ".");
  ASSERT_EQ(said(report), "UNKNOWN: G15 unknown");
  EXPECT_EQ(report.findings[0].count, 3u);
  EXPECT_EQ(report.findings[0].evidence, std::vector<std::string_view>{"url"});
}

TEST(Judgements, PlacesCountInTheWholeFile) {
  const LegacyBuilder file(list({symbol("mylib", "run")}));
  const FileReport report = scan_bytes(file.build());
  ASSERT_EQ(said(report), "UNKNOWN: G15 unknown");
  EXPECT_EQ(report.findings[0].offset, file.build().find("cmylib"));
}

// What is read of texts has an end, whatever they are given to.
TEST(Judgements, ReadTextsForAWhile) {
  std::string calls =
      memoized(1, text(std::string(65'536, 'x'))) + "0" + memoized(2, kThing) + "0(";
  for (int i = 0; i < 300; ++i) calls += fetched(2) + fetched(1) + "\x85R";
  calls += reduce(fetched(2), {text("import os; os.getcwd()")});
  EXPECT_EQ(said(calls + "t."), "UNKNOWN: G15 unknown");
}

// ---- files

TEST(Judgements, OfWhatIsNoArchive) {
  expect_all({
      {"a pickle without its archive", storage("0", 2) + ".", "SAFE: N06 note"},
      {"one storage of two sizes", list({storage("0", 2), storage("0", 3)}) + ".",
       "UNKNOWN: T07 unknown, N06 note"},
      {"text", "chapter one\nis long\n", "INCOMPLETE: C16 incomplete"},
      {"source text of classes", legacy_file(), "UNKNOWN: G15 unknown, T07 unknown"},
  });
  EXPECT_FALSE(scan_bytes("some text").is_checkpoint);
  EXPECT_TRUE(scan_bytes("N.").is_checkpoint);
}

TEST(Judgements, OfTooManyPickles) {
  std::string many;
  for (int i = 0; i < 100'002; ++i) many += "N.";
  EXPECT_EQ(said(many), "INCOMPLETE: P11 incomplete");
}

// Read as a pickle it begins with INT and NULs, which only some readers take.
TEST(Judgements, OfPicklesThatAreSomethingElse) {
  const auto polyglot = [](std::string data) {
    data.resize(8);
    std::string header = json_object({safetensors_entry("a", "U8", {8}, 0, 8)});
    header += std::string('I' - header.size() - 1, ' ') + "\n";
    return safetensors(header, data);
  };
  expect_all({
      {"that stops at once", polyglot("."), "UNKNOWN: P10 unknown"},
      {"that breaks off behind a call", polyglot("cm\nx\n)R"),
       "INCOMPLETE: P02 incomplete, G15 unknown, P10 unknown"},
  });
  EXPECT_FALSE(scan_bytes(polyglot("cm\nx\n)R")).coverage.complete);
}

TEST(Judgements, OfZipFiles) {
  const ZipBuilder honest = ZipBuilder().stored("a/data.pkl", "N.").stored("a/version", "3\n");
  const auto in_front = [](const std::string& bytes) {
    return ZipBuilder()
        .stored("a/data.pkl", "N.")
        .lie([&](ZipEntryParts& entry) { entry.before = bytes; })
        .stored("a/version", "3\n")
        .build();
  };
  const auto behind_data = [](std::uint16_t flags, const std::string& bytes) {
    return ZipBuilder()
        .stored("a/data.pkl", "N.")
        .lie([&](ZipEntryParts& entry) { entry.local.flags = entry.central.flags = flags; })
        .stored("a/version", "3\n")
        .lie([&](ZipEntryParts& entry) { entry.before = bytes; })
        .build();
  };
  expect_all({
      {"nothing", honest.build(), "SAFE"},
      {"a gap in front", in_front("PK\3\4" + std::string(26, 'x')), "UNKNOWN: C09 unknown"},
      {"a descriptor", behind_data(8, std::string(16, 'x')), "SAFE"},
      {"too long for a descriptor", behind_data(8, std::string(17, 'x')), "UNKNOWN: C09 unknown"},
      {"no descriptor", behind_data(0, std::string(16, 'x')), "UNKNOWN: C09 unknown"},
      {"zeros", behind_data(0, std::string(65'536, '\0')), "SAFE"},
      {"more zeros", behind_data(0, std::string(65'537, '\0')), "SAFE: N04 note"},
      {"zeros and something", behind_data(0, std::string(99, '\0') + "x"), "UNKNOWN: C09 unknown"},
      {"no pickle", ZipBuilder().stored("a.txt", "text").build(), "SAFE: N03 note"},
  });
}

TEST(Judgements, OfTorchScript) {
  const ZipBuilder honest = ZipBuilder().stored("a/data.pkl", "N.").stored("a/version", "3\n");
  const auto script_of = [&](std::initializer_list<std::pair<std::string, std::string>> records) {
    ZipBuilder zip = ZipBuilder(honest).stored("a/constants.pkl", ").");
    for (const auto& [name, content] : records) zip.stored("a/" + name, content);
    return zip.build();
  };
  expect_all({
      {"a TorchScript program", ZipBuilder(honest).stored("a/constants.pkl", ").").build(), "SAFE"},
      {"one by another name", ZipBuilder(honest).stored("a/Constants.pkl", ").").build(),
       "UNKNOWN: T04 unknown, C09 unknown"},
      {"its sources", script_of({{"code/__torch__/m.py", "def f(x):\n  return x\n"}}), "SAFE"},
      {"sources that no class of torch's is in",
       script_of({{"code/m.py", "def f(x):\n  return x\n"}}), "UNKNOWN: T04 unknown"},
      {"a name that torch lists cut",
       ZipBuilder(honest).stored("a/" + std::string(510, 'n'), "x").build(),
       "UNKNOWN: C02 unknown, N02 note"},
      {"one that it lists whole",
       ZipBuilder(honest).stored("a/" + std::string(509, 'n'), "x").build(), "SAFE: N02 note"},
      {"sources by another name", script_of({{"code/m.PY", "def f(x):\n  return x\n"}}),
       "UNKNOWN: T04 unknown, T05 unknown, N02 note"},
      {"sources elsewhere", script_of({{"m.py", "def f(x):\n  return x\n"}}),
       "UNKNOWN: T05 unknown, N02 note"},
      {"a text among them", script_of({{"code/m.txt", "torch.save"}}), "SAFE: N02 note"},
      {"native code among them",
       script_of({{"code/m.so",
                   "\x7f"
                   "ELF"}}),
       "UNKNOWN: T05 unknown (2), N02 note"},
      {"files beside", script_of({{"extra/a", "text"}, {"constants/0", "data"}}), "SAFE"},
      {"pickles of torch", script_of({{"bytecode.pkl", "N."}, {"code/m.py.debug_pkl", "N."}}),
       "SAFE"},
      {"a pickle of nobody", script_of({{"other.pkl", "N."}}), "SAFE: C08 note"},
      {"operators of bytecode", script_of({{"bytecode.pkl", pickled(text("aten::add"))}}), "SAFE"},
      {"others", script_of({{"bytecode.pkl", pickled(text("mine::add"))}}), "UNKNOWN: T11 unknown"},
      {"those that write", script_of({{"bytecode.pkl", pickled(text("aten::save"))}}),
       "DANGEROUS: T12 danger"},
      {"classes of bytecode",
       script_of({{"bytecode.pkl", pickled(text("__torch__.torch.classes.mine.Run"))}}),
       "UNKNOWN: T11 unknown"},
  });
}

TEST(Judgements, OfChecksumsAreDeepIfAsked) {
  const std::string file = CheckpointBuilder(tensor(storage("0", 2), 0, {2}, {1}))
                               .storage("0", raw<float>({1, 2}))
                               .build();
  std::string wrong = file;
  const std::size_t crc = file.rfind("archive/data/0") - 46 + 16;
  ASSERT_NE(crc, std::string::npos);
  wrong[crc] = static_cast<char>(wrong[crc] ^ 1);
  EXPECT_EQ(said(scan_bytes(file, {.deep = true})), "SAFE");
  EXPECT_EQ(said(scan_bytes(wrong)), "SAFE");
  EXPECT_EQ(said(scan_bytes(wrong, {.deep = true})), "UNKNOWN: C03 unknown");
}

TEST(Judgements, OfArraysInTensors) {
  const std::string array =
      array_file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }  ", "N.N.N.");
  const std::string pickle =
      "\x80\2" +
      tensor(storage("0", static_cast<std::int64_t>(array.size()), "ByteStorage"), 0, {1}, {1}) +
      ".";
  for (const bool is_deflated : {false, true}) {
    ZipBuilder zip;
    zip.stored("a/data.pkl", pickle);
    is_deflated ? zip.deflated("a/data/0", array) : zip.stored("a/data/0", array);
    EXPECT_EQ(said(zip.build()), "UNKNOWN: C06 unknown") << is_deflated;
  }
}

TEST(Judgements, OfTarFiles) {
  std::string deep = "N.";
  for (int i = 0; i < 10; ++i) deep = TarBuilder().member("a", deep).build();
  expect_all({
      {"nothing", TarBuilder().member("a", "N.").build(), "SAFE"},
      {"two of one name", TarBuilder().member("a", "N.").member("a", "N.").build(),
       "INCOMPLETE: C07 unknown, C09 unknown"},
      {"a name that climbs", TarBuilder().member("../a", "N.").build(), "DANGEROUS: C17 danger"},
      {"too deep", deep, "INCOMPLETE: C11 incomplete, R06 incomplete (9)"},
  });
}

TEST(Judgements, OfDamagedZipFiles) {
  const auto cut = [](const std::string& zip) { return zip.substr(0, zip.rfind("PK\1\2")); };
  const std::string inner = ZipBuilder().stored("b", "N" + kPayload).build();
  expect_all({
      {"nothing inside", cut(ZipBuilder().stored("a", "N.").build()), "INCOMPLETE: C13 incomplete"},
      {"a name that climbs", cut(ZipBuilder().stored("../a", "N.").build()),
       "DANGEROUS: C17 danger, C13 incomplete"},
      {"a zip file inside", cut(ZipBuilder().deflated("a", inner).build()),
       "DANGEROUS: G01 danger, C13 incomplete"},
  });
}

// ---- what a small file may cost

TEST(Judgements, OfWhatInflatesToMuchWork) {
  std::string pickle;
  for (int i = 0; i < 1 << 19; ++i) pickle += "N0";
  const std::string program = std::string(1 << 20, ' ') + "{}";
  const std::string damaged = "PK\3\4" + std::string((8 << 20) - 4, '\0');
  const std::string zeros(4 << 20, '\0');
  ZipBuilder members;
  for (int i = 0; i < 5000; ++i) members.stored(std::to_string(10'000 + i), "");
  const auto repeated = [](int times, const std::string& ending, const std::string& content) {
    ZipBuilder zip;
    for (int i = 0; i < times; ++i) zip.deflated(std::to_string(i) + ending, content);
    return zip;
  };
  const std::string many = repeated(20, "", zeros).build();
  expect_all({
      {"pickles", repeated(12, ".pkl", pickle + "N.").build(), "INCOMPLETE: R06 incomplete (8)"},
      {"programs", repeated(12, ".json", program).stored("archive_format", "pt2").build(),
       "INCOMPLETE: R06 incomplete (13), T05 unknown, N03 note"},
      {"members", ZipBuilder().deflated("a.zip", members.build()).build(),
       "INCOMPLETE: R06 incomplete (1000)"},
      {"damaged zip files", repeated(10, ".zip", damaged).build(),
       "INCOMPLETE: C13 incomplete (9), R09 incomplete, C13 incomplete, R09 incomplete, N03 note"},
      {"records of a damaged zip file", many.substr(0, many.find("PK\1\2")),
       "INCOMPLETE: C13 incomplete, R09 incomplete (7)"},
  });
}

}  // namespace
