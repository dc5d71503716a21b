// Interpreter: gives meaning to a tape, in the order in which the pickle asked for things.
//
// The machine wrote down calls; here each becomes what the table of known names says, or an inert
// record. A call that was given a state (BUILD) is complete only when the pickle had given it, so
// it is decoded at that point and nothing before it can use it. Children that changed after a call
// had taken them would show another program than Python's: such a call is a damaged value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pickle/tape.h"
#include "safe_load/result.h"
#include "types/known.h"
#include "types/numpy.h"

namespace safe_load::types {

// A value that cannot be built although everything around it can.
struct DamagedValue {
  pickle::NodeId node;
  Error error;  // offset: of the call, in the pickle
};

// How bytes of Python 2 become values.
enum class Encoding : std::uint8_t { kUtf8, kLatin1, kBytes };

// Which dict a kDict is, and which list a kList is; kept in Node::aux.
enum DictClass : std::uint16_t { kPlainDict, kOrderedDict, kDefaultDict, kCounter };
enum ListClass : std::uint16_t { kPlainList, kDeque };

// Which object a kOpaque stands for; kept in Node::aux.
enum OpaqueClass : std::uint16_t {
  kObject,        // an instance of some class
  kAttributeOf,   // getattr(x, "name")
  kPartial,       // functools.partial
  kTensorObject,  // a tensor of an unknown class: its arguments hold the tensor
};

class Graph;
class KeyTable;

class Interpreter {
 public:
  Interpreter(pickle::Tape& tape, Encoding encoding, const Limits& limits);
  virtual ~Interpreter() = default;

  // Gives meaning to the nodes [first, end), which a program built: behind them there are no
  // kCall, kPersistent or kPy2Text that their root can reach. An error means that the program
  // itself contradicts what it built; bad values are in damaged_values().
  Status add(pickle::NodeId first, pickle::NodeId end);
  // Once, behind all: in dicts and sets, equal keys become one.
  Status finish();
  // And then: what Python would free by recursion, too deep down, becomes a damaged value.
  Status spoil_deep_chains(const Graph& graph);
  // Whether Python frees this value, and so what it holds, by recursion.
  bool adds_level(pickle::NodeId id) const;
  // Whether what comes is the data of a TorchScript program, whose classes __torch__.* are known to
  // be nothing but bags of attributes.
  void set_script(bool is_script) { is_script_ = is_script; }

  // The array of a .npy file, as its header describes it.
  struct FileArray {
    pickle::NodeId dtype;
    pickle::NodeId shape;
    bool is_fortran;
    bool has_objects;  // then a pickle follows that holds the whole array
  };
  Result<FileArray> read_array_header(pickle::NodeId header);
  // In bytes, if it has no objects.
  Result<std::uint64_t> size_of_array(const FileArray& header) const;
  // `data`: bytes of the tape, as many as that.
  Result<pickle::NodeId> add_file_array(const FileArray& header, pickle::NodeId data);

  // A value that no program built, and that cannot be had.
  Result<pickle::NodeId> add_damaged_value(const Error& error);
  const std::deque<DamagedValue>& damaged_values() const { return damaged_values_; }
  const std::vector<ArrayDtype>& array_dtypes() const { return array_dtypes_; }
  const std::vector<Array>& arrays() const { return arrays_; }

  bool has_unknown_symbols() const {
    return std::find(rows_.begin(), rows_.end(), nullptr) != rows_.end();
  }

  bool is_known(std::uint32_t symbol_index) const { return rows_[symbol_index] != nullptr; }
  // The row of a symbol node's symbol, or null if it is not known.
  const Known* known(pickle::NodeId symbol) const { return rows_[tape_.symbol_index(symbol)]; }

 protected:
  // Persistent ids and calls of torch belong to torch/.
  virtual Status decode_persistent(pickle::NodeId id) = 0;
  virtual Status decode_tensor(pickle::NodeId id, Meaning meaning) = 0;
  virtual Status decode_tensor_state(pickle::NodeId id, Meaning meaning) = 0;

  pickle::Tape& tape() { return tape_; }
  const pickle::Tape& tape() const { return tape_; }
  std::span<const pickle::NodeId> arguments(pickle::NodeId id) const {
    const pickle::NodeId tuple = tape_.call(id).arguments;
    return tuple == pickle::kNoNode ? std::span<const pickle::NodeId>() : tape_.items(tuple);
  }
  // Gives meaning to the nodes [first, end), which a program of its own built and which nothing
  // else names yet, unless its run was cut short (`is_whole`). Their first damaged value is the
  // error.
  Status interpret_apart(pickle::NodeId first, pickle::NodeId end, bool is_whole);
  // Turns a call into a value of this kind. Its arguments and content stay where they are.
  void become(pickle::NodeId id, pickle::Kind kind, std::uint16_t aux = 0);
  Status become_bytes(pickle::NodeId id, pickle::Kind kind, std::string_view bytes);
  static Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }
  const Limits& limits() const { return limits_; }
  // Whether the arguments are of this form, and have not changed since they were taken (when the
  // tape had `taken_at` nodes).
  bool matches(const Form& form, std::span<const pickle::NodeId> arguments,
               std::uint32_t taken_at) const;

 private:
  struct Pending {  // a call that waits for its state
    std::uint32_t complete_at;
    pickle::NodeId call;
    bool operator>(const Pending& other) const {
      return complete_at != other.complete_at ? complete_at > other.complete_at : call > other.call;
    }
  };

