#include "scan/script_operators.h"

#include <algorithm>
#include <iterator>

namespace safe_load::scanner {
namespace {

constexpr std::string_view kComputing[] = {
#include "scan/script_operators.inc"
};

struct Doing {
  std::string_view name;
  OperatorEffect effect;
  std::string_view does;
};

constexpr std::string_view kCalls = "calls a function, here or on another machine";
constexpr std::string_view kAsks = "asks another machine";
constexpr std::string_view kPython = "runs a function of Python";

constexpr Doing kDoing[] = {
    {"aten::save", OperatorEffect::kFiles, "writes a file"},
    {"aten::from_file", OperatorEffect::kFiles, "maps a file, which it can make and change"},
    {"aten::to_here", OperatorEffect::kOther, kAsks},
    {"aten::owner", OperatorEffect::kOther, kAsks},
    {"aten::owner_name", OperatorEffect::kOther, kAsks},
    {"aten::confirmed_by_owner", OperatorEffect::kOther, kAsks},
    {"aten::is_owner", OperatorEffect::kOther, kAsks},
    {"aten::local_value", OperatorEffect::kOther, kAsks},
    {"aten::get_gradients", OperatorEffect::kOther, kAsks},
    {"prim::rpc_async", OperatorEffect::kOther, kCalls},
    {"prim::rpc_remote", OperatorEffect::kOther, kCalls},
    {"prim::rpc_sync", OperatorEffect::kOther, kCalls},
    {"prim::PythonOp", OperatorEffect::kOther, kPython},
    {"prim::IgnoredPythonOp", OperatorEffect::kOther, kPython},
    {"aten::_triton_multi_head_attention", OperatorEffect::kOther, kPython},
    {"aten::_triton_scaled_dot_attention", OperatorEffect::kOther, kPython},
};

}  // namespace

OperatorJudgement judge_operator(std::string_view name) {
  if (std::binary_search(std::begin(kComputing), std::end(kComputing), name))
    return {OperatorEffect::kComputes, "computes"};
  const auto* const row = std::find_if(std::begin(kDoing), std::end(kDoing),
                                       [&](const Doing& doing) { return doing.name == name; });
  if (row != std::end(kDoing)) return {row->effect, row->does};
  return {OperatorEffect::kUnknown, "is not known to compute and do nothing else"};
}

// Sources: torch/csrc and ATen of torch 2.13, TORCH_LIBRARY(quantized), (sparse), (mkldnn),
// (xnnpack) and (rnn).
bool is_packed_weights(std::string_view name) {
  constexpr std::string_view kClasses[] = {
      "mkldnn.ConvOpContext",
      "quantized.Conv2dPackedParamsBase",
      "quantized.Conv3dPackedParamsBase",
      "quantized.EmbeddingPackedParamsBase",
      "quantized.LinearPackedParamsBase",
      "rnn.CellParamsBase",
      "sparse.LinearPackedParamsBase",
      "xnnpack.Conv2dOpContext",
      "xnnpack.LinearOpContext",
      "xnnpack.TransposeConv2dOpContext",
  };
  return std::find(std::begin(kClasses), std::end(kClasses), name) != std::end(kClasses);
}

}  // namespace safe_load::scanner
