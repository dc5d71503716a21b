// SAFE needs a proof, so the question is never whether something looks bad: each symbol must be a
// row of the table, each call must have become the value that its row says, and nothing odd may
// have happened on the way. Whatever is left over is a finding; the danger table only words it.
#include "scan/tape_scan.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "scan/argument_words.h"
#include "scan/callee.h"
#include "scan/danger.h"
#include "scan/kept_names.h"
#include "scan/nested_pickles.h"
#include "scan/oddity_judgement.h"
#include "scan/package_objects.h"
#include "scan/packed_text.h"
#include "scan/render.h"
#include "scan/state_judgement.h"
#include "scan/value_calls.h"
#include "types/known.h"

namespace safe_load::scanner {
namespace {

using pickle::Call;
using pickle::How;
using pickle::Kind;
using pickle::kNoNode;
using pickle::Node;
using pickle::NodeId;
using types::Known;

std::string_view opcode_name(How how) {
  switch (how) {
    case How::kReduce:
      return "REDUCE";
    case How::kNewObject:
      return "NEWOBJ";
    case How::kNewObjectEx:
      return "NEWOBJ_EX";
    case How::kInst:
      return "INST";
    case How::kObj:
      return "OBJ";
  }
  return "";
}

// Source: hydra/_internal/instantiate, lightning/pytorch/core/saving.py.
bool is_target_key(std::string_view key) { return key == "_target_" || key == "_instantiator"; }

class TapeScan {
 public:
  TapeScan(const container::Opened& opened, const std::string& chain, Findings& findings,
           const ScriptProgram* script)
      : opened_(opened), tape_(*opened.tape), chain_(chain), findings_(findings), script_(script) {}

  Asked run() {
    uses_.resize(tape_.symbols().size());
    for (std::uint32_t i = 0; i < uses_.size(); ++i) {
      const pickle::Symbol& symbol = tape_.symbols()[i];
      uses_[i].is_script_class =
          script_ != nullptr && script_->has_class(symbol.module, symbol.name);
      uses_[i].is_listed =
          uses_[i].is_script_class || types::find_known(symbol.module, symbol.name) != nullptr;
    }
    for (NodeId id = 0; id < tape_.size(); ++id) visit(id);
    for (std::uint32_t i = 0; i < uses_.size(); ++i) judge_symbol(i);
    judge_root();
    if (names_targets_) judge_targets();
    for (const pickle::Note& note : tape_.notes()) judge_note(note);
    if (opened_.meaning)
      for (const types::DamagedValue& part : opened_.meaning->damaged_values())
        judge_damaged_value(part);
    if (opened_.source != nullptr)
      for (const container::Container::Damage& damage : opened_.source->damage())
        judge_damage(damage);
    return asked_;
  }

 private:
  struct Use {
    NodeId symbol = kNoNode;  // where it was named first
    NodeId call = kNoNode;    // where it was called first
    std::uint64_t calls = 0;
    std::uint64_t harmless_calls = 0;  // of a name that is bad, as honest picklers make them
    bool is_listed = false;
    bool is_script_class = false;  // of the program in the file
  };

  bool is_listed(std::uint32_t number) const { return uses_[number].is_listed; }

  // ---- one pass over all values

  void visit(NodeId id) {
    const Node& node = tape_[id];
    if (node.kind == Kind::kSymbol) {
      Use& use = uses_[tape_.symbol_index(id)];
      if (use.symbol == kNoNode) use.symbol = id;
      return;
    }
    if (node.kind == Kind::kBytes || node.kind == Kind::kText) {
      const std::string_view text = tape_.text(id);
      if (looks_like_pickle(text)) add_at(id, make_finding(Rule::kN01));
      names_targets_ = names_targets_ || is_target_key(text);
      return;
    }
    const Call* const call = tape_.call_of(id);
    if (call == nullptr) {
      if (node.kind == Kind::kOpaque || node.kind == Kind::kCall) leave_unproved(id);
      return;
    }
    for (Finding& finding : states_.judge(id)) {
      asked_.is_dangerous |= finding.severity == Severity::kDanger;
      add_at(id, std::move(finding));
    }
    const Kind callee = tape_[call->callee].kind;
    if (callee == Kind::kSymbol) return visit_call_of_symbol(id, *call);
    if (callee == Kind::kNone) return;  // a note says why
    const bool is_setter = callees_.is_setter(call->callee);
    const bool is_way =
        is_attribute(call->callee) || callees_.resolve(call->callee).is == Callee::Is::kPartial;
    if (callee == Kind::kError && !is_way) return;  // a damaged value says why
    if (node.kind != Kind::kOpaque && node.kind != Kind::kCall && node.kind != Kind::kError) return;
    if (is_attribute(call->callee) && !is_setter) return judge_attribute(call->callee, id);
    add_call(id, *call, calls_.judge(call->callee, *call));
  }

