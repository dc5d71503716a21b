#include "support/tape_text.h"

#include <bit>
#include <map>

#include "base/bytes.h"
#include "base/text.h"
#include "pickle/machine.h"

namespace test_support {
namespace {

using safe_load::pickle::Call;
using safe_load::pickle::Kind;
using safe_load::pickle::kNoNode;
using safe_load::pickle::NodeId;
using safe_load::pickle::Tape;

// Recurses: it prints small tapes of tests only.
class Printer {
 public:
  explicit Printer(const Tape& tape) : tape_(tape) {}

  std::string print(NodeId id) {
    const auto& node = tape_[id];
    const bool can_repeat = node.kind == Kind::kList || node.kind == Kind::kDict ||
                            node.kind == Kind::kSet || node.kind == Kind::kCall ||
                            (node.kind == Kind::kTuple && node.count != 0);
    if (can_repeat) {
      const auto [seen, is_new] = seen_.emplace(id, seen_.size());
      if (!is_new) return '&' + std::to_string(seen->second);
    }
    const auto text = [&] { return "'" + safe_load::base::escaped(tape_.text(id)) + "'"; };
    switch (node.kind) {
      case Kind::kNone:
        return "None";
      case Kind::kBool:
        return node.payload != 0 ? "True" : "False";
      case Kind::kInt:
        return std::to_string(static_cast<std::int64_t>(node.payload));
      case Kind::kBigInt:
        return "int" + std::to_string(node.count) + text();
      case Kind::kFloat:
        return safe_load::base::to_text(std::bit_cast<double>(node.payload));
      case Kind::kText:
        return text();
      case Kind::kBytes:
        return "b" + text();
      case Kind::kByteArray:
        return "bytearray" + text();
      case Kind::kPy2Text:
        return "py2" + text();
      case Kind::kTuple:
        return '(' + sequence(tape_.items(id)) + ')';
      case Kind::kList:
        return '[' + sequence(tape_.items(id)) + ']';
      case Kind::kSet:
        return "set(" + sequence(tape_.items(id)) + ')';
      case Kind::kFrozenSet:
        return "frozenset(" + sequence(tape_.items(id)) + ')';
      case Kind::kDict:
        return '{' + pairs(tape_.items(id)) + '}';
      case Kind::kSymbol:
        return std::string(tape_.symbol(id).module) + '.' + std::string(tape_.symbol(id).name);
      case Kind::kPersistent:
        return "persistent<" + print(static_cast<NodeId>(node.payload)) + '>';
      case Kind::kCall:
        return call(tape_.call(id));
      case Kind::kComplex:
      case Kind::kTensor:
      case Kind::kStorage:
      case Kind::kArray:
      case Kind::kScalar:
      case Kind::kArrayDtype:
      case Kind::kRecord:
      case Kind::kOpaque:
      case Kind::kError:
        break;  // given by types/ and torch/, never by the machine
    }
    return "?";
  }

 private:
  std::string sequence(std::span<const NodeId> items) {
    std::string out;
    for (const NodeId id : items) out += (out.empty() ? "" : ", ") + print(id);
    return out;
  }

  std::string pairs(std::span<const NodeId> items) {
    std::string out;
    for (std::size_t i = 0; i < items.size(); i += 2)
      out += (out.empty() ? "" : ", ") + print(items[i]) + ": " + print(items[i + 1]);
    return out;
  }

  std::string call(const Call& call) {
    std::string out = print(call.callee) + print(call.arguments);
    if (call.keywords != kNoNode) out += "**" + print(call.keywords);
    const safe_load::pickle::Added& added = tape_.added(call);
    if (added.list_items.count != 0) out += "+[" + sequence(tape_.items(added.list_items)) + ']';
    if (added.dict_items.count != 0) out += "+{" + pairs(tape_.items(added.dict_items)) + '}';
    if (added.set_items.count != 0) out += "+set(" + sequence(tape_.items(added.set_items)) + ')';
    for (const NodeId state : tape_.items(added.states)) out += ".build(" + print(state) + ')';
    return out;
  }

  const Tape& tape_;
  std::map<NodeId, std::size_t> seen_;
};

}  // namespace

std::string run_to_text(std::string_view pickle) {
  Tape tape(safe_load::base::as_bytes(pickle), {});
  const auto end = safe_load::pickle::run(tape);
  if (!end)
    return "error " + std::string(to_text(end.error().code())) + " at " +
           std::to_string(end.error().offset()) + ": " + std::string(end.error().reason());
  return Printer(tape).print(tape.root());
}

}  // namespace test_support
