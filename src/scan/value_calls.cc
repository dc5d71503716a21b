#include "scan/value_calls.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "scan/danger.h"
#include "scan/findings.h"
#include "scan/nested_pickles.h"
#include "types/known.h"

namespace safe_load::scanner {
namespace {

using pickle::Call;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using Is = Callee::Is;

constexpr int kMostPartials = 8;  // in each other
constexpr int kMostSteps = 128;

std::string shown(const Callee& what) {
  const std::string module = base::escaped(what.module);
  return what.name.empty() ? module : module + '.' + base::escaped(what.name);
}

// A name as a class has it.
bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

bool is_known(const Callee& what) {
  return types::find_known(what.module, what.name) != nullptr ||
         what_makes(what.module, what.name) != Makes::kUnknown ||
         find_double_edged(what.module, what.name).has_value();
}

}  // namespace

Finding ValueCalls::judge(NodeId callee, const Call& call) { return judge(callee, call, 0); }

// NOLINTBEGIN(misc-no-recursion): partials in each other, eight at most
Finding ValueCalls::judge(NodeId callee, const Call& call, int depth) {
  if (callees_.is_setter(callee)) return judge_setattr(call);
  const Callee what = callees_.resolve(callee);
  switch (what.is) {
    case Is::kType:
      return judge_type(what.name, call);
    case Is::kNamed:
      return judge_named(what, call);
    case Is::kClass:
      return make_finding(Rule::kG09, Severity::kUnknown,
                          "an object of a class that is built from what the file says");
    case Is::kFunction:
      return make_finding(Rule::kG09, Severity::kDanger,
                          "a function that is built from what the file says is called");
    case Is::kPartial:
      return judge_partial(callee, call, depth);
    case Is::kDecorator:
      return make_finding(Rule::kG11, Severity::kUnknown, "a function is wrapped, and not called");
    case Is::kResult:
      return judge_result(what, callee, call);
    case Is::kUnknown:
    case Is::kModule:
    case Is::kCell:
      break;
  }
  return make_finding(Rule::kP13);
}

Finding ValueCalls::judge_partial(NodeId partial, const Call& call, int depth) {
  if (depth == kMostPartials) return make_finding(Rule::kP13);
  // Its state names the function again, and that is the one that counts.
  std::vector<NodeId> functions;
  const Call& made = *tape_.call_of(partial);
  if (const auto given = tape_.arguments(made); !given.empty()) functions.push_back(given[0]);
  const pickle::Added& added = tape_.added(made);
  for (const NodeId state : tape_.items(added.states)) {
    if (tape_[state].kind != Kind::kTuple || tape_[state].count == 0 ||
        words_.has_danger(state, ArgumentWords::Text::kAnyWord))
      return make_finding(Rule::kP13);
    functions.push_back(tape_.items(state)[0]);
  }
  Finding worst = make_finding(Rule::kP13);
  if (functions.empty() || words_.has_danger(made, ArgumentWords::Text::kAnyWord) ||
      words_.is_grave(made))
    return worst;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    Finding one = judge(functions[i], call, depth + 1);
    if (i == 0 || one.severity > worst.severity) worst = std::move(one);
  }
  return worst;
}
// NOLINTEND(misc-no-recursion)

Finding ValueCalls::judge_type(const std::string& name, const Call& call) {
  if (name == "CodeType") return judge_code(call);
  const std::string type = base::escaped(name);
  if (is_function_type(name))
    return make_finding(Rule::kG09, Severity::kUnknown,
                        "a function is built from byte code in the file, by the type " + type);
  if (is_plain_type(name))
    return make_finding(Rule::kG09, Severity::kUnknown, "the type " + type + " is called");
  return make_finding(Rule::kG09, Severity::kDanger,
                      "the type " + type + " is called, which no pickle of data needs");
}

Finding ValueCalls::judge_code(const Call& call) {
  const bool is_bad = words_.has_danger(call, ArgumentWords::Text::kWhole);
  return make_finding(Rule::kG09, is_bad ? Severity::kDanger : Severity::kUnknown,
                      is_bad ? "a function is built from byte code that names what runs programs"
                             : "a function is built from byte code in the file");
}

Finding ValueCalls::judge_named(const Callee& what, const Call& call) {
  const std::string name = shown(what);
  if (const auto danger = find_danger_in_tail(what.module, what.name))
    return make_finding(*danger, Severity::kDanger,
                        name + " is called: " + std::string(describe(*danger).what));
  if (is_known(what) || is_of_standard_library(what.module))
    return make_finding(Rule::kP13, Severity::kDanger,
                        name + " is called in a roundabout way, which no pickler writes");
  if (words_.is_grave(call))
    return make_finding(Rule::kG14, Severity::kDanger,
                        name +
                            " is not known, and is called with text that looks like program text "
                            "or a command");
  return make_finding(Rule::kG15, Severity::kUnknown,
                      name + " is called; it is not known, and not known to be bad");
}

Finding ValueCalls::judge_result(const Callee& what, NodeId callee, const Call& call) {
  const bool is_bad = is_known(what) || find_danger_in_tail(what.module, what.name) ||
                      is_of_standard_library(what.module) || has_danger_on_the_way(callee, call);
  if (is_bad) return make_finding(Rule::kP13);
  return make_finding(
      Rule::kP13, Severity::kUnknown,
      "what " + shown(what) + " gives is called; it is not known, and not known " + "to be bad");
}