  void visit_call_of_symbol(NodeId id, const Call& call) {
    ++asked_.calls;
    Use& use = uses_[tape_.symbol_index(call.callee)];
    ++use.calls;
    if (use.call == kNoNode) use.call = id;
    const pickle::Symbol& symbol = tape_.symbol(call.callee);
    if (symbol.is("builtins", "setattr")) {
      Finding finding = calls_.judge_setattr(call);
      if (finding.severity == Severity::kDanger) return;  // the name has a finding of its own
      ++use.harmless_calls;
      return add_call(id, call, std::move(finding));
    }
    if (callees_.is_setter(id)) return;  // what is made with it has a finding
    if (!use.is_listed) {
      if (is_attribute(id)) return judge_attribute(id, kNoNode);
      if (const char* const misuse =
              calls_.misuse_of_maker(what_makes(symbol.module, symbol.name), call))
        return add_call(id, call,
                        make_finding(Rule::kG09, Severity::kDanger,
                                     text_of(symbol) + " is called, and " + misuse));
      if (const Callee what = callees_.resolve(id); what.is == Callee::Is::kNamed)
        if (const auto danger = find_danger_in_tail(what.module, what.name))
          return add_call(id, call,
                          make_finding(*danger, Severity::kDanger,
                                       text_of(symbol) + " gives " + base::escaped(what.module) +
                                           "." + base::escaped(what.name) + ": " +
                                           std::string(describe(*danger).what)));
      if (is_pickle_reader(symbol) && !reads_literal(tape_, call))
        return add_call(id, call,
                        make_finding(Rule::kG05, Severity::kDanger,
                                     text_of(symbol) + " unpickles what a call computes"));
      const bool is_grave = find_double_edged(symbol.module, symbol.name)
                                ? is_double_edged_call(symbol, call)
                                : words_.is_grave(call);
      if (!is_grave || find_danger_in_tail(symbol.module, symbol.name)) return;
      Finding finding = make_finding(Rule::kG14, Severity::kDanger,
                                     text_of(symbol) +
                                         " is not known, and is called with text "
                                         "that looks like program text or a command");
      add_call(id, call, std::move(finding));
      asked_.is_dangerous = true;
      return;
    }
    if (takes_function(symbol, call))
      return add_call(
          id, call,
          make_finding(Rule::kA02, Severity::kUnknown,
                       text_of(symbol) + " is given a function where it takes a class"));
    const Kind kind = tape_[id].kind;
    if (kind != Kind::kOpaque && kind != Kind::kCall) return;
    const bool is_replaced =  // by its array
        opened_.source != nullptr && opened_.source->stream_arrays().objects.contains(id);
    if (is_replaced) return;
    if (is_attribute(id)) return judge_attribute(id, kNoNode);
    if (use.is_script_class && is_without_arguments(call)) return;
    if (names_unlisted(call)) return;  // that name has a finding of its own
    add_call(id, call,
             make_finding(Rule::kA03, Severity::kUnknown,
                          "a call of " + text_of(symbol) + " that stays an inert record"));
  }

  // As torch makes an object, before it gives it its state.
  bool is_without_arguments(const Call& call) const {
    return call.how == How::kNewObject && tape_.items(call.arguments).empty();
  }

  bool takes_function(const pickle::Symbol& symbol, const Call& call) const {
    const bool takes_class =
        symbol.is("collections", "defaultdict") || symbol.is("types", "GenericAlias");
    if (!takes_class || call.arguments == kNoNode) return false;
    const auto given = tape_.items(call.arguments);
    if (given.empty() || tape_[given[0]].kind != Kind::kSymbol) return false;
    const pickle::Symbol& factory = tape_.symbol(given[0]);
    const Known* const row = types::find_known(factory.module, factory.name);
    return row != nullptr &&
           (row->kind == types::SymbolKind::kFunction || row->kind == types::SymbolKind::kRebuild);
  }

