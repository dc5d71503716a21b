// Tape: what a pickle built, as nodes that name each other by number. Nothing in it can be called.
//
// Nodes stand in the order in which the pickle made them: a tuple behind its items, a call behind
// its arguments. What may change after it was made (lists, dicts, sets, the results of calls) keeps
// its content in runs of node numbers; every run remembers when it last changed, so that whoever
// gives meaning to a call can tell whether its arguments were still the same then.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/blocks.h"
#include "base/budget.h"
#include "base/bytes.h"
#include "base/pool.h"
#include "pickle/oddity.h"
#include "pickle/symbol.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = 0xFFFFFFFF;

enum class Kind : std::uint8_t {
  kNone,
  kBool,
  kInt,     // 64 bits, signed
  kBigInt,  // two's complement bytes, little-endian
  kFloat,
  kText,  // UTF-8; Latin-1 if kLatin1
  kBytes,
  kByteArray,
  kPy2Text,  // str of Python 2: bytes whose meaning is not known yet
  kTuple,
  kList,
  kDict,
  kSet,
  kFrozenSet,
  kSymbol,
  kPersistent,  // payload: the node of the persistent id; count: offset of the opcode
  kCall,        // payload: index into calls(); what it means is not known yet

  // Given by types/ and torch/ to a kCall or kPersistent; `aux` tells more.
  kComplex,
  kTensor,
  kStorage,
  kArray,       // numpy.ndarray
  kScalar,      // numpy scalar
  kArrayDtype,  // numpy.dtype
  kRecord,      // a native value with fields; `aux` is a types::Record
  kOpaque,      // an inert record of a class that is not known
  kError,       // payload: index of the damaged value
};

enum Flag : std::uint8_t {
  kInArena = 1,  // text lies in the arena, not in the pickle
  kPython2 = 2,  // the text was a str of Python 2: its raw bytes may be asked for
  kLatin1 = 4,
  kFromCall = 8,   // the node was a call: content, arguments and state are in call()
  kComputed = 16,  // the node was something else, of which nothing is left
};

// 16 bytes, without a pointer.
struct Node {
  Kind kind = Kind::kNone;
  std::uint8_t flags = 0;
  std::uint16_t aux = 0;
  std::uint32_t count = 0;    // children, or bytes of text
  std::uint64_t payload = 0;  // a value, an offset of text, or a run (see Tape::items)
};
static_assert(sizeof(Node) == 16);

enum class How : std::uint32_t { kReduce, kNewObject, kNewObjectEx, kInst, kObj };

// A growing sequence of nodes. While the machine runs: a chain of segments; afterwards: one run.
struct Run {
  std::uint32_t first = kNoNode;  // segment, then index of the first child
  std::uint32_t last = kNoNode;   // segment, then "changed at": number of nodes at the last change
  std::uint32_t count = 0;
};

// REDUCE, NEWOBJ, NEWOBJ_EX, INST or OBJ.
struct Call {
  NodeId callee = kNoNode;
  NodeId arguments = kNoNode;  // a tuple; none: no arguments
  NodeId keywords = kNoNode;   // a dict, or none
  std::uint32_t offset = 0;    // of the opcode, in the pickle
  How how = How::kReduce;
  std::uint32_t added = kNoNode;  // index of its Added, if it has one; most calls have none
};

// What was done to the result of a call.
struct Added {
  Run list_items;
  Run dict_items;  // key, value, key, value ...
  Run set_items;
  Run states;  // one node per BUILD
};
inline constexpr Added kNothingAdded{};

// Where the machine or an interpreter went over something odd.
struct Note {
  Oddity oddity;
  std::uint64_t offset;  // of the opcode, in its program
  NodeId place;          // the next node was to be this one: tells the program
  NodeId node;           // what it is about, or kNoNode
};

class Tape {
 public:
  static constexpr std::size_t kMaxNotes = 1000;

  // `pickle` must outlive the tape: text is a view of it. So must `blocks`; null: the heap.
  Tape(base::Bytes pickle, const Limits& limits, base::Blocks* blocks = nullptr);

  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  base::Bytes pickle() const { return pickle_; }
  std::uint32_t size() const { return nodes_.size(); }
  NodeId root() const { return root_; }
  int protocol() const { return protocol_; }
  // Names the value that the whole tape stands for.
  void finish(NodeId root, int protocol) {
    root_ = root;
    protocol_ = protocol;
  }
  const std::vector<Note>& notes() const { return notes_; }
  // Behind so many only the first of each kind.
  void add_note(const Note& note) {
    bool& is_noted = has_noted_[static_cast<std::size_t>(note.oddity)];
    if (!is_noted || notes_.size() < kMaxNotes) notes_.push_back(note);
    is_noted = true;
  }

  Node& operator[](NodeId id) { return nodes_[id]; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }

