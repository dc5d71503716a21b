// ScriptProgram: what is known of a TorchScript program, and what is not.
#include "scan/script_program.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "scan/script_operators.h"
#include "support/guarded_buffer.h"

namespace {

using safe_load::scanner::is_packed_weights;
using safe_load::scanner::judge_operator;
using safe_load::scanner::OperatorEffect;
using safe_load::scanner::ScriptProgram;
using test_support::GuardedBuffer;

// As torch prints a module: fields by attribute and by text, another source, a loop, a string.
constexpr std::string_view kModule = R"(class Net(Module):
  __parameters__ = ["weight", ]
  __buffers__ = []
  weight : Tensor
  __annotations__["0"] = __torch__.torch.nn.Linear
  def forward(self: __torch__.Net,
    x: Tensor,
    flag: bool=False) -> Tensor:
    _0 = __torch__.torch.nn.functional.relu
    _1 = "expected {}, \"got\""
    _2 = getattr(self, "0")
    if flag:
      ops.prim.RaiseException(torch.format(_1, 1.e-05), "builtins.ValueError")
    else:
      pass
    for i in range(torch.len([1, 2])):
      x0 = torch.add(x, CONSTANTS.c0, alpha=1)
    y = annotate(List[int], (x0).tolist())
    fut = fork(_0, x0)
    return (_2).forward(_0(x0, ), )
)";
constexpr std::string_view kLinear = R"(op_version_set = 1
import __torch__.torch.nn.functional
class Linear(Module):
  def forward(self: __torch__.torch.nn.Linear,
    x: Tensor) -> Tensor:
    return torch.linear(x, self.weight)
)";
constexpr std::string_view kFunctional = "def relu(x: Tensor) -> Tensor:\n  return torch.relu(x)\n";

std::string letters(const ScriptProgram& program) {
  std::string text;
  for (const ScriptProgram::Doubt& doubt : program.doubts())
    text += "fon?"[static_cast<int>(doubt.matter)];
  return text;
}

ScriptProgram with(std::string_view source) {
  ScriptProgram program;
  program.add(source, "__torch__", "code/__torch__.py");
  program.add(kLinear, "__torch__.torch.nn", "code/__torch__/torch/nn.py");
  program.add(kFunctional, "__torch__.torch.nn.functional",
              "code/__torch__/torch/nn/functional.py");
  return program;
}

// The doubts about one line of a function: f (files), o (operator), n (name), ? (not understood).
std::string line(std::string_view text) {
  return letters(with("def f(x: Tensor, y: Tensor):\n  " + std::string(text) + "\n"));
}

TEST(ScriptProgram, KnowsWhatTorchPrints) {
  for (const auto& doubt : with(kModule).doubts()) ADD_FAILURE() << doubt.text;
  EXPECT_TRUE(with(kModule).has_class("__torch__", "Net"));
  EXPECT_TRUE(with(kModule).has_class("__torch__.torch.nn", "Linear"));
  EXPECT_FALSE(with(kModule).has_class("__torch__.torch", "nn.Other"));
  EXPECT_FALSE(with(kModule).has_class("os", "system"));
  EXPECT_FALSE(with(kModule).has_class("__torch__.torch.nn.functional", "relu")) << "a function";
  EXPECT_TRUE(with(kModule).has_class("__torch__.torch.classes.rnn", "CellParamsBase"));
  EXPECT_FALSE(with(kModule).has_class("__torch__.torch.classes.rnn", "Other"));
}

// Where torch does not see that an archive is TorchScript, a name is one of Python's.
TEST(ScriptProgram, HasNoClassesOutsideOfTorch) {
  ScriptProgram program;
  program.add("class system(Module):\n  pass\n", "os", "code/os.py");
  program.add("class M(Module):\n  pass\n", "__torch__x", "code/__torch__x.py");
  EXPECT_FALSE(program.has_class("os", "system"));
  EXPECT_FALSE(program.has_class("__torch__x", "M"));
  const auto doubts = program.doubts();
  ASSERT_EQ(doubts.size(), 2u);
  EXPECT_EQ(doubts[0].text, "it is not in __torch__");
  EXPECT_EQ(doubts[0].member, "code/os.py");
}

