// What the operators and classes do that a TorchScript program can name: compute, or more.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace safe_load::scanner {

enum class OperatorEffect : std::uint8_t {
  kComputes,  // and does nothing else, but for what it prints
  kFiles,     // makes, changes or reads files whose names it is given
  kOther,     // reaches Python or other machines
  kUnknown,   // nobody knows
};

struct OperatorJudgement {
  OperatorEffect effect = OperatorEffect::kUnknown;
  std::string_view does;  // "writes a file"

  bool is_listed() const { return effect != OperatorEffect::kUnknown; }
};

// By the whole name, "aten::add". Overloads are not told apart.
OperatorJudgement judge_operator(std::string_view name);

// Whether a class of native code keeps packed weights and does nothing else, by what follows
// "__torch__.torch.classes.".
bool is_packed_weights(std::string_view name);

}  // namespace safe_load::scanner
