// The pickle machine.
//
// A pickle is a program for a stack machine: it pushes values, collects them into containers and
// asks for calls. Here a GLOBAL pushes two names, and a call becomes a node that lists what it was
// given. That is the whole safety argument: there is no operation that could do more.
//
// Each opcode makes at most three nodes and takes time in proportion to its bytes and to what it
// takes off the stack, so that a pickle cannot cost more than its length pays for. The stack, the
// marks and the memo hold node numbers: a value that is used twice is one node (an alias), and a
// container that holds itself is a number that points back. Nothing here recurses.
#include "pickle/machine.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/text.h"
#include "base/try.h"
#include "pickle/memo.h"
#include "pickle/oddity.h"
#include "pickle/opcodes.h"
#include "pickle/operands.h"
#include "pickle/plain_machine.h"
#include "pickle/stream_reader.h"

namespace safe_load::pickle {
namespace {

constexpr std::uint64_t kNoFrame = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kBytesPerLook = std::uint64_t{1} << 20;  // some ten milliseconds

}  // namespace

class Machine : private PlainMachine {
 public:
  Machine(Tape& tape, const Program& program)
      : PlainMachine(tape, program), reader_(program.bytes) {}

  // What was built is sealed also where the program breaks off.
  Result<Built> run() {
    const Status stepped = run_steps();
    SAFE_LOAD_TRY(seal());
    SAFE_LOAD_TRY(stepped);
    return Built{root_, reader_.offset(), protocol_};
  }

 private:
  Status run_steps() {
    while (!stopped_) {
      opcode_at_ = program_.by_steps ? reader_.offset() : run_plain(reader_.offset(), event_at_);
      SAFE_LOAD_TRY(reader_.skip(opcode_at_ - reader_.offset()));
      if (opcode_at_ >= event_at_) {
        SAFE_LOAD_TRY(event());
      }
      const auto byte = reader_.read_little<std::uint8_t>();
      if (!byte) return truncated();
      const Status done = step(static_cast<Opcode>(*byte));
      if (!done) {
        // Of a line that crosses the end of a frame the C unpickler sees the rest alone, and goes
        // on.
        if (reader_.offset() > frame_end_) note(Oddity::kFrameCrossed);
        return located(done.error(), static_cast<Opcode>(*byte));
      }
      if (reader_.offset() > frame_end_) {
        const Status refused = refuse(Oddity::kFrameCrossed);
        if (!refused) return located(refused.error(), static_cast<Opcode>(*byte));
        frame_end_ = kNoFrame;
      }
    }
    return {};
  }

  // The end of a frame, or time to look whether somebody still wants to know.
  Status event() {
    if (opcode_at_ == frame_end_) frame_end_ = kNoFrame;
    if (opcode_at_ >= look_at_) {
      SAFE_LOAD_TRY(tape_.look());
      look_at_ = opcode_at_ + kBytesPerLook;
    }
    event_at_ = std::min(frame_end_, look_at_);
    return {};
  }

  // ---- names and calls

  Result<NodeId> add_symbol(std::string_view module, std::string_view name) {
    if (!SymbolTable::are_proper(module, name)) {
      const Status refused = refuse(Oddity::kOddName);
      if (!refused) return refused.error().about(module.empty() ? name : module);
    }
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index,
                         tape_.symbols_.intern(module, name, opcode_at_, tape_.memory_));
    const Symbol& symbol = tape_.symbols_[index];
    const bool is_mapped = module != symbol.module || name != symbol.name;
    if (is_mapped && protocol_ >= 3 && tape_.is_lenient()) note(Oddity::kPython2Name);
    return tape_.nodes_.add({Kind::kSymbol, 0, 0, 0, index});
  }

