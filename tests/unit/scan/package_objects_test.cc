// Classes of well-known packages: what their own picklers write is vouched for, all else is not.
#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include <string>
#include <utility>

#include "scan/package_classes.h"
#include "support/checkpoint_builder.h"
#include "support/scanned.h"

namespace {

using namespace std::string_literals;
using safe_load::FileReport;
using safe_load::Verdict;
using safe_load::scanner::find_package_class;
using safe_load::scanner::PackageClass;

const std::string kLinear = "ctorch.nn.modules.linear\nLinear\n";
const std::string kSpace = "cgymnasium.spaces.box\nBox\n";
const std::string kStrategy = "ctransformers.trainer_utils\nIntervalStrategy\n";
const std::string kSgd = "ctorch.optim.sgd\nSGD\n";
const std::string kForeign = "cmylib\nRun\n";

std::string text(const std::string& value) {
  return "X" + std::string(1, static_cast<char>(value.size())) + "\0\0\0"s + value;
}

// An object of a class, filled by a dict of `pairs`.
std::string filled(const std::string& type, const std::string& pairs) {
  return type + ")\x81}(" + pairs + "ub";
}

FileReport scanned(const std::string& program, bool strict = false) {
  safe_load::ScanOptions options;
  options.strict = strict;
  return test_support::scan_bytes("\x80\2" + program + ".", options);
}

Verdict verdict(const std::string& program) { return scanned(program).verdict; }

TEST(PackageClasses, AreKnownByTheExactPair) {
  const auto linear = find_package_class("torch.nn.modules.linear", "Linear");
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->is, PackageClass::Is::kObject);
  EXPECT_EQ(linear->package, "torch");
  const auto box = find_package_class("gymnasium.spaces.box", "Box");
  ASSERT_TRUE(box);
  EXPECT_EQ(box->is, PackageClass::Is::kCompared);
  const auto strategy = find_package_class("transformers.trainer_utils", "IntervalStrategy");
  ASSERT_TRUE(strategy);
  EXPECT_EQ(strategy->is, PackageClass::Is::kEnum);
  for (const char* name : {"", "Line", "inear", "Linear Bilinear", "Linear ", "os"})
    EXPECT_FALSE(find_package_class("torch.nn.modules.linear", name)) << name;
  EXPECT_FALSE(find_package_class("torch.nn.modules", "Linear"));
  // They unpickle what they are given, or open connections.
  EXPECT_FALSE(find_package_class("e3nn.util.codegen._mixin", "CodeGenMixin"));
  EXPECT_FALSE(find_package_class("skorch.classifier", "NeuralNetClassifier"));
  for (const auto& [module, name] :
       {std::pair("torch.nn.parallel.distributed", "DistributedDataParallel"),
        std::pair("torch.nn.modules.rnn", "LSTM"), std::pair("torch.optim.adam", "Adam")}) {
    const auto known = find_package_class(module, name);
    ASSERT_TRUE(known) << name;
    EXPECT_EQ(known->is, PackageClass::Is::kReference) << name;
  }
}

TEST(PackageObjects, AreSafeAsTheirPicklersWriteThem) {
  const FileReport report = scanned(filled(kLinear, text("in_features") + "K\4"));
  EXPECT_EQ(report.verdict, Verdict::kSafe);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].rule->id, "SL-G16");
  EXPECT_NE(report.findings[0].message.find("if the installed torch is honest"), std::string::npos);
  EXPECT_EQ(verdict(kLinear), Verdict::kSafe);  // kept, as a hyperparameter
  EXPECT_EQ(verdict(kStrategy + text("no") + "\x85R"), Verdict::kSafe);
  EXPECT_EQ(verdict("ccopyreg\n_reconstructor\n(" + kLinear + "cbuiltins\nobject\nNtR}" +
                    text("in_features") + "K\4sb"),
            Verdict::kSafe);
  // In containers, and as the parts of each other.
  const std::string layers =
      "ccollections\nOrderedDict\n)R(" + text("0") + filled(kLinear, text("bias") + "N") + "u";
  EXPECT_EQ(verdict(filled("ctorch.nn.modules.container\nSequential\n", text("_modules") + layers)),
            Verdict::kSafe);
  EXPECT_EQ(scanned(kLinear, true).verdict, Verdict::kUnknown);
}