bool ValueCalls::has_danger_on_the_way(NodeId callee, const Call& call) {
  const Call* at = &call;
  for (int steps = 0; at != nullptr; ++steps) {
    if (steps == kMostSteps || is_bad_step(*at)) return true;
    at = tape_.call_of(steps == 0 ? callee : at->callee);
  }
  return false;
}

bool ValueCalls::is_bad_step(const Call& call) {
  const auto gives_function = [&](NodeId part) { return part != kNoNode && has_function(part, 0); };
  return callees_.is_attribute(call.callee) || words_.is_grave(call) ||
         words_.has_danger(call, ArgumentWords::Text::kAnyWord) || words_.is_spent() ||
         gives_function(call.arguments) || gives_function(call.keywords);
}

// NOLINTNEXTLINE(misc-no-recursion): two levels
bool ValueCalls::has_function(NodeId value, int depth) const {
  constexpr int kDeepest = 2;
  constexpr std::size_t kMostItems = 64;
  if (const Callee what = callees_.resolve(value);
      what.is == Is::kFunction || what.is == Is::kPartial)
    return true;
  const Kind kind = tape_[value].kind;
  if (depth == kDeepest || kind < Kind::kTuple || kind > Kind::kDict) return false;
  const auto items = tape_.items(value);
  // Of what is longer nobody looks at every part.
  if (items.size() > kMostItems) return true;
  for (const NodeId item : items)
    if (has_function(item, depth + 1)) return true;
  return false;
}

Finding ValueCalls::judge_setattr(const Call& call) const {
  constexpr std::string_view kNames[] = {"__qualname__", "__name__", "__module__", "__doc__"};
  const auto given = tape_.arguments(call);
  Finding bad =
      make_finding(Rule::kG12, Severity::kDanger,
                   "builtins.setattr is called: " + std::string(describe(Rule::kG12).what));
  if (given.size() != 3 || call.keywords != kNoNode || !is_kind(given, 1, Kind::kText)) return bad;
  const std::string_view name = tape_.text(given[1]);
  const Callee target = callees_.resolve(given[0]);
  if (name == "cell_contents" && target.is == Is::kCell)
    return make_finding(Rule::kG12, Severity::kUnknown,
                        "builtins.setattr fills a cell of a function that the file builds");
  const bool is_name = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
  const bool is_built =
      target.is == Is::kClass || target.is == Is::kFunction ||
      (target.is == Is::kNamed && !is_known(target) && !is_of_standard_library(target.module));
  if (!is_name || !is_built || !(is_kind(given, 2, Kind::kText) || is_kind(given, 2, Kind::kNone)))
    return bad;
  return make_finding(
      Rule::kG12, Severity::kUnknown,
      "builtins.setattr gives a class or function " + base::escaped(name) + ", as dill does");
}

const char* ValueCalls::misuse_of_maker(Makes makes, const Call& call) const {
  const auto given = tape_.arguments(call);
  if (makes == Makes::kItems) {
    const bool is_plain = given.size() == 2 && is_kind(given, 0, Kind::kDict) &&
                          is_kind(given, 1, Kind::kDict) && call.keywords == kNoNode;
    return is_plain ? nullptr : "it puts items into something that is no dict of the file";
  }
  if (makes == Makes::kRebuilt) {
    if (given.empty()) return nullptr;
    const bool is_plain = is_kind(given, 0, Kind::kSymbol) || is_read_here(given[0]);
    return is_plain ? nullptr : "it calls something that is no class";
  }
  if (makes == Makes::kArray) {
    const bool is_plain = !given.empty() && is_kind(given, 0, Kind::kSymbol) &&
                          tape_.symbol(given[0]).name == "_reconstruct" &&
                          types::find_known(tape_.symbol(given[0]).module, "_reconstruct");
    return is_plain ? nullptr : "it calls something else than numpy's _reconstruct";
  }
  if (makes == Makes::kConstant) {
    constexpr std::string_view kConstants[] = {"None", "Ellipsis", "NotImplemented"};
    const bool is_plain = given.size() == 1 && is_kind(given, 0, Kind::kText) &&
                          std::find(std::begin(kConstants), std::end(kConstants),
                                    tape_.text(given[0])) != std::end(kConstants);
    return is_plain ? nullptr : "it evaluates text";
  }
  if (makes != Makes::kClass || given.empty() || tape_[given[0]].kind == Kind::kTuple)
    return nullptr;
  const Callee type = callees_.resolve(given[0]);
  if (type.is == Is::kClass) return nullptr;
  const bool is_type =
      tape_[given[0]].kind == Kind::kSymbol || (type.is == Is::kType && type.name == "type");
  const bool makes_class = is_kind(given, 1, Kind::kText) && is_word(tape_.text(given[1])) &&
                           is_kind(given, 2, Kind::kTuple);
  return is_type && makes_class ? nullptr : "it makes no class, but calls something";
}

// What a pickle in the bytes of this one gives, which is looked at where that is.
bool ValueCalls::is_read_here(NodeId value) const {
  const Call* const call = tape_.call_of(value);
  return call != nullptr && tape_[call->callee].kind == Kind::kSymbol &&
         is_pickle_reader(tape_.symbol(call->callee)) && reads_literal(tape_, *call);
}

bool ValueCalls::is_kind(std::span<const NodeId> given, std::size_t place, Kind kind) const {
  return place < given.size() && tape_[given[place]].kind == kind;
}

}  // namespace safe_load::scanner