  Status push_symbol(std::string_view module, std::string_view name) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId id, add_symbol(module, name));
    stack_.push_back(id);
    return {};
  }

  // A line that means something even where its end is missing: the unpickler in Python takes what
  // there is, less its last character, which should have been the line feed.
  Result<std::string_view> read_last_line() {
    const auto line = reader_.read_line();
    if (line || !tape_.is_lenient()) return line;
    note(Oddity::kLineWithoutEnd);
    SAFE_LOAD_TRY_ASSIGN(const auto rest, reader_.read_text(reader_.remaining()));
    return rest.substr(0, rest.empty() ? 0 : rest.size() - 1);
  }

  Result<std::string_view> read_name(Opcode opcode) {
    SAFE_LOAD_TRY_ASSIGN(const auto line, read_last_line());
    const Status judged = judge(pickle::read_name(opcode, line), Oddity::kOddName);
    if (!judged) return judged.error().about(line);
    return line;
  }

  Result<NodeId> read_symbol(Opcode opcode) {
    SAFE_LOAD_TRY_ASSIGN(const auto module, read_name(opcode));
    SAFE_LOAD_TRY_ASSIGN(const auto name, read_name(opcode));
    return add_symbol(module, name);
  }

  Status push_named_symbol() {
    SAFE_LOAD_TRY_ASSIGN(const NodeId id, read_symbol(Opcode::kGLOBAL));
    stack_.push_back(id);
    return {};
  }

  Status stack_global() {
    SAFE_LOAD_TRY(need(2));
    const NodeId name = stack_.back();
    const NodeId module = stack_[stack_.size() - 2];
    if (!may_be_name(name) || !may_be_name(module)) return corrupt(words(Oddity::kComputedName));
    if (!is_name(name) || !is_name(module)) {
      SAFE_LOAD_TRY(push_tuple(2));
      return refuse_value(Oddity::kComputedName, pop(), ErrorCode::kCorrupt);
    }
    stack_.resize(stack_.size() - 2);
    return push_symbol(tape_.text(module), tape_.text(name));
  }

  Status call_inst() {
    SAFE_LOAD_TRY_ASSIGN(const NodeId callee, read_symbol(Opcode::kINST));
    SAFE_LOAD_TRY(push_run_above_mark(Kind::kTuple));
    return push_call(How::kInst, callee, pop());
  }

  Status call_obj() {
    SAFE_LOAD_TRY_ASSIGN(const std::size_t from, values_above_mark());
    if (stack_.size() == from) return corrupt("no class above the mark");
    const NodeId callee = stack_[from];
    stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(from));
    SAFE_LOAD_TRY(push_run_above_mark(Kind::kTuple));
    return push_call(How::kObj, callee, pop());
  }

  Status build() {
    SAFE_LOAD_TRY(need(2));
    const NodeId state = pop();
    const NodeId target = stack_.back();
    if (tape_[target].kind != Kind::kCall) return build_other(target, state);
    SAFE_LOAD_TRY_ASSIGN(Added* const added, tape_.change_added(target));
    SAFE_LOAD_TRY(extend(added->states, std::span(&state, 1)));
    return program_.reader == nullptr || !reads_on() ? Status() : read_on(target, state);
  }

  // ---- readers that read on in the stream itself

  // Whether it names a class after which one does.
  bool reads_on() {
    const SymbolTable& symbols = tape_.symbols_;
    for (; symbols_seen_ < symbols.size() && !reads_on_; ++symbols_seen_)
      reads_on_ = program_.reader->knows(symbols[symbols_seen_]);
    return reads_on_ && !outer_;
  }

  // What they take there stands in place of what was built.
  Status read_on(NodeId object, NodeId state) {
    const std::size_t at = reader_.offset();
    SAFE_LOAD_TRY_ASSIGN(
        const Follows follows,
        program_.reader->built(tape_, object, state, program_.bytes.subspan(at), at));
    if (follows.what == Follows::What::kNothing) return {};
    // The unpickler holds the whole frame, and so the stream stands behind it.
    if (frame_end_ != kNoFrame && at != frame_end_)
      return corrupt("the bytes of an array in the middle of a frame");
    frame_end_ = kNoFrame;
    if (follows.what == Follows::What::kPickle) return begin_inner();
    SAFE_LOAD_TRY(reader_.skip(follows.skipped));
    SAFE_LOAD_TRY_ASSIGN(const std::string_view bytes, reader_.read_text(follows.size));
    stack_.pop_back();
    SAFE_LOAD_TRY(push_symbol(follows.module, follows.name));
    SAFE_LOAD_TRY(push_read(Kind::kBytes, bytes));
    stack_.insert(stack_.end(), follows.arguments.begin(), follows.arguments.end());
    SAFE_LOAD_TRY(push_tuple(1 + follows.arguments.size()));
    return call_top(How::kReduce);
  }

  // A pickle with a stack and a memo of its own; no reader reads on in it.
  Status begin_inner() {
    outer_ = Outer{std::exchange(stack_, {}), std::exchange(marks_, {}), std::exchange(memo_, {}),
                   has_odd_memo_, protocol_};
    has_odd_memo_ = false;
    protocol_ = 0;
    first_opcode_at_ = reader_.offset();
    return {};
  }

  Status end_inner() {
    if (frame_end_ != kNoFrame && reader_.offset() != frame_end_)
      return corrupt("the pickle of an array ends in the middle of a frame");
    frame_end_ = kNoFrame;
    Outer outer = *std::move(outer_);
    outer_.reset();
    stack_ = std::move(outer.stack);
    marks_ = std::move(outer.marks);
    memo_ = std::move(outer.memo);
    has_odd_memo_ = outer.has_odd_memo;
    protocol_ = outer.protocol;
    stack_.back() = root_;
    return {};
  }

  // ---- memo

  Status memo_put(std::uint32_t index) {
    SAFE_LOAD_TRY(need(1));
    if (!memo_.put(index, stack_.back())) note(Oddity::kMemoOverwritten);
    return {};
  }

  Status memo_get(std::uint32_t index) {
    const NodeId id = memo_.get(index);
    if (id == kNoNode && has_odd_memo_) return refuse_value(Oddity::kOddMemoIndex);
    if (id == kNoNode) return corrupt("a memo entry that was never set");
    stack_.push_back(id);
    return {};
  }

  // None: one that only some readers reach.
  Result<std::optional<std::uint32_t>> read_memo_line(Opcode opcode) {
    SAFE_LOAD_TRY_ASSIGN(const auto line, reader_.read_line());
    const Reading reading = read_operand(opcode, line);
    SAFE_LOAD_TRY(judge(reading.agreement, Oddity::kOddMemoIndex));
    if (reading.value.kind == Kind::kInt && reading.value.bits <= 0xFFFFFFFFu)
      return std::optional(static_cast<std::uint32_t>(reading.value.bits));
    has_odd_memo_ = true;
    return std::optional<std::uint32_t>();
  }

  // ---- arguments

  template <class Length>
  Result<std::string_view> read_counted() {
    SAFE_LOAD_TRY_ASSIGN(const Length length, reader_.read_little<Length>());
    return reader_.read_text(length);
  }

  // A length that some readers take for signed.
  Result<std::string_view> read_counted(Opcode opcode) {
    SAFE_LOAD_TRY_ASSIGN(const auto length, reader_.read_little<std::uint32_t>());
    SAFE_LOAD_TRY(judge(read_count(opcode, length), Oddity::kOddLength));
    return reader_.read_text(length);
  }

  Status frame() {
    const bool nested = frame_end_ != kNoFrame;
    SAFE_LOAD_TRY_ASSIGN(const auto length, reader_.read_little<std::uint64_t>());
    if (nested) {
      SAFE_LOAD_TRY(refuse(Oddity::kFrameInFrame));
    }
    if (length > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return corrupt("a frame longer than any file");
    if (length > reader_.remaining()) {  // an unpickler reads what there is, and goes on
      frame_end_ = kNoFrame;
      return refuse(Oddity::kFrameCut, ErrorCode::kTruncated);
    }
    if (length == 0) note(Oddity::kFrameEmpty);
    frame_end_ = reader_.offset() + length;
    event_at_ = std::min(event_at_, frame_end_);
    return {};
  }

  Status proto() {
    SAFE_LOAD_TRY_ASSIGN(const auto protocol, reader_.read_little<std::uint8_t>());
    SAFE_LOAD_TRY(
        judge(read_count(Opcode::kPROTO, protocol), Oddity::kNewProtocol, ErrorCode::kUnsupported));
    if (opcode_at_ != first_opcode_at_) note(Oddity::kLateProtocol);
    protocol_ = protocol;
    return {};
  }

  Status stop() {
    SAFE_LOAD_TRY(need(1));
    root_ = pop();
    if (!stack_.empty() || !marks_.empty()) note(Oddity::kValuesLeft);
    if (outer_) return end_inner();
    if (frame_end_ != kNoFrame && reader_.offset() < frame_end_) note(Oddity::kStopInFrame);
    stopped_ = true;
    return {};
  }

  Status push_line(Opcode opcode, Oddity oddity) {
    SAFE_LOAD_TRY_ASSIGN(const auto line, reader_.read_line());
    const Reading reading = read_operand(opcode, line);
    SAFE_LOAD_TRY(judge(reading.agreement, oddity));
    const Operand& value = reading.value;
    if (value.kind == Kind::kBool || value.kind == Kind::kInt || value.kind == Kind::kFloat)
      return push({value.kind, 0, 0, 0, value.bits});
    if (value.kind == Kind::kNone) return push_int(0);  // some number
    return push_decoded(value.kind, value.text);
  }

  Status push_persistent(NodeId id) {
    return push({Kind::kPersistent, 0, 0, static_cast<std::uint32_t>(opcode_at_), id});
  }

  Status persistent_line() {
    SAFE_LOAD_TRY_ASSIGN(const auto line, read_last_line());
    if (pickle::read_name(Opcode::kPERSID, line) != Agreement::kPlain)
      return corrupt("a persistent id that is not ASCII");
    SAFE_LOAD_TRY(push_read(Kind::kPy2Text, line));
    return push_persistent(pop());
  }

  Status step(Opcode opcode);

  base::ByteReader reader_;
  std::uint64_t frame_end_ = kNoFrame;
  std::uint64_t look_at_ = kBytesPerLook;
  std::uint64_t event_at_ = kBytesPerLook;  // the next of both
  bool stopped_ = false;
  bool has_odd_memo_ = false;
  NodeId root_ = kNoNode;
  int protocol_ = 0;
  std::uint64_t first_opcode_at_ = 0;
  // Of the pickle in whose stream another one runs.
  struct Outer {
    std::vector<NodeId> stack;
    std::vector<std::size_t> marks;
    Memo memo;
    bool has_odd_memo;
    int protocol;
  };
  std::optional<Outer> outer_;
  std::uint32_t symbols_seen_ = 0;
  bool reads_on_ = false;
};

