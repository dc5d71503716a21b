#include "scan/render.h"

#include <bit>

#include "base/text.h"

namespace safe_load::scanner {
namespace {

using pickle::Kind;
using pickle::NodeId;

constexpr int kDeepest = 3;  // containers in each other; what is deeper is shown as its kind

// NOLINTBEGIN(misc-no-recursion): three levels
class Renderer {
 public:
  explicit Renderer(const pickle::Tape& tape) : tape_(tape) {}

  void add(NodeId id, int depth) {
    if (is_full()) return;
    const pickle::Node& node = tape_[id];
    switch (node.kind) {
      case Kind::kNone:
        out_ += "None";
        return;
      case Kind::kBool:
        out_ += node.payload != 0 ? "True" : "False";
        return;
      case Kind::kInt:
        out_ += std::to_string(static_cast<std::int64_t>(node.payload));
        return;
      case Kind::kBigInt:
        out_ += "<int of " + std::to_string(node.count) + " bytes>";
        return;
      case Kind::kFloat:
        out_ += base::to_text(std::bit_cast<double>(node.payload));
        return;
      case Kind::kBytes:
        out_ += 'b';
        [[fallthrough]];
      case Kind::kText:
      case Kind::kPy2Text:
        out_ += base::quoted(tape_.text(id), kMostRendered);
        return;
      case Kind::kByteArray:
        out_ += "bytearray(" + base::quoted(tape_.text(id), kMostRendered) + ")";
        return;
      case Kind::kTuple:
        return add_items(id, '(', node.count == 1 ? ",)" : ")", depth);
      case Kind::kList:
        return add_items(id, '[', "]", depth);
      case Kind::kSet:
      case Kind::kFrozenSet:
      case Kind::kDict:
        return add_items(id, '{', "}", depth);
      case Kind::kSymbol: {
        const pickle::Symbol& symbol = tape_.symbol(id);
        out_ += '<' + base::escaped(symbol.module) + '.' + base::escaped(symbol.name) + '>';
        return;
      }
      case Kind::kTensor:
        out_ += "<tensor>";
        return;
      case Kind::kStorage:
      case Kind::kPersistent:
        out_ += "<storage>";
        return;
      case Kind::kArray:
      case Kind::kScalar:
      case Kind::kArrayDtype:
        out_ += "<array>";
        return;
      case Kind::kComplex:
      case Kind::kRecord:
      case Kind::kOpaque:
      case Kind::kCall:
      case Kind::kError:
        return add_call(id, depth);
    }
  }

  std::string take() && {
    if (is_full()) {
      std::size_t end = kMostRendered;
      while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xC0u) == 0x80u) --end;
      out_.resize(end);
      out_ += "...";
    }
    return std::move(out_);
  }

 private:
  bool is_full() const { return out_.size() > kMostRendered; }

  void add_items(NodeId id, char open, std::string_view close, int depth) {
    const auto items = tape_.items(id);
    out_ += open;
    if (depth == kDeepest && !items.empty()) {
      out_ += "...";
    } else {
      const bool is_dict = tape_[id].kind == Kind::kDict;
      for (std::size_t i = 0; i < items.size() && !is_full(); ++i) {
        if (i != 0) out_ += is_dict && i % 2 == 1 ? ": " : ", ";
        add(items[i], depth + 1);
      }
    }
    out_ += close;
  }

  void add_call(NodeId id, int depth) {
    const pickle::Call* const made_by = tape_.call_of(id);
    if (made_by == nullptr) {
      out_ += "<value>";
      return;
    }
    const pickle::Call& call = *made_by;
    if (depth == kDeepest) {
      out_ += "<call>";
      return;
    }
    add(call.callee, depth + 1);
    if (call.arguments == pickle::kNoNode) {
      out_ += "()";
    } else {
      add(call.arguments, depth + 1);
    }
  }

  const pickle::Tape& tape_;
  std::string out_;
};
// NOLINTEND(misc-no-recursion)

}  // namespace

std::string render(const pickle::Tape& tape, NodeId id) {
  Renderer renderer(tape);
  renderer.add(id, 0);
  return std::move(renderer).take();
}

}  // namespace safe_load::scanner
