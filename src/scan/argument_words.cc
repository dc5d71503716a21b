#include "scan/argument_words.h"

#include <algorithm>

#include "scan/danger.h"

namespace safe_load::scanner {
namespace {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

constexpr int kDeepest = 3;

bool is_text(Kind kind) {
  return kind == Kind::kText || kind == Kind::kBytes || kind == Kind::kPy2Text;
}

bool holds_items(Kind kind) {
  return kind == Kind::kTuple || kind == Kind::kList || kind == Kind::kDict;
}

}  // namespace

std::vector<Evidence> ArgumentWords::evidence_of(const pickle::Call& call) {
  std::vector<Evidence> found;
  for (const NodeId part : {call.arguments, call.keywords})
    if (part != kNoNode) collect(part, 0, found);
  return found;
}

bool ArgumentWords::is_grave(const pickle::Call& call) {
  const std::vector<Evidence> evidence = evidence_of(call);
  return std::any_of(evidence.begin(), evidence.end(), scanner::is_grave);
}

bool ArgumentWords::has_danger(const pickle::Call& call, Text text) {
  const auto has = [&](NodeId part) { return part != kNoNode && has_danger(part, text, 0); };
  return has(call.arguments) || has(call.keywords);
}

bool ArgumentWords::may_look(NodeId id) {
  constexpr std::uint64_t kLook = 16;
  constexpr std::uint64_t kMostText = std::uint64_t{64} << 10;
  looked_ +=
      kLook + (is_text(tape_[id].kind) ? std::min<std::uint64_t>(tape_[id].count, kMostText) : 0);
  return !is_spent();
}

// NOLINTBEGIN(misc-no-recursion): three levels
void ArgumentWords::collect(NodeId id, int depth, std::vector<Evidence>& found) {
  constexpr std::size_t kMostItems = 64;
  if (!may_look(id)) return;
  if (is_text(tape_[id].kind)) return collect_evidence(tape_.text(id), found);
  if (depth == kDeepest || !holds_items(tape_[id].kind)) return;
  const auto items = tape_.items(id);
  for (const NodeId item : items.first(std::min(items.size(), kMostItems)))
    collect(item, depth + 1, found);
}

bool ArgumentWords::has_danger(NodeId id, Text text, int depth) {
  if (!may_look(id)) return false;
  if (is_text(tape_[id].kind))
    return text == Text::kAnyWord ? has_dangerous_word(tape_.text(id))
                                  : is_dangerous_word(tape_.text(id));
  if (depth == kDeepest || !holds_items(tape_[id].kind)) return false;
  const auto items = tape_.items(id);
  return std::any_of(items.begin(), items.end(),
                     [&](NodeId item) { return has_danger(item, text, depth + 1); });
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