  void leave_unproved(NodeId id) {
    add_at(id, make_finding(Rule::kG15, Severity::kUnknown, "a value that stays an inert record"));
  }

  bool names_unlisted(const Call& call) const {
    if (call.arguments == kNoNode) return false;
    const auto given = tape_.items(call.arguments);
    return std::any_of(given.begin(), given.end(), [&](NodeId argument) {
      return tape_[argument].kind == Kind::kSymbol && !is_listed(tape_.symbol_index(argument));
    });
  }

  // ---- getattr(symbol, "name"): how old protocols write nested names and bound methods

  bool is_attribute(NodeId id) const { return callees_.is_attribute(id); }

  // zoneinfo.ZoneInfo._unpickle, whose calls the interpreter decodes.
  bool is_zone_function(NodeId id) const {
    const auto given = tape_.items(tape_.call(id).arguments);
    return tape_[given[0]].kind == Kind::kSymbol &&
           tape_.symbol(given[0]).is("zoneinfo", "ZoneInfo") &&
           tape_[given[1]].kind == Kind::kText && tape_.text(given[1]) == "_unpickle";
  }

  // `caller`: the call of the attribute, or kNoNode.
  void judge_attribute(NodeId id, NodeId caller) {
    if (caller == kNoNode && is_zone_function(id)) return;
    constexpr int kMostSteps = 64;
    std::string dotted;
    NodeId at = id;
    int steps = 0;
    for (; is_attribute(at) && steps < kMostSteps; ++steps) {
      const auto given = tape_.items(tape_.call(at).arguments);
      if (given.size() > 2 && tape_[given[2]].kind > Kind::kFrozenSet)
        return judge_default(caller == kNoNode ? id : caller);
      const bool is_text = tape_[given[1]].kind == Kind::kText;
      std::string name = is_text ? std::string(tape_.text(given[1])) : std::string("?");
      if (!dotted.empty()) name += '.';
      name += dotted;
      dotted = std::move(name);
      at = given[0];
    }
    const NodeId place = caller == kNoNode ? id : caller;
    const Call& call = tape_.call(place);
    const Callee root = callees_.resolve(at);
    const bool is_name = root.is == Callee::Is::kNamed || root.is == Callee::Is::kType ||
                         root.is == Callee::Is::kModule;
    if (!is_name || steps == kMostSteps)
      return judge_bound_method(place, call, dotted, steps == kMostSteps);
    const std::string name = root.name.empty() ? dotted : root.name + "." + dotted;
    const auto danger = find_danger_in_tail(root.module, name);
    Finding finding =
        make_finding(danger.value_or(Rule::kP05), danger ? Severity::kDanger : Severity::kUnknown,
                     "getattr reaches " + base::escaped(root.module) + "." + base::escaped(name));
    if (danger) asked_.is_dangerous = true;
    if (!danger && caller != kNoNode && words_.is_grave(call)) finding = make_finding(Rule::kG14);
    finding.module = base::escaped(root.module);
    finding.name = base::escaped(name);
    add_call(place, call, std::move(finding));
  }

  // getattr(object, "name", other), whose other is no data but may be what is called.
  void judge_default(NodeId place) {
    add_call(place, tape_.call(place),
             make_finding(Rule::kA02, Severity::kDanger,
                          "getattr is given what it returns if there is no such attribute"));
  }

  // getattr(object, "name"): a bound method, as honest files write it; or a way behind the object.
  void judge_bound_method(NodeId id, const Call& call, const std::string& name, bool is_too_long) {
    const bool is_bad =
        is_too_long || name.find('?') != std::string::npos || has_dangerous_word(name);
    add_call(id, call,
             make_finding(is_bad ? Rule::kG12 : Rule::kP05,
                          is_bad ? Severity::kDanger : Severity::kUnknown,
                          "getattr gives the attribute " + base::escaped(name) + " of an object"));
  }

  // Whether the arguments show the bad edge.
  bool is_double_edged_call(const pickle::Symbol& symbol, const Call& call) {
    const auto family = find_double_edged(symbol.module, symbol.name);
    return family && words_.has_danger(call, *family == Rule::kG09 ? ArgumentWords::Text::kWhole
                                                                   : ArgumentWords::Text::kAnyWord);
  }

