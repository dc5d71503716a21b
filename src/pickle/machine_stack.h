// MachineStack: the stack of a running pickle, and the values that lie on it.
//
// Only the machine includes this: its loop is as fast as these functions are inlined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "pickle/chain.h"
#include "pickle/machine.h"
#include "pickle/oddity.h"
#include "pickle/opcodes.h"
#include "pickle/operands.h"
#include "pickle/tape.h"

namespace safe_load::pickle {

class MachineStack {
 protected:
  static constexpr std::uint64_t kMaxLongBytes = std::uint64_t{1} << 20;

  MachineStack(Tape& tape, const Program& program)
      : tape_(tape),
        program_(program),
        first_node_(tape.size()),
        first_added_(tape.added_.size()) {}

  // ---- errors and notes

  Error truncated() const {
    return Error(ErrorCode::kTruncated, "the pickle ends before its STOP", opcode_at_);
  }

  Error located(const Error& error, Opcode opcode) const {
    if (error.code() == ErrorCode::kTruncated) return truncated().about(name(opcode));
    const Error placed = error.at(opcode_at_);
    return error.subject().empty() ? placed.about(name(opcode)) : placed;
  }

  static Error corrupt(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

  void note(Oddity oddity) { tape_.add_note({oddity, opcode_at_, tape_.size(), kNoNode}); }

  // What a loader refuses and a lenient tape notes.
  Status refuse(Oddity oddity, ErrorCode code = ErrorCode::kCorrupt) {
    if (!tape_.is_lenient()) return Error(code, words(oddity));
    note(oddity);
    return {};
  }

  // The same for what would have given a value: in its place stands a call of nothing.
  Status refuse_value(Oddity oddity, NodeId arguments = kNoNode,
                      ErrorCode code = ErrorCode::kUnsupported) {
    SAFE_LOAD_TRY(refuse(oddity, code));
    SAFE_LOAD_TRY_ASSIGN(const NodeId nothing, tape_.nodes_.add({}));
    return add_call(How::kReduce, nothing, arguments);
  }

  // What readers make of an operand. Only where all of them stop does a lenient tape break off.
  Status judge(Agreement agreement, Oddity oddity, ErrorCode code = ErrorCode::kCorrupt) {
    switch (agreement) {
      case Agreement::kPlain:
        return {};
      case Agreement::kOdd:
        note(oddity);
        return {};
      case Agreement::kSplit:
        return refuse(oddity, code);
      case Agreement::kNone:
        break;
    }
    return Error(code, words(oddity));
  }

  // ---- the stack

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Status need(std::size_t count) const {
    if (stack_.size() - floor() < count) return corrupt("not enough values on the stack");
    return {};
  }

  NodeId pop() {  // REQUIRES: need(1)
    const NodeId top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Status push(const Node& node) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape_.nodes_.add(node));
    stack_.push_back(id);
    return {};
  }

  // Where the values above the top mark begin.
  Result<std::size_t> values_above_mark() const {
    if (marks_.empty()) return corrupt("no mark on the stack");
    return marks_.back();
  }

  void drop_to_mark() {
    stack_.resize(marks_.back());
    marks_.pop_back();
  }

  // ---- values

  Status push_int(std::int64_t value) {
    return push({Kind::kInt, 0, 0, 0, static_cast<std::uint64_t>(value)});
  }

  Status push_bool(bool value) { return push({Kind::kBool, 0, 0, 0, value ? 1u : 0u}); }

  Status push_float(double value) {
    return push({Kind::kFloat, 0, 0, 0, std::bit_cast<std::uint64_t>(value)});
  }

  // A part of the program's bytes; where it lies is what counts, not how much was read since.
  Status push_read(Kind kind, std::string_view bytes) {
    const auto place =
        static_cast<std::uint64_t>(bytes.data() - base::as_text(program_.bytes).data());
    return push({kind, program_.flags, 0, static_cast<std::uint32_t>(bytes.size()),
                 program_.place + place});
  }

  Status push_unicode(std::string_view bytes) {
    if (!base::is_utf8(bytes, true)) return corrupt("text that is not UTF-8");
    return push_read(Kind::kText, bytes);
  }

  Status push_decoded(Kind kind, std::string_view text) {
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index, tape_.add_text(text));
    return push({kind, kInArena, 0, static_cast<std::uint32_t>(text.size()), index});
  }

  // Two's complement without the last bytes that only repeat the sign.
  static std::string_view without_spare_signs(std::string_view bytes) {
    while (bytes.size() > 8) {
      const char last = bytes[bytes.size() - 1];
      const bool is_negative = static_cast<std::uint8_t>(bytes[bytes.size() - 2]) >= 0x80;
      if (last != (is_negative ? '\xff' : '\0')) break;
      bytes.remove_suffix(1);
    }
    return bytes;
  }