TEST(ScriptProgram, SaysWhereADoubtStands) {
  const auto doubts = with("def f(x):\n  return torch.save(x, 'a')\n").doubts();
  ASSERT_EQ(doubts.size(), 1u);
  EXPECT_EQ(doubts[0].text, "aten::save writes a file");
  EXPECT_EQ(doubts[0].member, "code/__torch__.py");
  EXPECT_EQ(doubts[0].offset, 19u);
}

TEST(ScriptProgram, KnowsOperatorsByTheirWholeNames) {
  EXPECT_EQ(line("z = torch.add(x, y)"), "");
  EXPECT_EQ(line("z = ops.aten.add(x, y)"), "");
  EXPECT_EQ(line("z = ops.quantized.linear(x, y)"), "");
  EXPECT_EQ(line("z = torch.autograd.grad(x, y)"), "");
  EXPECT_EQ(line("z = torch.save(x, y)"), "f");
  EXPECT_EQ(line("z = ops.aten.from_file(x)"), "f");
  EXPECT_EQ(line("z = torch.autograd.save(x, y)"), "f");
  EXPECT_EQ(line("z = ops.mine.add(x, y)"), "o");
  EXPECT_EQ(line("z = ops.c10d.send(x, y)"), "o");
  EXPECT_EQ(line("z = torch.nobody(x)"), "o");
  EXPECT_EQ(line("z = torch.save"), "f");
}

TEST(ScriptProgram, LetsTorchAndOpsStandForNothingElse) {
  for (const std::string_view text :
       {"t = torch", "t = ops", "t = ops.aten", "z = f(torch, x)", "z = getattr(torch, 'add')",
        "z = torch['add']", "z = torch.autograd", "from torch", "import torch"})
    EXPECT_NE(line(text), "") << text;
}

TEST(ScriptProgram, TakesWhatStandsBehindADotForAnOperator) {
  EXPECT_EQ(line("z = (x).add(y)"), "");
  EXPECT_EQ(line("z = '{}'.format(y)"), "");
  EXPECT_EQ(line("z = x.f(y)"), "");
  EXPECT_EQ(line("z = x.z"), "");
  EXPECT_EQ(line("z = x.save('a')"), "o");
  EXPECT_EQ(line("z = 1.0.save('a')"), "o");
  EXPECT_EQ(line("z = x.save"), "o");
  EXPECT_EQ(line("z = x.to_here()"), "o");
  EXPECT_EQ(line("z = x.nobody(y)"), "n");
  EXPECT_EQ(line("z = x.nobody"), "n");
}

TEST(ScriptProgram, ReadsGetattr) {
  EXPECT_EQ(line("z = getattr(x, 'f')(y)"), "");
  EXPECT_EQ(line("z = getattr(getattr(x, 'y'), \"z\")"), "");
  EXPECT_EQ(line("z = getattr(x, 'save')('a')"), "o");
  EXPECT_EQ(line("z = getattr(getattr(x, 'save'), 'y')"), "o");
  EXPECT_EQ(line("z = getattr(x, 'nobody')"), "n");
  EXPECT_EQ(line("z = getattr(x, y)"), "?");
  EXPECT_EQ(line("z = getattr(x, 'f', y)"), "?");
  EXPECT_EQ(line("z = getattr(x, 'sa' 've')"), "?");
  EXPECT_EQ(line("z = getattr(x, ('f'))"), "?");
  EXPECT_EQ(line("z = getattr"), "?");
  EXPECT_EQ(line("z = getattr(x, 'f'"), "?");
  EXPECT_NE(line("z = getattr(x, 's\\x61ve')"), "");
}

TEST(ScriptProgram, KnowsClassesOfTheArchiveAlone) {
  EXPECT_EQ(line("z = __torch__.torch.nn.Linear"), "");
  EXPECT_EQ(line("z = __torch__.torch.nn.Linear.__new__(x)"), "");
  EXPECT_EQ(line("z = __torch__.torch.classes.quantized.Conv2dPackedParamsBase"), "");
  EXPECT_EQ(line("z = __torch__.torch.nn.Linear.save(x)"), "o");
  EXPECT_EQ(line("z = __torch__.torch.nn"), "n");
  EXPECT_EQ(line("z = __torch__"), "n");
  EXPECT_EQ(line("z = __torch__.torch.classes.mine.Runner(x)"), "n");
  EXPECT_EQ(line("z = __torch__." + std::string(5000, 'a')), "n");
}