  // A function of dill that is all there is: no model has one, and whoever loads it calls it.
  void judge_root() {
    if (tape_.root() == kNoNode || callees_.resolve(tape_.root()).is != Callee::Is::kFunction)
      return;
    const Call& call = tape_.call(tape_.root());
    if (tape_[call.callee].kind == Kind::kSymbol &&
        tape_.symbol(call.callee).module == "dill._dill")
      add_call(tape_.root(), call,
               make_finding(Rule::kG09, Severity::kDanger,
                            "the pickle is a function from byte code, and nothing else"));
  }

  // ---- names in configs, which others import and call

  void judge_targets() {
    for (NodeId id = 0; id < tape_.size(); ++id) {
      if (tape_[id].kind != Kind::kDict) continue;
      const auto items = tape_.items(id);
      for (std::size_t i = 0; i + 1 < items.size(); i += 2)
        if (is_text(items[i]) && is_text(items[i + 1]) && is_target_key(tape_.text(items[i])))
          judge_target(items[i + 1]);
    }
  }

  bool is_text(NodeId id) const { return tape_[id].kind == Kind::kText; }

  void judge_target(NodeId id) {
    const std::string_view path = tape_.text(id);
    const std::size_t dot = path.rfind('.');
    const bool is_bad = dot != std::string_view::npos &&
                        find_danger(path.substr(0, dot), path.substr(dot + 1)).has_value();
    add_at(id, make_finding(Rule::kN08, is_bad ? Severity::kUnknown : Severity::kNote,
                            "a config names " + base::quoted(path, 100) +
                                ", which Hydra or Lightning would import and call"));
  }

  // ---- symbols

  static std::string text_of(const pickle::Symbol& symbol) {
    return base::escaped(symbol.module) + "." + base::escaped(symbol.name);
  }

  // Written by GLOBAL or INST, which no pickler gives a name with a dot.
  bool is_from_lines(const pickle::Symbol& symbol) const {
    const std::string_view all = base::as_text(tape_.pickle());
    const char* const first = symbol.raw_module.data();
    const std::less<const char*> before;
    if (before(first, all.data() + 1) || !before(first, all.data() + all.size())) return false;
    const auto at = static_cast<std::size_t>(first - all.data());
    const std::size_t end = at + symbol.raw_module.size();
    return (all[at - 1] == 'c' || all[at - 1] == 'i') && end < all.size() && all[end] == '\n';
  }

  // A name that is bad when it is used, and that honest picklers only keep or use as they must.
  bool is_harmless(std::uint32_t number) {
    const pickle::Symbol& symbol = tape_.symbols()[number];
    const Use& use = uses_[number];
    const bool may_be = symbol.is("builtins", "setattr") || symbol.is("builtins", "map") ||
                        symbol.is("builtins", "filter");
    return may_be && use.calls == use.harmless_calls && is_only_kept(tape_, callees_, number);
  }

  Finding judge_name(const pickle::Symbol& symbol, bool is_called, bool is_harmless) const {
    const std::string what = text_of(symbol) + (is_called ? " is called" : " is imported");
    if (is_harmless)
      return make_finding(Rule::kG15, Severity::kUnknown,
                          what + " by functions that the file builds, and nothing else");
    const bool is_dotted = symbol.name.find('.') != std::string_view::npos;
    const auto danger = is_dotted ? find_danger_in_tail(symbol.module, symbol.name)
                                  : find_danger(symbol.module, symbol.name);
    if (danger) {
      const ScanRule& family = describe(*danger);
      return make_finding(*danger, Severity::kDanger, what + ": " + std::string(family.what));
    }
    if (const auto family = find_double_edged(symbol.module, symbol.name))
      return make_finding(
          *family, Severity::kUnknown,
          what + ", as honest files do, too: " + std::string(describe(*family).what));
    if (is_dotted && is_from_lines(symbol)) return make_finding(Rule::kP05);
    if (is_dotted)
      return make_finding(Rule::kP05, Severity::kUnknown, what + ", a name inside of a class");
    if (symbol.module == "__main__" || symbol.module == "__mp_main__")
      return make_finding(Rule::kA04, Severity::kUnknown,
                          what + ", a class of the script that wrote the file");
    if (symbol.name.find("Storage") != std::string_view::npos && symbol.module.starts_with("torch"))
      return make_finding(Rule::kT06, Severity::kUnknown,
                          what + ", which is not a storage of torch");
    return make_finding(Rule::kG15, Severity::kUnknown,
                        what + "; it is not known, and not known to be bad");
  }

