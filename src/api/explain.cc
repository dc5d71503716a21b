#include "safe_load/explain.h"

#include <algorithm>

#include "api/state.h"
#include "base/text.h"
#include "torch/weights_only.h"

namespace safe_load {
inline namespace v0 {

using pickle::kNoNode;
using pickle::NodeId;

namespace {

// Why torch takes no file of this kind, whatever is in it; "" if it does.
std::string_view closed_format(Format format, std::string_view file_name) {
  switch (format) {
    case Format::kZip:
    case Format::kLegacy:
      return "";
    case Format::kTorchScript:
      return "a TorchScript program";
    case Format::kTorchPackage:
      return "a torch.package archive";
    case Format::kTorchExport:
      return "a torch.export archive (pt2)";
    case Format::kShardedSet:
    case Format::kShardsOfTensors:
      return "a set of files, of which torch opens one at a time";
    case Format::kDistributed:
      return "a folder of torch.distributed.checkpoint, whose own loader unpickles its metadata "
             "without restriction";
    case Format::kTar:
      return "the tar format of torch 0.1";
    case Format::kPickle:
      return "a pickle without torch's magic number";
    case Format::kSafetensors:
      return file_name.ends_with(".safetensors")
                 ? ""
                 : "safetensors, which torch opens only if the file's name ends in .safetensors";
    case Format::kTorchScript2018:
    case Format::kNpy:
    case Format::kNpz:
    case Format::kZipOfCheckpoints:
    case Format::kTarOfCheckpoints:
    case Format::kRankFiles:
      break;
  }
  return "no file that torch.save wrote";
}

class Explanation {
 public:
  Explanation(const api::State& state, std::string_view file_name)
      : state_(state), file_name_(file_name), tape_(state.tape()), edges_(state.edges()) {}

  std::vector<Refusal> run() {
    add_container();
    std::vector<Refusal> of_pickle;
    std::swap(found_, of_pickle);  // the container's stay in front
    add_opcodes();
    add_symbols();
    add_calls();
    add_values();
    add_damage();
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Refusal& a, const Refusal& b) { return a.offset < b.offset; });
    of_pickle.insert(of_pickle.end(), found_.begin(), found_.end());
    return of_pickle;
  }

 private:
  Refusal make(RefusalKind kind, std::string name, bool is_final) const {
    Refusal refusal;
    refusal.kind = kind;
    refusal.name = std::move(name);
    refusal.is_final = is_final;
    const auto& sections = state_.opened.source->sections();
    refusal.member = sections.empty() ? "" : sections.front().member;
    return refusal;
  }

  void add_container() {
    const ContainerInfo& info = state_.container();
    if (const std::string_view why = closed_format(info.format, file_name_); !why.empty())
      found_.push_back(make(RefusalKind::kContainer, std::string(why), true));
    if (info.format == Format::kZip && info.version.empty())
      found_.push_back(make(RefusalKind::kContainer, "a zip file without a version record", true));
    if (info.has_source_text) found_.push_back(make(RefusalKind::kPersistentId, "module", true));
  }

  void add_opcodes() {
    const int programs = state_.container().format == Format::kLegacy ? 5 : 1;
    for (const torch::OddOpcode& odd :
         torch::odd_opcodes(state_.opened.pickles.bytes(), programs)) {
      Refusal refusal = make(odd.is_text ? RefusalKind::kText : RefusalKind::kOpcode,
                             std::string(odd.name), true);
      refusal.offset = odd.offset;
      refusal.count = odd.count;
      found_.push_back(std::move(refusal));
    }
  }

  void add_symbols() {
    // For each symbol a value that stands for it or was made by it.
    std::vector<NodeId> first(tape_.symbols().size(), kNoNode);
    std::vector<std::uint64_t> counts(first.size());
    for (NodeId id = 0; id < tape_.size(); ++id) {
      const pickle::Node& node = tape_[id];
      NodeId symbol = kNoNode;
      if (node.kind == pickle::Kind::kSymbol) symbol = id;
      if ((node.flags & pickle::kFromCall) != 0) {
        const NodeId callee = tape_.call(id).callee;
        if (tape_[callee].kind == pickle::Kind::kSymbol) symbol = callee;
      }
      if (symbol == kNoNode) continue;
      const std::uint32_t index = tape_.symbol_index(symbol);
      if (id != symbol || edges_[id].parent != kNoNode) ++counts[index];
      const bool is_better = first[index] == kNoNode || (edges_[first[index]].parent == kNoNode &&
                                                         edges_[id].parent != kNoNode);
      if (is_better) first[index] = id;
    }
    for (std::uint32_t i = 0; i < first.size(); ++i) {
      const pickle::Symbol& symbol = tape_.symbols()[i];
      if (torch::is_allowed_by_torch(symbol.module, symbol.name)) continue;
      const bool is_blocked = torch::is_blocked_by_torch(symbol.module);
      const bool needs_import = torch::is_allowed_after_import(symbol.module, symbol.name);
      const RefusalKind kind = is_blocked     ? RefusalKind::kBlocked
                               : needs_import ? RefusalKind::kImport
                                              : RefusalKind::kGlobal;
      const std::string_view module = is_python2_exception(symbol) ? "exceptions" : symbol.module;
      Refusal refusal =
          make(kind, base::escaped(module) + "." + base::escaped(symbol.name), is_blocked);
      refusal.offset = symbol.first_offset;
      refusal.count = std::max<std::uint64_t>(1, counts[i]);
      refusal.is_rebuilt = state_.meaning().is_known(i);
      place(refusal, first[i]);
      found_.push_back(std::move(refusal));
    }
  }

  void add_calls() {
    for (const torch::OddCall& odd : torch::odd_calls(tape_)) {
      using Kind = torch::OddCall::Kind;
      const RefusalKind kind = odd.kind == Kind::kUnnamedClass ? RefusalKind::kUnnamedClass
                               : odd.kind == Kind::kItems      ? RefusalKind::kItems
                                                               : RefusalKind::kCallable;
      const std::string name = base::escaped(odd.name);
      const auto known = std::find_if(found_.begin(), found_.end(), [&](const Refusal& refusal) {
        return refusal.kind == kind && refusal.name == name;
      });
      if (known != found_.end()) {
        ++known->count;
        continue;
      }
      // What no module has under a name, no program can put on the list.
      const bool has_name = name.find('.') != std::string::npos;
      Refusal refusal = make(kind, name, kind != RefusalKind::kUnnamedClass || !has_name);
      refusal.offset = tape_.call(odd.node).offset;
      place(refusal, odd.node);
      found_.push_back(std::move(refusal));
    }
  }

  // torch 2.13: _rebuild_tensor_v3 asks a new tensor for gradients and then sets its storage, which
  // torch forbids; its reader of legacy files asks each storage class for its dtype.
  void add_values() {
    for (std::uint32_t i = 0; i < tape_.call_count(); ++i) {
      const pickle::Call& call = tape_.call_at(i);
      const bool is_v3 = tape_[call.callee].kind == pickle::Kind::kSymbol &&
                         tape_.symbol(call.callee).is("torch._utils", "_rebuild_tensor_v3");
      if (!is_v3 || call.arguments == kNoNode || tape_[call.arguments].count < 5) continue;
      const pickle::Node& requires_grad = tape_[tape_.items(call.arguments)[4]];
      if (requires_grad.kind == pickle::Kind::kBool && requires_grad.payload != 0)
        add_value("a tensor of a type without a storage class that requires a gradient",
                  call.offset);
    }
    if (state_.container().format != Format::kLegacy) return;
    for (const data::Storage& storage : state_.meaning().storages().all())
      if (storage.is_untyped) add_value("an UntypedStorage in a legacy file", 0);
  }

  void add_value(std::string name, std::uint64_t offset) {
    const auto known = std::find_if(found_.begin(), found_.end(), [&](const Refusal& refusal) {
      return refusal.kind == RefusalKind::kValue && refusal.name == name;
    });
    if (known != found_.end()) {
      ++known->count;
      return;
    }
    found_.push_back(make(RefusalKind::kValue, std::move(name), true));
    found_.back().offset = offset;
  }

  void add_damage() {
    for (const Issue& issue : state_.issues) {
      Refusal refusal = make(RefusalKind::kDamage, issue.message, true);
      refusal.member = issue.member;
      refusal.offset = issue.offset;
      refusal.object_path = issue.path;
      found_.push_back(std::move(refusal));
    }
  }

  // torch maps the other names of Python 2, but not these.
  bool is_python2_exception(const pickle::Symbol& symbol) const {
    constexpr std::string_view kModule = "exceptions\n";
    if (symbol.module != "builtins") return false;
    const auto& sections = state_.opened.source->sections();
    const std::uint64_t at = symbol.first_offset + 1 + sections.front().shift;
    const std::string_view pickle = base::as_text(tape_.pickle());
    return at < pickle.size() && pickle.substr(static_cast<std::size_t>(at)).starts_with(kModule);
  }

  void place(Refusal& refusal, NodeId node) const {
    if (node == kNoNode) return;
    refusal.object_path = state_.graph().path(edges_, node);
  }

  const api::State& state_;
  std::string_view file_name_;
  const pickle::Tape& tape_;
  const std::vector<types::Edge>& edges_;
  std::vector<Refusal> found_;
};

}  // namespace