TEST(ScriptProgram, KnowsFunctionsOfItsOwn) {
  EXPECT_EQ(line("z = len(x)"), "");
  EXPECT_EQ(line("z = open(x)"), "n");
  EXPECT_EQ(line("_0 = x.f\n  z = _0(x)"), "");
  EXPECT_EQ(line("_0 = x.f\ndef g(x):\n  z = _0(x)"), "n");
}

TEST(ScriptProgram, HoldsEachSourceAgainstAllOthers) {
  EXPECT_EQ(letters(with("class A:\n  def f(self, x):\n    return (x).forward(x)\n")), "");
  ScriptProgram alone;
  alone.add("class A:\n  def f(self, x):\n    return (x).forward(x)\n", "__torch__", "");
  EXPECT_EQ(letters(alone), "n");
}

TEST(ScriptProgram, IsReadToItsEndWhateverItHolds) {
  EXPECT_EQ(line("# '\n  z = torch.save(x)"), "?f");
  EXPECT_EQ(line("def 1\n  z = torch.save(x)"), "?f");
  EXPECT_EQ(line("import os\n  z = torch.save(x)"), "?f");
}

TEST(ScriptProgram, EndsWhereverItIsCutOff) {
  for (std::size_t size = 0; size <= kModule.size(); ++size) {
    const GuardedBuffer buffer(kModule.substr(0, size));
    ScriptProgram program;
    program.add(safe_load::base::as_text(buffer.bytes()), "__torch__", "");
    static_cast<void>(program.doubts());
  }
}

TEST(ScriptProgram, EndsWhateverBitIsTurned) {
  for (std::size_t bit = 0; bit < 8 * kModule.size(); ++bit) {
    std::string flipped(kModule);
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    static_cast<void>(letters(with(flipped)));
  }
}

// Wherever the name of an operator that writes files is put in, it is found, or the source is not
// understood.
TEST(ScriptProgram, HidesNothingAnywhere) {
  for (const std::string_view put :
       {"\n torch.save(x, 'a')\n", "\nx.save(1)\n", " ops.mine.run() "})
    for (std::size_t place = 0; place <= kModule.size(); ++place) {
      std::string source(kModule);
      source.insert(place, put);
      const bool in_string = put[0] == ' ' && letters(with(source)).empty();
      if (in_string)
        EXPECT_EQ(kModule.substr(0, place).find('"') != std::string_view::npos, true) << place;
      else
        EXPECT_NE(letters(with(source)), "") << source;
    }
}

// Work is in proportion to the bytes.
TEST(ScriptProgram, TakesNoLongerForLongNames) {
  std::string chain = "z = __torch__";
  for (int i = 0; i < 300'000; ++i) chain += ".a";
  EXPECT_EQ(line(chain), "n");
  std::string many;
  for (int i = 0; i < 50'000; ++i) many += "x.n" + std::to_string(i) + "\n  ";
  EXPECT_EQ(line(many).size(), 50'000u);
  EXPECT_EQ(line(std::string(300'000, '(')), "");
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "getattr(";
  EXPECT_EQ(line(nested), "?");
}

TEST(ScriptOperators, AreInOrderAndKnown) {
  EXPECT_EQ(judge_operator("aten::add").effect, OperatorEffect::kComputes);
  EXPECT_EQ(judge_operator("_quantized::add").effect, OperatorEffect::kComputes);
  EXPECT_EQ(judge_operator("sparse::qlinear_unpack").effect, OperatorEffect::kComputes);
  EXPECT_EQ(judge_operator("aten::save").effect, OperatorEffect::kFiles);
  EXPECT_EQ(judge_operator("prim::rpc_sync").effect, OperatorEffect::kOther);
  for (const std::string_view name :
       {"", "add", "aten::", "aten::add.out", "Aten::add", "c10d::send"})
    EXPECT_EQ(judge_operator(name).effect, OperatorEffect::kUnknown) << name;
}

TEST(ScriptOperators, KnowClassesOfPackedWeights) {
  EXPECT_TRUE(is_packed_weights("quantized.LinearPackedParamsBase"));
  EXPECT_FALSE(is_packed_weights("quantized.LinearPackedParamsBase2"));
  EXPECT_FALSE(is_packed_weights("dist_rpc.WorkerInfo"));
}

}  // namespace