  // Of a class that a well-known package has, used as its own objects are pickled.
  static Finding vouched_for(const pickle::Symbol& symbol, const PackageClass& row) {
    return make_finding(Rule::kG16, Severity::kNote,
                        text_of(symbol) + " runs nothing when it is unpickled, if the installed " +
                            std::string(row.package) + " is honest (read in " +
                            std::string(row.version) + ")");
  }

  void judge_symbol(std::uint32_t number) {
    const pickle::Symbol& symbol = tape_.symbols()[number];
    const Use& use = uses_[number];
    if (use.is_listed) {
      ++asked_.listed;
      return;
    }
    ++asked_.unlisted;
    const auto row = objects_.proved(number);
    Finding finding = row ? vouched_for(symbol, *row)
                          : judge_name(symbol, use.call != kNoNode, is_harmless(number));
    asked_.is_dangerous |= finding.severity == Severity::kDanger;
    finding.count = std::max<std::uint64_t>(use.calls, 1);
    finding.module = base::escaped(symbol.module);
    finding.name = base::escaped(symbol.name);
    finding.raw = base::escaped(symbol.raw_module) + " " + base::escaped(symbol.raw_name);
    if (use.call != kNoNode) return add_call(use.call, tape_.call(use.call), std::move(finding));
    if (use.symbol != kNoNode) place_value(finding, use.symbol, symbol.first_offset);
    findings_.add(std::move(finding));
  }

  // ---- what the machine and the interpreter noted

  void judge_note(const pickle::Note& note) {
    const auto [rule, severity] = judge(note.oddity);
    Finding finding = make_finding(rule, severity, std::string(words(note.oddity).text));
    place(finding, note.place, note.offset);
    if (note.node != kNoNode) finding.path = path_of(note.node);
    asked_.is_dangerous |= severity == Severity::kDanger;
    findings_.add(std::move(finding));
  }

  // ---- values that contradict what their names take

  void judge_damaged_value(const types::DamagedValue& part) {
    const std::string why =
        std::string(part.error.reason()) +
        (part.error.subject().empty() ? "" : ": " + std::string(part.error.subject()));
    const Call* const call = tape_.call_of(part.node);
    if (callees_.is_setter(part.node)) return;
    if (call == nullptr) {
      Finding finding = make_finding(Rule::kT07, Severity::kUnknown, why);
      place_value(finding, part.node, part.error.offset());
      return findings_.add(std::move(finding));
    }
    Finding finding = make_finding(Rule::kT10, Severity::kUnknown, why);
    if (tape_[call->callee].kind == Kind::kSymbol) {
      const pickle::Symbol& symbol = tape_.symbol(call->callee);
      finding = judge_arguments(*call, symbol, why);
      finding.module = base::escaped(symbol.module);
      finding.name = base::escaped(symbol.name);
    }
    asked_.is_dangerous |= finding.severity == Severity::kDanger;
    add_call(part.node, *call, std::move(finding));
  }

  // Which sorts an argument at this place may have, over all forms.
  static types::Sorts allowed_at(const types::Schema& schema, std::size_t place) {
    types::Sorts allowed = 0;
    for (const types::Form& form : schema) {
      if (form.count == 0 || (place >= form.count && !form.repeats)) continue;
      allowed |= form.arguments[std::min<std::size_t>(place, form.count - 1u)].sorts;
    }
    return allowed;
  }

  Finding judge_arguments(const Call& call, const pickle::Symbol& symbol, const std::string& why) {
    const Known* const row = types::find_known(symbol.module, symbol.name);
    const std::string what = text_of(symbol) + ": " + why;
    if (row == nullptr || call.arguments == kNoNode)
      return make_finding(Rule::kA03, Severity::kUnknown, what);
    if (row->meaning == types::Meaning::kEncode)
      return make_finding(Rule::kA03, Severity::kDanger, what);
    constexpr types::Sorts kSymbols =
        types::bit(types::kSortSymbol) | types::bit(types::kSortCallable) |
        types::bit(types::kSortStorageClass) | types::bit(types::kSortTensorDtype) |
        types::bit(types::kSortTensorClass) | types::bit(types::kSortRebuild) |
        types::bit(types::kSortFactory) | types::bit(types::kSortArrayClass) |
        types::bit(types::kSortArrayScalarType) | types::bit(types::kSortQuantScheme) |
        types::bit(types::kSortTypeName) | types::bit(types::kSortBitGeneratorClass);
    constexpr types::Sorts kTexts = types::bit(types::kSortText) | types::bit(types::kSortBytes);
    const auto given = tape_.items(call.arguments);
    bool is_schema = false;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Kind kind = tape_[given[i]].kind;
      const types::Sorts allowed = allowed_at(row->call, i);
      if (kind == Kind::kSymbol && (allowed & kSymbols) == 0)
        return make_finding(Rule::kA02, Severity::kDanger,
                            what + "; it is given a class or function");
      const bool is_text = kind == Kind::kText || kind == Kind::kBytes || kind == Kind::kPy2Text;
      if (is_text && (allowed & kTexts) == 0)
        return make_finding(Rule::kA03, Severity::kDanger, what + "; it is given text");
      is_schema = is_schema || allowed == 0;
    }
    return make_finding(is_schema ? Rule::kA03 : Rule::kT10, Severity::kUnknown, what);
  }