  Status push_long(std::string_view bytes) {
    if (bytes.size() > kMaxLongBytes) {
      SAFE_LOAD_TRY(refuse(Oddity::kHugeInteger, ErrorCode::kLimit));
      return push_int(0);
    }
    bytes = without_spare_signs(bytes);
    if (bytes.size() > 8) return push_read(Kind::kBigInt, bytes);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    if (!bytes.empty() && bytes.size() < 8 && static_cast<std::uint8_t>(bytes.back()) >= 0x80)
      value |= ~std::uint64_t{0} << (8 * bytes.size());  // the sign
    return push_int(static_cast<std::int64_t>(value));
  }

  Status push_run(Kind kind, std::size_t from) {
    const std::span<const NodeId> values = std::span(stack_).subspan(from);
    SAFE_LOAD_TRY_ASSIGN(const Run run, tape_.add_run(values));
    stack_.resize(from);
    return push({kind, 0, 0, run.count, run.first});
  }

  Status push_run_above_mark(Kind kind) {
    SAFE_LOAD_TRY_ASSIGN(const std::size_t from, values_above_mark());
    marks_.pop_back();
    return push_run(kind, from);
  }

  Status push_tuple(std::size_t count) {
    SAFE_LOAD_TRY(need(count));
    return push_run(Kind::kTuple, stack_.size() - count);
  }

  // A list or dict that is born full, and may grow.
  Status push_filled(Kind kind) {
    SAFE_LOAD_TRY_ASSIGN(const std::size_t from, values_above_mark());
    if (kind == Kind::kDict && (stack_.size() - from) % 2 != 0)
      return corrupt("a dict with a key and no value");
    Run run;
    SAFE_LOAD_TRY(extend(run, std::span(stack_).subspan(from)));
    drop_to_mark();
    return push({kind, 0, 0, run.count, packed(run)});
  }

  // ---- containers that grow

  static std::uint64_t packed(const Run& run) { return std::uint64_t{run.last} << 32 | run.first; }
  static Run unpacked(const Node& node) {
    return {static_cast<std::uint32_t>(node.payload),
            static_cast<std::uint32_t>(node.payload >> 32), node.count};
  }

  Status extend(Run& run, std::span<const NodeId> items) {
    return extend_chain(tape_.children_, run, items, tape_.size());
  }

  // Adds to a plain container of kind `plain`, or to the result of a call, whose meaning decides
  // later whether it can hold items.
  Status add_items(NodeId target, Kind plain, Run Added::*items, std::span<const NodeId> values) {
    Node& node = tape_.nodes_[target];
    if (node.kind == Kind::kCall) {
      // Some readers look for the method first.
      if (values.empty()) return add_to_other(node.kind, plain, true);
      SAFE_LOAD_TRY_ASSIGN(Added* const added, tape_.change_added(target));
      return extend(added->*items, values);
    }
    if (node.kind != plain) return add_to_other(node.kind, plain, values.empty());
    Run run = unpacked(node);
    SAFE_LOAD_TRY(extend(run, values));
    node.count = run.count;
    node.payload = packed(run);
    return {};
  }

  // Items for a value of another kind. Setting none changes nothing, of whatever it is.
  Status add_to_other(Kind target, Kind plain, bool is_empty) {
    if (is_empty && plain == Kind::kDict) return {};
    const bool is_any = target == Kind::kPersistent || target == Kind::kSymbol;
    const bool takes = plain == Kind::kList   ? target == Kind::kByteArray
                       : plain == Kind::kDict ? target == Kind::kByteArray || target == Kind::kList
                                              : false;
    if (is_any || takes || is_empty) return refuse(Oddity::kItemsOfNoContainer);
    return corrupt(words(Oddity::kItemsOfNoContainer));
  }

  Status add_top(std::size_t count, Kind plain, Run Added::*items) {
    SAFE_LOAD_TRY(need(count + 1));
    const std::size_t from = stack_.size() - count;
    SAFE_LOAD_TRY(add_items(stack_[from - 1], plain, items, std::span(stack_).subspan(from)));
    stack_.resize(from);
    return {};
  }

  Status add_above_mark(Kind plain, Run Added::*items) {
    SAFE_LOAD_TRY_ASSIGN(const std::size_t from, values_above_mark());
    const std::size_t below = marks_.size() < 2 ? 0 : marks_[marks_.size() - 2];
    if (from <= below) return corrupt("no container below the mark");
    if (plain == Kind::kDict && (stack_.size() - from) % 2 != 0)
      return corrupt("a key without a value");
    SAFE_LOAD_TRY(add_items(stack_[from - 1], plain, items, std::span(stack_).subspan(from)));
    drop_to_mark();
    return {};
  }
  // ---- calls

  bool is_callable(NodeId id) const {
    const Kind kind = tape_[id].kind;
    return kind == Kind::kSymbol || kind == Kind::kCall || kind == Kind::kPersistent;
  }