std::string Refusal::why() const {
  switch (kind) {
    case RefusalKind::kContainer:
      return "this is " + name;
    case RefusalKind::kOpcode:
      return "torch's reader has no opcode " + name;
    case RefusalKind::kGlobal:
      return name + " is not on torch's list of allowed names";
    case RefusalKind::kImport:
      return name + " is on torch's list only after a part of torch was imported";
    case RefusalKind::kBlocked:
      return name + " is of a module that torch allows nothing of";
    case RefusalKind::kUnnamedClass:
      return name.empty() ? "a state is given to an object whose class the file does not tell"
                          : "a state is given to a " + name +
                                ", which is not on torch's list and is not named in the file";
    case RefusalKind::kCallable:
      return name.empty() ? "what another call returned is called"
                          : name + " is made without the arguments that it needs";
    case RefusalKind::kItems:
      return "items are added to a " + name + "; torch does that for plain dicts and lists only";
    case RefusalKind::kPersistentId:
      return "a persistent id of kind " + name + "; torch takes storages only";
    case RefusalKind::kText:
      return "text of Python 2 that is not UTF-8";
    case RefusalKind::kDamage:
      return "a value is damaged: " + name;
    case RefusalKind::kValue:
      return "torch writes " + name + ", and cannot read it";
  }
  return name;
}

std::vector<Refusal> torch_refusals(const Checkpoint& checkpoint, std::string_view file_name) {
  return Explanation(*checkpoint.state_, file_name).run();
}

}  // namespace v0
}  // namespace safe_load