  void judge_damage(const container::Container::Damage& damage) {
    const container::Failure& failure = damage.failure;
    Finding finding = make_finding(
        Rule::kT10, Severity::kUnknown,
        failure.message.empty() ? std::string(failure.error.reason()) : failure.message);
    finding.member = join_members(chain_, failure.member);
    finding.offset = failure.error.offset();
    findings_.add(std::move(finding));
  }

  // ---- places

  std::string member_of(NodeId id) const {
    const container::Section* const section = opened_.section_of(id);
    return join_members(chain_, section == nullptr ? "" : section->member);
  }

  // Where in the file, and in the object tree.
  void place_value(Finding& finding, NodeId id, std::uint64_t offset) {
    place(finding, id, offset);
    finding.path = path_of(id);
  }

  void place(Finding& finding, NodeId id, std::uint64_t offset) {
    const container::Section* const section = opened_.section_of(id);
    finding.member = member_of(id);
    finding.offset = offset + (section == nullptr ? 0 : section->shift);
  }

  std::string path_of(NodeId id) {
    if (!opened_.graph) return "";
    if (!edges_) edges_ = opened_.graph->shortest_edges();
    return opened_.graph->path(*edges_, id);
  }

  void add_at(NodeId id, Finding finding) {
    const Call* const call = tape_.call_of(id);
    place_value(finding, id, call == nullptr ? 0 : call->offset);
    findings_.add(std::move(finding));
  }

  void add_call(NodeId id, const Call& call, Finding finding) {
    place_value(finding, id, call.offset);
    finding.opcode = opcode_name(call.how);
    if (finding.args.empty() && call.arguments != kNoNode)
      finding.args = render(tape_, call.arguments);
    for (const Evidence evidence : words_.evidence_of(call))
      finding.evidence.push_back(to_text(evidence));
    if (finding.rule == &describe(Rule::kA02) || finding.rule == &describe(Rule::kA03))
      finding.evidence.push_back(to_text(Evidence::kSchema));
    asked_.is_dangerous |= finding.severity == Severity::kDanger;
    if (finding.module.empty() && tape_[call.callee].kind == Kind::kSymbol) {
      const pickle::Symbol& symbol = tape_.symbol(call.callee);
      finding.module = base::escaped(symbol.module);
      finding.name = base::escaped(symbol.name);
      finding.raw = base::escaped(symbol.raw_module) + " " + base::escaped(symbol.raw_name);
    }
    findings_.add(std::move(finding));
  }

  const container::Opened& opened_;
  const pickle::Tape& tape_;
  const std::string& chain_;
  Findings& findings_;
  const ScriptProgram* script_;
  Asked asked_;
  std::vector<Use> uses_;
  std::optional<std::vector<types::Edge>> edges_;
  ArgumentWords words_{tape_};
  Callees callees_{tape_};
  ValueCalls calls_{tape_, callees_};
  StateJudgement states_{tape_, callees_};
  PackageObjects objects_{
      tape_, opened_.source == nullptr || opened_.source->info().format != Format::kZip};
  bool names_targets_ = false;
};

}  // namespace

std::string join_members(const std::string& chain, const std::string& member) {
  if (chain.empty()) return member;
  return member.empty() ? chain : chain + "!" + member;
}

Asked scan_tape(const container::Opened& opened, const std::string& chain, Findings& findings,
                const ScriptProgram* script) {
  return TapeScan(opened, chain, findings, script).run();
}

}  // namespace safe_load::scanner
