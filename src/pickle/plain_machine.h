// PlainMachine: runs the opcodes that most of a pickle consists of, where nothing can be wrong with
// them. It does what Machine::step() does, without ways out for errors, notes and spent budgets:
// in front of whatever might need one it stops, and step() takes over.
//
// Only the machine includes this. Source of the opcodes: CPython Lib/pickletools.py.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/pool.h"
#include "base/text.h"
#include "pickle/machine_stack.h"
#include "pickle/memo.h"
#include "pickle/opcodes.h"
#include "pickle/tape.h"

namespace safe_load::pickle {

class PlainMachine : protected MachineStack {
 protected:
  using MachineStack::MachineStack;

  // Runs what is plain from `at` on, and nothing that reaches beyond `end`. Returns where it
  // stopped.
  std::uint64_t run_plain(std::uint64_t at, std::uint64_t end) {
    const base::Bytes bytes = program_.bytes.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(program_.bytes.size(), end)));
    while (at < bytes.size() && bytes.size() - at >= kMostBytes) {
      const std::uint64_t size = step_plain(bytes.subspan(static_cast<std::size_t>(at)), at);
      if (size == 0) break;
      at += size;
    }
    return at;
  }

  Memo memo_;

 private:
  static constexpr std::uint64_t kMostBytes = 9;  // of an opcode and an argument of fixed size

  static constexpr std::uint8_t code(Opcode opcode) { return static_cast<std::uint8_t>(opcode); }

  // Runs the opcode with which `bytes` begins, `at` in the program. Returns its size; 0 if it is
  // not plain, and then nothing is changed. REQUIRES: kMostBytes bytes.
  // NOLINTNEXTLINE(readability-function-size): a table, one row for each opcode
  std::uint64_t step_plain(base::Bytes bytes, std::uint64_t at) {
    const std::byte* const argument = bytes.data() + 1;
    const auto byte_argument = [=] { return std::to_integer<std::uint8_t>(*argument); };
    const auto word_argument = [=] { return base::load_little<std::uint32_t>(argument); };
    const auto byte = std::to_integer<std::uint8_t>(bytes.front());
    switch (byte) {
      case code(Opcode::kBINPUT):
        return remember(byte_argument()) ? 2 : 0;
      case code(Opcode::kLONG_BINPUT):
        return remember(word_argument()) ? 5 : 0;
      case code(Opcode::kMEMOIZE):
        return remember(memo_.entries()) ? 1 : 0;
      case code(Opcode::kBINGET):
        return recall(byte_argument()) ? 2 : 0;
      case code(Opcode::kLONG_BINGET):
        return recall(word_argument()) ? 5 : 0;
      case code(Opcode::kMARK):
        marks_.push_back(stack_.size());
        return 1;
      case code(Opcode::kBININT1):
        return add(integer(byte_argument())) ? 2 : 0;
      case code(Opcode::kBININT2):
        return add(integer(base::load_little<std::uint16_t>(argument))) ? 3 : 0;
      case code(Opcode::kBININT):
        return add(integer(base::load_little<std::int32_t>(argument))) ? 5 : 0;
      case code(Opcode::kBINFLOAT): {
        const auto value = std::bit_cast<std::uint64_t>(base::load_big<double>(argument));
        return add({Kind::kFloat, 0, 0, 0, value}) ? 9 : 0;
      }
      case code(Opcode::kSHORT_BINUNICODE):
        return add_text(bytes, at, 2, byte_argument());
      case code(Opcode::kBINUNICODE):
        return add_text(bytes, at, 5, word_argument());
      case code(Opcode::kNONE):
        return add({}) ? 1 : 0;
      case code(Opcode::kNEWTRUE):
      case code(Opcode::kNEWFALSE):
        return add({Kind::kBool, 0, 0, 0, byte == code(Opcode::kNEWTRUE) ? 1u : 0u}) ? 1 : 0;
      case code(Opcode::kEMPTY_DICT):
        return add({Kind::kDict, 0, 0, 0, packed({})}) ? 1 : 0;
      case code(Opcode::kEMPTY_LIST):
        return add({Kind::kList, 0, 0, 0, packed({})}) ? 1 : 0;
      case code(Opcode::kEMPTY_TUPLE):
      case code(Opcode::kTUPLE1):
      case code(Opcode::kTUPLE2):
      case code(Opcode::kTUPLE3): {
        const std::size_t count =
            byte == code(Opcode::kEMPTY_TUPLE) ? 0u : 1u + byte - code(Opcode::kTUPLE1);
        return has(count) && add_tuple(stack_.size() - count) ? 1 : 0;
      }
      case code(Opcode::kTUPLE):
        if (marks_.empty() || !add_tuple(marks_.back())) return 0;
        marks_.pop_back();
        return 1;
      case code(Opcode::kBINPERSID):
        return add_persistent(at) ? 1 : 0;
      case code(Opcode::kREDUCE):
        return add_plain_call(at) ? 1 : 0;
      default:
        return 0;
    }
  }

  bool has(std::size_t count) const { return stack_.size() - floor() >= count; }

  static Node integer(std::int64_t value) {
    return {Kind::kInt, 0, 0, 0, static_cast<std::uint64_t>(value)};
  }

  bool add(const Node& node) {
    if (!tape_.nodes_.has_room(1)) return false;
    stack_.push_back(tape_.nodes_.add_within(node));
    return true;
  }

  // Text of `size` bytes behind a head of `head`. Returns the size of both, or 0.
  std::uint64_t add_text(base::Bytes bytes, std::uint64_t at, std::uint32_t head,
                         std::uint32_t size) {
    if (size > bytes.size() - head || !base::is_ascii(base::as_text(bytes.subspan(head, size))))
      return 0;
    const Node text = {Kind::kText, program_.flags, 0, size, program_.place + at + head};
    return add(text) ? std::uint64_t{head} + size : 0;
  }

  bool remember(std::uint32_t index) { return has(1) && memo_.put_next(index, stack_.back()); }

  bool recall(std::uint32_t index) {
    const NodeId id = memo_.get_dense(index);
    if (id == kNoNode) return false;
    stack_.push_back(id);
    return true;
  }

  // Of what lies on the stack from there on.
  bool add_tuple(std::size_t from) {
    const auto count = static_cast<std::uint32_t>(stack_.size() - from);
    if (!tape_.nodes_.has_room(1) || !tape_.children_.has_room(count)) return false;
    const std::uint32_t first = tape_.children_.allocate_within(count);
    const std::span<NodeId> items = tape_.children_.run(first, count);
    for (std::uint32_t i = 0; i < count; ++i) items[i] = stack_[from + i];
    stack_.resize(from);
    return add({Kind::kTuple, 0, 0, count, first});
  }

  bool add_persistent(std::uint64_t at) {
    if (!has(1) || !tape_.nodes_.has_room(1)) return false;
    stack_.back() = tape_.nodes_.add_within(
        {Kind::kPersistent, 0, 0, static_cast<std::uint32_t>(at), stack_.back()});
    return true;
  }

  bool add_plain_call(std::uint64_t at) {
    if (!has(2) || !tape_.nodes_.has_room(1) || !tape_.calls_.has_room(1)) return false;
    const NodeId arguments = stack_.back();
    const NodeId callee = stack_[stack_.size() - 2];
    if (!is_callable(callee) || tape_[arguments].kind != Kind::kTuple) return false;
    const std::uint32_t call = tape_.calls_.add_within(
        {callee, arguments, kNoNode, static_cast<std::uint32_t>(at), How::kReduce});
    stack_.pop_back();
    stack_.back() = tape_.nodes_.add_within({Kind::kCall, 0, 0, 0, call});
    return true;
  }
};

}  // namespace safe_load::pickle