  // REQUIRES: kCall, or a node with kFromCall.
  Call& call(NodeId id) { return calls_[call_index(id)]; }
  const Call& call(NodeId id) const { return calls_[call_index(id)]; }
  // The call that made a value, or null.
  const Call* call_of(NodeId id) const {
    const bool is_call = nodes_[id].kind == Kind::kCall || (nodes_[id].flags & kFromCall) != 0;
    return is_call ? &call(id) : nullptr;
  }
  // Whether a value is what an opcode wrote: no call, and no persistent id, had a part in it.
  bool is_literal(NodeId id) const {
    return nodes_[id].kind != Kind::kCall && (nodes_[id].flags & (kFromCall | kComputed)) == 0;
  }
  // What a call was given, but keywords.
  std::span<const NodeId> arguments(const Call& call) const {
    return call.arguments == kNoNode ? std::span<const NodeId>() : items(call.arguments);
  }
  // What was added to the result of a call: all empty if nothing was.
  const Added& added(const Call& call) const {
    return call.added == kNoNode ? kNothingAdded : added_[call.added];
  }
  const Added& added(NodeId id) const { return added(call(id)); }
  // The same, to be changed; costs budget if nothing was added before.
  Result<Added*> change_added(NodeId id);

  // Every call, also those whose result became a value that needs it no more.
  std::uint32_t call_count() const { return calls_.size(); }
  const Call& call_at(std::uint32_t index) const { return calls_[index]; }

  // REQUIRES: kSymbol.
  const Symbol& symbol(NodeId id) const { return symbols_[symbol_index(id)]; }
  std::uint32_t symbol_index(NodeId id) const {
    return static_cast<std::uint32_t>(nodes_[id].payload);
  }
  const SymbolTable& symbols() const { return symbols_; }

  // REQUIRES: kText, kBytes, kByteArray, kPy2Text or kBigInt. The raw bytes.
  std::string_view text(NodeId id) const;

  // The children of a tuple, list, set or frozenset, or keys and values of a dict in turn; for a
  // node that was a call, whichever of its runs its kind asks for. Empty for other kinds.
  std::span<const NodeId> items(NodeId id) const;
  std::span<const NodeId> items(const Run& run) const {
    return children_.run(run.first, run.count);
  }

  Run run_of(NodeId id) const;

  // While the machine runs: the keys and values of a dict of no more than so many items, empty for
  // any other value; and what a call was given last by BUILD, or kNoNode.
  static constexpr std::size_t kMostGrowing = 32;
  std::vector<NodeId> growing_items(NodeId dict) const;
  NodeId last_state(NodeId call) const;

  // The number of nodes when the content of this node last changed; 0 if it never could.
  std::uint32_t changed_at(NodeId id) const;

  // For those that give meaning: bytes of their own, and runs of their own. Both cost budget.
  Result<std::uint32_t> add_text(std::string_view text);
  Result<Run> add_run(std::span<const NodeId> items, std::span<const NodeId> more = {});
  Result<NodeId> add_node(const Node& node) { return nodes_.add(node); }
  void replace(NodeId id, const Node& node) {
    nodes_[id] = node;
    nodes_[id].flags |= kComputed;
  }
  // What a call became that stands in no pickle: `node` without flags and payload.
  Result<NodeId> add_call(Node node, const Call& call);
  // When the content last changed stays as it was.
  void replace_items(NodeId id, const Run& run);

  // A lenient tape goes on where a loader stops, and keeps what it went over as a note: for whoever
  // looks for everything that a program does, also one that is not an honest pickle.
  void be_lenient() { is_lenient_ = true; }
  bool is_lenient() const { return is_lenient_; }

  // Who may end the work on it: asked by look(), which long loops call now and then.
  void watch(std::function<bool()> keep_going) { keep_going_ = std::move(keep_going); }
  Status look() const {
    if (!keep_going_ || keep_going_()) return {};
    return Error(ErrorCode::kStopped, "stopped");
  }

  base::Budget& memory() { return memory_; }
  base::Budget& work() { return work_; }

 private:
  friend class Machine;
  friend class MachineStack;
  friend class PlainMachine;

  std::uint32_t call_index(NodeId id) const {
    return static_cast<std::uint32_t>(nodes_[id].payload);
  }
  // Which run of its call a node of this kind shows.
  static Run Added::*run_for(Kind kind);

  base::Bytes pickle_;
  base::Budget memory_;
  base::Budget work_;
  base::HeapBlocks heap_;
  base::Pool<Node> nodes_;
  base::Pool<NodeId> children_;
  base::Pool<Call> calls_;
  base::Pool<Added> added_;
  base::Pool<char> arena_;
  SymbolTable symbols_;
  std::vector<Note> notes_;
  std::array<bool, kOddityCount> has_noted_ = {};
  NodeId root_ = kNoNode;
  int protocol_ = 0;
  bool is_lenient_ = false;
  std::function<bool()> keep_going_;
};

}  // namespace safe_load::pickle
