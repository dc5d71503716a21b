#include "scan/danger.h"

#include <gtest/gtest.h>

#include "types/known.h"

namespace {

using safe_load::scanner::find_danger;
using safe_load::scanner::find_danger_in_tail;
using safe_load::scanner::is_hook;
using safe_load::scanner::Rule;

// What the table of known names allows, nothing else may condemn.
TEST(Danger, LeavesKnownNamesAlone) {
  for (const safe_load::types::Known& row : safe_load::types::known_names())
    EXPECT_FALSE(find_danger(row.module, row.name)) << row.module << '.' << row.name;
}

TEST(Danger, KnowsEveryFamily) {
  const std::pair<std::pair<std::string_view, std::string_view>, Rule> cases[] = {
      {{"posix", "system"}, Rule::kG01},
      {{"subprocess", "Popen"}, Rule::kG01},
      {{"builtins", "eval"}, Rule::kG02},
      {{"torch.fx.graph_module", "_forward_from_src"}, Rule::kG02},
      {{"importlib", "import_module"}, Rule::kG03},
      {{"pydoc", "locate"}, Rule::kG03},
      {{"torch._inductor.codecache", "compile_file"}, Rule::kG04},
      {{"torch", "load"}, Rule::kG05},
      {{"_pickle", "loads"}, Rule::kG05},
      {{"pip._internal", "main"}, Rule::kG06},
      {{"builtins", "open"}, Rule::kG07},
      {{"socket", "socket"}, Rule::kG08},
      {{"types", "CodeType"}, Rule::kG09},
      {{"pyarmor_runtime_000000.pyarmor_runtime", "__pyarmor__"}, Rule::kG09},
      {{"ctypes", "CDLL"}, Rule::kG10},
      {{"builtins", "map"}, Rule::kG11},
      {{"sys", "exit"}, Rule::kG12},
      {{"safe_load", "scan"}, Rule::kA08},
  };
  for (const auto& [symbol, family] : cases)
    EXPECT_EQ(find_danger(symbol.first, symbol.second), family)
        << symbol.first << '.' << symbol.second;
}

// F05: what honest files hold is not known, but nothing worse.
TEST(Danger, LeavesHonestClassesAlone) {
  const std::pair<std::string_view, std::string_view> honest[] = {
      {"torch.nn.modules.linear", "Linear"},
      {"torch._dynamo.eval_frame", "OptimizedModule"},
      {"code.models", "Net"},
      {"trace.model", "Net"},
      {"builtins", "print"},
      {"builtins", "sum"},
      {"urllib.parse", "ParseResult"},
      {"sympy.core.symbol", "Symbol"},
      {"signal", "Signals"},
      {"inspect", "Signature"},
      {"itertools", "count"},
      {"osmodule", "Thing"},
  };
  for (const auto& [module, name] : honest)
    EXPECT_FALSE(find_danger(module, name)) << module << '.' << name;
}

TEST(Danger, FollowsDottedNames) {
  EXPECT_EQ(find_danger_in_tail("torch", "serialization.os.system"), Rule::kG01);
  EXPECT_EQ(find_danger_in_tail("pathlib", "os.getcwd"), Rule::kG01);
  EXPECT_EQ(find_danger_in_tail("torch", "hub.load"), Rule::kG05);
  EXPECT_EQ(find_danger_in_tail("mylib", "Thing.__globals__"), Rule::kG12);
  EXPECT_EQ(find_danger_in_tail("mylib", "sub.eval"), Rule::kG02);
  EXPECT_FALSE(find_danger_in_tail("mylib", "Outer.Inner"));
  EXPECT_FALSE(find_danger_in_tail("mylib", "Detect.forward"));
}

TEST(Danger, KnowsAttributesThatReachBehindAnObject) {
  EXPECT_TRUE(is_hook("__class__"));
  EXPECT_TRUE(is_hook("__reduce_ex__"));
  EXPECT_FALSE(is_hook("__orig_class__"));
  EXPECT_FALSE(is_hook("weight"));
}

}  // namespace
