#include "scan/callee.h"

#include <algorithm>
#include <span>
#include <utility>

namespace safe_load::scanner {
namespace {

using pickle::Call;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using Is = Callee::Is;

constexpr int kMostSteps = 128;
constexpr std::size_t kLongestName = 4096;

// "a.b.c" as something that may be a module, or a name in one.
Callee named(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return {Is::kModule, std::string(path), ""};
  return {Is::kNamed, std::string(path.substr(0, dot)), std::string(path.substr(dot + 1))};
}

}  // namespace

bool Callees::is_attribute(NodeId id) const {
  const Call* const call = tape_.call_of(id);
  if (call == nullptr || call->arguments == kNoNode || tape_[call->callee].kind != Kind::kSymbol)
    return false;
  const pickle::Symbol& symbol = tape_.symbol(call->callee);
  return what_makes(symbol.module, symbol.name) == Makes::kAttribute &&
         tape_.items(call->arguments).size() >= 2;
}

bool Callees::is_setter(NodeId id) const {
  if (!is_attribute(id)) return false;
  const auto given = tape_.items(tape_.call(id).arguments);
  return given.size() == 3 && tape_[given[0]].kind == Kind::kSymbol &&
         tape_.symbol(given[0]).is("dill", "_dill") && name_at(given, 1) == "_setattr" &&
         tape_[given[2]].kind == Kind::kSymbol && tape_.symbol(given[2]).is("builtins", "setattr");
}

std::string_view Callees::name_at(std::span<const NodeId> given, std::size_t place) const {
  if (place >= given.size() || tape_[given[place]].kind != Kind::kText) return "";
  const std::string_view text = tape_.text(given[place]);
  return text.size() <= kLongestName ? text : "";
}

Callee Callees::resolve(NodeId id) const {
  int steps = 0;
  return resolve(id, steps);
}

// NOLINTBEGIN(misc-no-recursion): 128 steps in all
Callee Callees::resolve(NodeId id, int& steps) const {
  if (++steps > kMostSteps) return {};
  if (tape_[id].kind == Kind::kSymbol) {
    const pickle::Symbol& symbol = tape_.symbol(id);
    return {Is::kNamed, std::string(symbol.module), std::string(symbol.name)};
  }
  const Call* const call = tape_.call_of(id);
  return call == nullptr ? Callee() : resolve_call(*call, steps);
}

Callee Callees::resolve_call(const Call& call, int& steps) const {
  Callee maker = resolve(call.callee, steps);
  if (maker.is == Is::kResult) return maker;
  if (maker.is == Is::kType && is_function_type(maker.name)) return {Is::kFunction, "", ""};
  if (maker.is != Is::kNamed) return {};
  const auto given = tape_.arguments(call);
  const Makes makes = what_makes(maker.module, maker.name);
  switch (makes) {
    case Makes::kUnknown:
      return {Is::kResult, std::move(maker.module), std::move(maker.name)};
    case Makes::kAttribute:
      return attribute(given, steps);
    case Makes::kModule: {
      const std::string_view path = name_at(given, 0);
      return path.empty() ? Callee() : named(path);
    }
    case Makes::kType: {
      const std::string_view name = name_at(given, 0);
      return name.empty() || given.size() != 1 ? Callee()
                                               : Callee{Is::kType, "builtins", std::string(name)};
    }
    case Makes::kTuple: {
      const std::string_view name = name_at(given, 0);
      const std::string_view module = name_at(given, 2);
      if (name.empty() || module.empty()) return {};
      return {Is::kNamed, std::string(module), std::string(name)};
    }
    case Makes::kClass:
      return {Is::kClass, "", ""};
    case Makes::kFunction:
      return {Is::kFunction, "", ""};
    case Makes::kCell:
      return {Is::kCell, "", ""};
    case Makes::kPartial:
      return {Is::kPartial, "", ""};
    case Makes::kInstance: {
      if (given.empty()) return {};
      Callee type = resolve(given[0], steps);
      if (type.is != Is::kNamed) return {};
      return {Is::kResult, std::move(type.module), std::move(type.name)};
    }
    case Makes::kDecorator: {
      // Given a function instead of a size it would be called with everything else.
      const bool has_size = !given.empty() && call.keywords == kNoNode &&
                            std::all_of(given.begin(), given.end(), [&](NodeId argument) {
                              return tape_[argument].kind <= Kind::kInt;
                            });
      return {has_size ? Is::kDecorator : Is::kUnknown, "", ""};
    }
    case Makes::kCode:
    case Makes::kArray:
    case Makes::kRebuilt:
    case Makes::kItems:
    case Makes::kConstant:
      return {};
  }
  return {};
}

Callee Callees::attribute(std::span<const NodeId> given, int& steps) const {
  const std::string_view name = name_at(given, 1);
  if (name.empty() || given.size() != 2) return {};
  Callee object = resolve(given[0], steps);
  if (object.is == Is::kNamed || object.is == Is::kType) {
    if (object.name.size() > kLongestName) return {};
    return {Is::kNamed, std::move(object.module), object.name + "." + std::string(name)};
  }
  if (object.is == Is::kModule) return {Is::kNamed, std::move(object.module), std::string(name)};
  return {};
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