  Status push_call(How how, NodeId callee, NodeId arguments, NodeId keywords = kNoNode) {
    if (!is_callable(callee)) return corrupt("a call of something that is not a class or function");
    if (tape_[arguments].kind != Kind::kTuple)
      return refuse_value(Oddity::kOddArguments, kNoNode, ErrorCode::kCorrupt);
    if (keywords != kNoNode && tape_[keywords].kind != Kind::kDict)  // a subclass of dict passes
      return refuse_value(Oddity::kOddKeywords, arguments, ErrorCode::kCorrupt);
    return add_call(how, callee, arguments, keywords);
  }

  Status add_call(How how, NodeId callee, NodeId arguments, NodeId keywords = kNoNode) {
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index,
                         tape_.calls_.add({callee, arguments, keywords,
                                           static_cast<std::uint32_t>(opcode_at_), how}));
    return push({Kind::kCall, 0, 0, 0, index});
  }

  Status call_top(How how) {  // callee, arguments
    SAFE_LOAD_TRY(need(2));
    const NodeId arguments = pop();
    const NodeId callee = pop();
    return push_call(how, callee, arguments);
  }

  Status call_with_keywords() {
    SAFE_LOAD_TRY(need(3));
    const NodeId keywords = pop();
    const NodeId arguments = pop();
    const NodeId callee = pop();
    return push_call(How::kNewObjectEx, callee, arguments, keywords);
  }

  // Turns every chain into one run. From here on what this program built is only read.
  Status seal() {
    for (NodeId id = first_node_; id < tape_.size(); ++id) {
      Node& node = tape_[id];
      if (node.kind != Kind::kList && node.kind != Kind::kDict && node.kind != Kind::kSet) continue;
      Run run = unpacked(node);
      SAFE_LOAD_TRY(join_chain(tape_.children_, run));
      node.payload = packed(run);
    }
    for (std::uint32_t i = first_added_; i < tape_.added_.size(); ++i) {
      Added& added = tape_.added_[i];
      for (Run* run : {&added.list_items, &added.dict_items, &added.set_items, &added.states})
        SAFE_LOAD_TRY(join_chain(tape_.children_, *run));
    }
    return {};
  }

  // ---- what values are to Python

  // Text of Python 2 is str to Python 3, too, if it is ASCII.
  bool is_name(NodeId id) const {
    const Kind kind = tape_[id].kind;
    return kind == Kind::kText || (kind == Kind::kPy2Text && base::is_ascii(tape_.text(id)));
  }

  // Whether it may come out as text: by a call, or with one of the encodings of Python 2.
  bool may_be_name(NodeId id) const {
    const Kind kind = tape_[id].kind;
    return is_callable(id) || kind == Kind::kText || kind == Kind::kPy2Text || kind == Kind::kBytes;
  }

  // Plain values have no attributes: no state leaves them as they are, an empty one stops some
  // readers, and any other stops all.
  Status build_other(NodeId target, NodeId state) {
    const bool is_plain = !is_callable(target);
    const auto is_none = [&](NodeId id) { return tape_[id].kind == Kind::kNone; };
    const bool is_pair = tape_[state].kind == Kind::kTuple && tape_[state].count == 2;
    const bool says_nothing =
        is_pair ? is_none(tape_.items(state)[0]) && is_none(tape_.items(state)[1]) : is_none(state);
    if (is_plain && says_nothing) return {};
    if (is_plain && !is_pair && is_true(state)) return corrupt(words(Oddity::kStateOfNoObject));
    return refuse(Oddity::kStateOfNoObject);
  }

  // Whether a plain value is true to Python, as far as its node tells; a result may be false.
  bool is_true(NodeId id) const {
    const Node& node = tape_[id];
    if (node.kind == Kind::kBool || node.kind == Kind::kInt) return node.payload != 0;
    if (node.kind == Kind::kFloat) return std::bit_cast<double>(node.payload) != 0;
    if (node.kind == Kind::kBigInt || node.kind == Kind::kSymbol) return true;
    return node.kind != Kind::kNone && node.kind != Kind::kCall && node.kind != Kind::kPersistent &&
           node.count != 0;
  }

  // Of bytes it changes nothing; what it makes of all else is not a plain value.
  Status readonly_buffer() {
    SAFE_LOAD_TRY(need(1));
    const Kind kind = tape_[stack_.back()].kind;
    if (kind == Kind::kBytes) return {};
    if (kind != Kind::kByteArray && !is_callable(stack_.back()))
      return corrupt("READONLY_BUFFER of a value that is not a buffer");
    return refuse(Oddity::kOutOfBandBuffer, ErrorCode::kUnsupported);
  }

  Tape& tape_;
  Program program_;
  NodeId first_node_;  // of this program
  std::uint32_t first_added_;
  std::vector<NodeId> stack_;
  std::vector<std::size_t> marks_;
  std::uint64_t opcode_at_ = 0;  // in the program
};

}  // namespace safe_load::pickle