TEST(PackageObjects, AreNotVouchedForWhereSomethingElseIsDoneWithThem) {
  const std::string one = text("a") + "K\1";
  EXPECT_EQ(verdict(kLinear + "K\4K\4\x86R"), Verdict::kUnknown);  // its constructor
  EXPECT_EQ(verdict(kLinear + ")R"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kLinear + "K\4\x85\x81"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + kLinear + "o"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(itorch.nn.modules.linear\nLinear\n"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kLinear + ")\x81N}" + one + "s\x86" + "b"), Verdict::kUnknown);  // slots
  EXPECT_EQ(verdict(kLinear + ")\x81]K\1" + "ab"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kLinear + ")\x81" + one + "s"), Verdict::kUnknown);  // its __setitem__
  EXPECT_EQ(verdict(kLinear + ")\x81K\1" + "a"), Verdict::kUnknown);     // its append
  EXPECT_EQ(verdict(kLinear + ")\x81)R"), Verdict::kUnknown);            // it is called itself
  EXPECT_EQ(verdict(kStrategy + ")\x81"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kStrategy + "]\x85R"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kStrategy + text("no") + "\x85R}" + one + "sb"), Verdict::kUnknown);
  EXPECT_EQ(verdict("cnumpy\ndtype\n" + kLinear + "\x85R"), Verdict::kUnknown);
  EXPECT_EQ(verdict("ccopyreg\n_reconstructor\n(" + kLinear + "cbuiltins\ndict\n}tR"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict("ccopyreg\n_reconstructor\n(" + kLinear + "cbuiltins\ndict\nNtR"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict(kSgd + ")\x81"), Verdict::kUnknown);
}

TEST(PackageObjects, AreNotVouchedForWhereTheirOwnCodeWouldCompareThem) {
  const std::string space = filled(kSpace, text("dtype") + "N");
  EXPECT_EQ(verdict("}" + text("a") + space + "s"), Verdict::kSafe);
  // torch.load compares what a plain pickle gives with its magic number.
  EXPECT_EQ(verdict(space), Verdict::kUnknown);
  EXPECT_EQ(verdict("}" + space + "K\1s"), Verdict::kUnknown);
  EXPECT_EQ(verdict("}" + space + "\x85K\1s"), Verdict::kUnknown);
  EXPECT_EQ(verdict("cbuiltins\nset\n]" + space + "a\x85R"), Verdict::kUnknown);
  EXPECT_EQ(verdict("ccollections\nOrderedDict\n]" + space + "K\1\x86" + "a\x85R"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict("ccollections\nOrderedDict\n)R" + space + "K\1s"), Verdict::kUnknown);
  // Compared by what it is.
  EXPECT_EQ(verdict("}" + filled(kLinear, text("a") + "K\1") + "K\1s"), Verdict::kSafe);
}

TEST(PackageObjects, AreNotVouchedForWithAStateThatTheirMethodsWouldRun) {
  const auto with_table = [](const std::string& table) {
    return verdict(filled(kLinear, text("_parameters") + table));
  };
  const std::string ordered = "ccollections\nOrderedDict\n";
  EXPECT_EQ(with_table("}"), Verdict::kSafe);
  EXPECT_EQ(with_table("}" + text("weight") + "Ns"), Verdict::kSafe);
  EXPECT_EQ(with_table(ordered + ")R" + text("weight") + "Ns"), Verdict::kSafe);
  EXPECT_EQ(with_table(ordered + "]" + text("weight") + "N\x86" + "a\x85R"), Verdict::kSafe);
  // What Module.__setstate__ would set, found in a table: a method of the object registers it.
  const std::string hook = text("_is_full_backward_hook");
  EXPECT_EQ(with_table("}" + hook + "Ns"), Verdict::kUnknown);
  EXPECT_EQ(with_table(ordered + ")R" + hook + "Ns"), Verdict::kUnknown);
  EXPECT_EQ(with_table(ordered + "]" + hook + "N\x86" + "a\x85R"), Verdict::kUnknown);
  EXPECT_EQ(with_table(ordered + "cbuiltins\nlist\n]" + hook + "N\x86" + "a\x85R\x85R"),
            Verdict::kUnknown);
  // No table at all, or keys that are compared.
  EXPECT_EQ(with_table("]"), Verdict::kUnknown);
  EXPECT_EQ(with_table(filled(kLinear, text("a") + "N")), Verdict::kUnknown);
  EXPECT_EQ(with_table("}K\1Ns"), Verdict::kUnknown);
  // One that was another when it was taken.
  EXPECT_EQ(verdict("(" + kLinear + ")\x81}q\1" + text("_parameters") + "]sbh\1" +
                    text("_parameters") + "}st"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + kLinear + ")\x81}" + text("_parameters") + "}q\1sbh\1" + hook + "Nst"),
            Verdict::kUnknown);

  // In a tuple, for the result of a file is compared.
  const std::string config = "(ctransformers.models.bert.configuration_bert\nBertConfig\n";
  EXPECT_EQ(verdict(filled(config, text("other") + "}") + "t"), Verdict::kSafe);
  EXPECT_EQ(verdict(filled(config, text("attribute_map") + "}") + "t"), Verdict::kUnknown);
  // NumPy asks an object with attributes what it is.
  const std::string object = "ctypes\nSimpleNamespace\n)R}" + text("size") + "K\1sb";
  EXPECT_EQ(verdict("(" + filled(kSpace, text("low") + object) + "t"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + filled(kSpace, text("low") + "K\1") + "t"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + filled(kSpace, text("other") + object) + "t"), Verdict::kSafe);
  // The str of Python 2 is a name, too.
  EXPECT_EQ(verdict(filled(kLinear, "U\x0b_parameters]")), Verdict::kUnknown);
  EXPECT_NE(verdict(filled(kLinear, text("__setstate__") + kLinear)), Verdict::kSafe);
  EXPECT_NE(verdict(filled(kLinear, "U\x0c__setstate__" + kLinear)), Verdict::kSafe);
  // A state that is made by a call, that two objects share, and a second one.
  EXPECT_EQ(verdict(kLinear + ")\x81" + ordered + ")R" + text("a") + "Nsb"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + kLinear + ")\x81}q\1b" + kLinear + ")\x81h\1bt"), Verdict::kUnknown);
  EXPECT_EQ(verdict(kLinear + ")\x81}b}b"), Verdict::kUnknown);
}

TEST(PackageObjects, AreKeptAsValuesThoughTheirObjectsAreNotVouchedFor) {
  EXPECT_EQ(verdict("}" + text("optimizer") + kSgd + "s"), Verdict::kSafe);
  EXPECT_EQ(verdict(filled(kSgd, text("defaults") + "}")), Verdict::kUnknown);
}

TEST(PackageObjects, AreNotVouchedForBesideFunctionsThatNobodyCalls) {
  const std::string one = filled(kLinear, text("a") + "K\1");
  EXPECT_EQ(verdict("(" + one + "ctorch.storage\n_load_from_bytes\nt"), Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + one + "}" + text("a") + "c_codecs\nencode\nst"), Verdict::kUnknown);
  EXPECT_NE(verdict("(" + one + "cfunctools\npartial\nccollections\nOrderedDict\n\x85Rt"),
            Verdict::kSafe);
}

TEST(PackageObjects, AreHashedWhateverIsAroundThem) {
  const std::string space = filled(kSpace, text("dtype") + "N");
  const std::string joined = "cbuiltins\ntuple\ncbuiltins\nlist\n)R" + space + "a\x85R";
  EXPECT_EQ(verdict(joined), Verdict::kSafe);
  EXPECT_EQ(verdict("}" + joined + "K\1s"), Verdict::kUnknown);
}

// NumPy asks what stands in an array for its length, its elements and its text.
TEST(PackageObjects, AreNotVouchedForInsideOfWhatIsNoContainer) {
  const std::string object = filled(kLinear, text("a") + "N");
  const std::string array =
      "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"s + "C\1b\x87R";
  const std::string dtype = "cnumpy\ndtype\n" + text("O8") + "K\0K\1\x87R(K\3"s + text("|") +
                            "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb";
  const auto with = [&](const std::string& element) {
    return verdict(array + "(K\1K\1\x85" + dtype + "\x89]" + element + "atb");
  };
  EXPECT_EQ(with("K\1"), Verdict::kSafe);
  EXPECT_EQ(with(object), Verdict::kUnknown);
  EXPECT_EQ(with("ccollections\nOrderedDict\n)R" + text("a") + object + "s"), Verdict::kUnknown);
  EXPECT_EQ(verdict("ctypes\nSimpleNamespace\n)R}" + text("size") + object + "sb"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict("ccollections\ndefaultdict\n" + object + "\x85R"), Verdict::kUnknown);
}

// torch sets what it is given as attributes of the tensor, by methods of its own.
TEST(PackageObjects, AreNotVouchedForInsideOfTensors) {
  const std::string object = filled(kLinear, text("a") + "N");
  const auto with = [&](const std::string& metadata) {
    using test_support::integers;
    const std::string value = test_support::rebuild(
        "_rebuild_tensor_v2", {test_support::storage("0", 1), "K\0"s, integers({1}), integers({1}),
                               "\x89", test_support::ordered_dict(), metadata});
    const std::string both = "(" + value + object + "t";
    test_support::CheckpointBuilder builder(both);
    return test_support::scan_bytes(builder.storage("0", std::string(4, '\0')).build()).verdict;
  };
  EXPECT_EQ(with("}"), Verdict::kSafe);
  EXPECT_EQ(with("}" + text("a") + object + "s"), Verdict::kUnknown);
  EXPECT_EQ(with("}" + text("a") + "]" + object + "as"), Verdict::kUnknown);
}

TEST(PackageObjects, AreNotVouchedForWithTextsThatACallMade) {
  const std::string made = "c_codecs\nencode\n" + text("a") + text("latin1") + "\x86R";
  EXPECT_EQ(verdict("(" + made + filled(kLinear, text("a") + "N") + "t"), Verdict::kSafe);
  EXPECT_EQ(verdict(filled(kLinear, made + "N")), Verdict::kUnknown);
  for (const std::string& other : {"ctorch.torch_version\nTorchVersion\n" + text("no") + "\x85\x81",
                                   "cbuiltins\nstr\n" + text("no") + "\x85R"}) {
    EXPECT_EQ(verdict("(" + other + kStrategy + text("no") + "\x85Rt"), Verdict::kSafe);
    EXPECT_EQ(verdict(kStrategy + other + "\x85R"), Verdict::kUnknown);
    EXPECT_EQ(verdict(filled(kLinear, other + "N")), Verdict::kUnknown);
  }
}

TEST(PackageObjects, TakeTimeForWhatIsThere) {
  // Many objects of one state, and many keys that hold one part again and again.
  std::string pairs;
  for (int i = 0; i < 20000; ++i)
    pairs += "J" + std::string(1, static_cast<char>(i)) +
             std::string(1, static_cast<char>(i >> 8)) + "\0\0N"s;
  std::string shared = "(}q\1(" + pairs + "u0" + kLinear + "q\2" + "0";
  for (int i = 0; i < 20000; ++i) shared += "h\2)\x81h\1b";
  EXPECT_EQ(verdict(shared + "t"), Verdict::kUnknown);
  std::string keys =
      "(" + filled(kLinear, text("a") + "N") + "(" + std::string(20000, 'N') + "tq\1" + "0";
  for (int i = 0; i < 20000; ++i) keys += "}h\1K\1s";
  EXPECT_EQ(verdict(keys + "t"), Verdict::kIncomplete) << "more work than the file is worth";
  // A list of pairs that many tables are made of.
  const std::string pair = "]" + text("weight") + "aNa";
  std::string tables = "(](";
  for (int i = 0; i < 5000; ++i) tables += pair;
  tables += "eq\1" + "0"s + kLinear + "q\2" + "0";
  for (int i = 0; i < 5000; ++i)
    tables += "h\2)\x81}" + text("_parameters") + "ccollections\nOrderedDict\nh\1\x85Rsb";
  EXPECT_EQ(verdict(tables + "t"), Verdict::kIncomplete);
}

TEST(PackageObjects, DoNotVouchForTheirNeighbours) {
  EXPECT_EQ(verdict("(" + filled(kLinear, text("a") + "K\1") + kForeign + ")Rt"),
            Verdict::kUnknown);
  EXPECT_EQ(verdict("(" + kLinear + "cos\nsystem\nt"), Verdict::kDangerous);
  EXPECT_EQ(verdict(filled(kLinear, text("hook") + "cos\nsystem\n")), Verdict::kDangerous);
}

}  // namespace