  void look_up_symbols();
  Status interpret_range(pickle::NodeId first, pickle::NodeId end);
  Status interpret(pickle::NodeId id);
  Status interpret_call(pickle::NodeId id);
  Status complete(pickle::NodeId id);
  std::optional<pickle::Oddity> find_misuse(pickle::NodeId id, const Known& row) const;
  std::optional<pickle::Oddity> find_odd_form(const pickle::Call& call, const Known& row) const;
  Status decode(pickle::NodeId id, const Known& row);
  Status decode_state(pickle::NodeId id, const Known& row);
  Status settle(pickle::NodeId id, const Status& decoded);
  Status spoil(pickle::NodeId id, const Error& error);
  Result<bool> has_damaged_part(pickle::NodeId id);
  Status contradict(pickle::NodeId id, pickle::Oddity oddity);

  Status decode_container(pickle::NodeId id, Meaning meaning);
  Status decode_uuid(pickle::NodeId id);
  Status check_uuid_safety(std::span<const pickle::NodeId> items) const;
  Status charge_fraction(std::span<const pickle::NodeId> given);
  Status decode_text(pickle::NodeId id, Meaning meaning);
  Status decode_record(pickle::NodeId id, Meaning meaning);
  Status decode_library(pickle::NodeId id, Meaning meaning);
  Status decode_library_state(pickle::NodeId id, Meaning meaning);
  Status check_numbers(std::span<const pickle::NodeId> given);
  Result<bool> is_type_expression(pickle::NodeId id);
  Status check_own_record(pickle::NodeId state);
  Status check_names(pickle::NodeId attributes);
  Status check_attribute(pickle::NodeId state, std::string_view name, pickle::Kind kind) const;
  Status check_python_random(std::span<const pickle::NodeId> state) const;
  bool is_zone_call(pickle::NodeId callee) const;
  Status decode_zone(pickle::NodeId id);
  bool is_memory_format(pickle::NodeId id) const;
  Status check_partial_state(pickle::NodeId state) const;
  bool is_known_class(pickle::NodeId id) const;
  Status decode_as(pickle::NodeId id, pickle::NodeId callee, pickle::NodeId arguments,
                   pickle::How how);
  bool is_keyword_new(pickle::NodeId callee) const;
  Status decode_keyword_new(pickle::NodeId id);
  Status decode_random(pickle::NodeId id, Meaning meaning);
  Status decode_random_state(pickle::NodeId id, Meaning meaning);
  std::string_view bit_generator_name(pickle::NodeId id) const;
  Status decode_reference(pickle::NodeId id, Meaning meaning);
  Status decode_array(pickle::NodeId id, Meaning meaning);
  Status decode_dtype(pickle::NodeId id);
  Status decode_dtype_state(pickle::NodeId id);
  Status add_dtype(pickle::NodeId id, ArrayDtype type);
  Result<pickle::NodeId> describe_dtype(pickle::NodeId descr, std::uint8_t depth);
  Result<ArrayDtype> describe_structure(pickle::NodeId descr, std::uint8_t depth);
  Result<pickle::NodeId> describe_subarray(pickle::NodeId item, pickle::NodeId shape);
  Status decode_array_state(pickle::NodeId id);
  Status decode_from_buffer(pickle::NodeId id);
  Status decode_scalar(pickle::NodeId id);
  Status decode_string_dtype(pickle::NodeId id);
  Status decode_masked_state(pickle::NodeId id);
  bool is_plain_value(pickle::NodeId id) const;
  Status check_objects(const ArrayDtype& type, std::span<const pickle::NodeId> items);
  Status charge_objects(const ArrayDtype& type, std::span<const pickle::NodeId> items);
  Status add_array(pickle::NodeId id, pickle::Kind kind, Array array, std::uint32_t taken_at);
  Status prepend(pickle::NodeId id, pickle::Run pickle::Added::*items, pickle::NodeId container);

  Status merge_equal_keys();
  Status merge_keys(pickle::NodeId id, KeyTable& table);
  Status check_keys(pickle::NodeId opaque, KeyTable& table);
  Status become_opaque(pickle::NodeId id, OpaqueClass opaque);
  Status charge_cost(const Cost& cost, std::span<const pickle::NodeId> parts);

  // Of a value when what is shared in it is counted each time: its parts, and how deep they lie.
  struct Weight {
    std::uint64_t size = 0;
    std::uint64_t depth = 0;
  };
  const Known* row_of(pickle::NodeId id) const;
  std::span<const pickle::NodeId> hashed_parts(pickle::NodeId id) const;
  Result<Weight> weigh(pickle::NodeId root);
  Status check_weight(pickle::NodeId id, std::uint64_t most, Reason too_much);
  Status decode_python2_text(pickle::NodeId id);
  Status charge_match(std::span<const pickle::NodeId> given);
  Sorts sorts_of(pickle::NodeId id) const;
  static Sorts record_sorts(Meaning meaning);
  Sorts symbol_sorts(pickle::NodeId id) const;
  bool matches(const Argument& argument, pickle::NodeId value, std::uint32_t taken_at) const;

  pickle::Tape& tape_;
  Encoding encoding_;
  Limits limits_;
  std::vector<const Known*> rows_;  // by symbol index
  bool is_script_ = false;
  std::deque<DamagedValue> damaged_values_;             // in blocks: growing takes no second table
  std::vector<ArrayDtype> array_dtypes_;                // by Node::count of a kArrayDtype
  std::vector<Array> arrays_;                           // by Node::count of a kArray or kScalar
  std::unordered_map<pickle::NodeId, Weight> weights_;  // of what was weighed
  std::uint64_t level_count_ = 0;                       // values for which adds_level() holds
  std::priority_queue<Pending, std::vector<Pending>, std::greater<>> pending_;
};

}  // namespace safe_load::types