// One line per opcode; the stack is written "before -- after", M is a mark.
// NOLINTNEXTLINE(readability-function-size): a table, one row for each opcode
Status Machine::step(Opcode opcode) {
  switch (opcode) {
    case Opcode::kPROTO:
      return proto();
    case Opcode::kFRAME:
      return frame();
    case Opcode::kSTOP:  // value --
      return stop();

    case Opcode::kMARK:  // -- M
      marks_.push_back(stack_.size());
      return {};
    case Opcode::kPOP:  // value --   or   M --
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
        return {};
      }
      SAFE_LOAD_TRY(need(1));
      stack_.pop_back();
      return {};
    case Opcode::kPOP_MARK:  // M values --
      SAFE_LOAD_TRY(values_above_mark());
      drop_to_mark();
      return {};
    case Opcode::kDUP:  // value -- value value
      SAFE_LOAD_TRY(need(1));
      stack_.push_back(stack_.back());
      return {};

    case Opcode::kNONE:
      return push({Kind::kNone, 0, 0, 0, 0});
    case Opcode::kNEWTRUE:
      return push_bool(true);
    case Opcode::kNEWFALSE:
      return push_bool(false);
    case Opcode::kBININT: {
      SAFE_LOAD_TRY_ASSIGN(const auto value, reader_.read_little<std::int32_t>());
      return push_int(value);
    }
    case Opcode::kBININT1: {
      SAFE_LOAD_TRY_ASSIGN(const auto value, reader_.read_little<std::uint8_t>());
      return push_int(value);
    }
    case Opcode::kBININT2: {
      SAFE_LOAD_TRY_ASSIGN(const auto value, reader_.read_little<std::uint16_t>());
      return push_int(value);
    }
    case Opcode::kLONG1: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint8_t>());
      return push_long(bytes);
    }
    case Opcode::kLONG4: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted(opcode));
      return push_long(bytes);
    }
    case Opcode::kINT:
    case Opcode::kLONG:
      return push_line(opcode, Oddity::kOddNumber);
    case Opcode::kFLOAT:
      return push_line(opcode, Oddity::kOddFloat);
    case Opcode::kBINFLOAT: {
      SAFE_LOAD_TRY_ASSIGN(const auto value, reader_.read_big<double>());
      return push_float(value);
    }

    case Opcode::kBINUNICODE: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint32_t>());
      return push_unicode(bytes);
    }
    case Opcode::kSHORT_BINUNICODE: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint8_t>());
      return push_unicode(bytes);
    }
    case Opcode::kBINUNICODE8: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint64_t>());
      return push_unicode(bytes);
    }
    case Opcode::kUNICODE:
      return push_line(opcode, Oddity::kOddEscape);
    case Opcode::kBINBYTES: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint32_t>());
      return push_read(Kind::kBytes, bytes);
    }
    case Opcode::kSHORT_BINBYTES: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint8_t>());
      return push_read(Kind::kBytes, bytes);
    }
    case Opcode::kBINBYTES8: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint64_t>());
      return push_read(Kind::kBytes, bytes);
    }
    case Opcode::kBYTEARRAY8: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint64_t>());
      return push_read(Kind::kByteArray, bytes);
    }
    case Opcode::kBINSTRING: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted(opcode));
      return push_read(Kind::kPy2Text, bytes);
    }
    case Opcode::kSHORT_BINSTRING: {
      SAFE_LOAD_TRY_ASSIGN(const auto bytes, read_counted<std::uint8_t>());
      return push_read(Kind::kPy2Text, bytes);
    }
    case Opcode::kSTRING:
      return push_line(opcode, Oddity::kOddString);

    case Opcode::kEMPTY_TUPLE:
      return push_tuple(0);
    case Opcode::kTUPLE1:  // a -- (a,)
      return push_tuple(1);
    case Opcode::kTUPLE2:
      return push_tuple(2);
    case Opcode::kTUPLE3:
      return push_tuple(3);
    case Opcode::kTUPLE:  // M values -- tuple
      return push_run_above_mark(Kind::kTuple);
    case Opcode::kFROZENSET:  // M values -- frozenset
      return push_run_above_mark(Kind::kFrozenSet);
    case Opcode::kEMPTY_LIST:
      return push({Kind::kList, 0, 0, 0, packed({})});
    case Opcode::kEMPTY_DICT:
      return push({Kind::kDict, 0, 0, 0, packed({})});
    case Opcode::kEMPTY_SET:
      return push({Kind::kSet, 0, 0, 0, packed({})});
    case Opcode::kLIST:  // M values -- list
      return push_filled(Kind::kList);
    case Opcode::kDICT:  // M key value ... -- dict
      return push_filled(Kind::kDict);
    case Opcode::kAPPEND:  // list value -- list
      return add_top(1, Kind::kList, &Added::list_items);
    case Opcode::kAPPENDS:  // list M values -- list
      return add_above_mark(Kind::kList, &Added::list_items);
    case Opcode::kSETITEM:  // dict key value -- dict
      return add_top(2, Kind::kDict, &Added::dict_items);
    case Opcode::kSETITEMS:  // dict M key value ... -- dict
      return add_above_mark(Kind::kDict, &Added::dict_items);
    case Opcode::kADDITEMS:  // set M values -- set
      return add_above_mark(Kind::kSet, &Added::set_items);

    case Opcode::kPUT: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, read_memo_line(opcode));
      return index ? memo_put(*index) : need(1);
    }
    case Opcode::kBINPUT: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, reader_.read_little<std::uint8_t>());
      return memo_put(index);
    }
    case Opcode::kLONG_BINPUT: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, reader_.read_little<std::uint32_t>());
      return memo_put(index);
    }
    case Opcode::kMEMOIZE:
      return memo_put(memo_.entries());
    case Opcode::kGET: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, read_memo_line(opcode));
      return index ? memo_get(*index) : refuse_value(Oddity::kOddMemoIndex);
    }
    case Opcode::kBINGET: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, reader_.read_little<std::uint8_t>());
      return memo_get(index);
    }
    case Opcode::kLONG_BINGET: {
      SAFE_LOAD_TRY_ASSIGN(const auto index, reader_.read_little<std::uint32_t>());
      return memo_get(index);
    }

    case Opcode::kGLOBAL:  // -- symbol
      return push_named_symbol();
    case Opcode::kSTACK_GLOBAL:  // module name -- symbol
      return stack_global();
    case Opcode::kREDUCE:  // callee arguments -- result
      return call_top(How::kReduce);
    case Opcode::kNEWOBJ:  // class arguments -- object
      return call_top(How::kNewObject);
    case Opcode::kNEWOBJ_EX:  // class arguments keywords -- object
      return call_with_keywords();
    case Opcode::kINST:  // M arguments -- object
      return call_inst();
    case Opcode::kOBJ:  // M class arguments -- object
      return call_obj();
    case Opcode::kBUILD:  // object state -- object
      return build();

    case Opcode::kBINPERSID: {  // id -- value
      SAFE_LOAD_TRY(need(1));
      const NodeId id = pop();
      return push_persistent(id);
    }
    case Opcode::kPERSID:
      return persistent_line();

    case Opcode::kEXT1: {
      SAFE_LOAD_TRY(reader_.skip(1));
      return refuse_value(Oddity::kExtensionCode);
    }
    case Opcode::kEXT2: {
      SAFE_LOAD_TRY(reader_.skip(2));
      return refuse_value(Oddity::kExtensionCode);
    }
    case Opcode::kEXT4: {
      SAFE_LOAD_TRY(reader_.skip(4));
      return refuse_value(Oddity::kExtensionCode);
    }
    case Opcode::kNEXT_BUFFER:
      return refuse_value(Oddity::kOutOfBandBuffer);
    case Opcode::kREADONLY_BUFFER:
      return readonly_buffer();
  }
  return corrupt("a byte that is not an opcode");
}

Result<Built> run(Tape& tape, const Program& program) {
  if (program.bytes.size() > 0xFFFFFFFFu) return Error(ErrorCode::kLimit, "a pickle of over 4 GiB");
  return Machine(tape, program).run();
}

Result<std::uint64_t> run(Tape& tape) {
  SAFE_LOAD_TRY_ASSIGN(const Built built, run(tape, {tape.pickle()}));
  tape.finish(built.root, built.protocol);
  return std::uint64_t{built.end};
}

}  // namespace safe_load::pickle
