// The states of NumPy's random generators. NumPy does not check some of their numbers (a position
// of the Mersenne twister past its table reads foreign memory), so all are checked here.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "types/interpreter.h"
#include "types/value_reader.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

Error bad_random() { return Error(ErrorCode::kCorrupt, "a random state in no known form"); }

constexpr std::uint64_t kAnyWord = ~std::uint64_t{0};
constexpr std::size_t kMostWords = 256;          // of entropy that is given as a sequence
constexpr std::size_t kMostNaturalBytes = 1024;  // of one of its numbers
constexpr std::uint64_t kMostPool = 64;          // NumPy's is 4
constexpr std::size_t kMostItems = 32;           // of a state dict: NumPy's have at most 6 keys

// A view of the tape that holds random states against what NumPy writes.
class StateChecker {
 public:
  StateChecker(const pickle::Tape& tape, const std::vector<ArrayDtype>& dtypes,
               const std::vector<Array>& arrays, std::uint32_t taken_at)
      : tape_(tape), array_dtypes_(dtypes), arrays_(arrays), taken_at_(taken_at) {}

 private:
  // The value of a key; none also if the dict is none that NumPy writes, or changed later.
  NodeId find_key(NodeId dict, std::string_view key) const {
    if (dict == kNoNode || tape_[dict].kind != Kind::kDict) return kNoNode;
    if (tape_[dict].count > kMostItems || tape_.changed_at(dict) > taken_at_) return kNoNode;
    return ValueReader(tape_).find(dict, key);
  }

  bool is_number_array(NodeId id, std::string_view type, std::uint64_t count) const {
    if (id == kNoNode || tape_[id].kind != Kind::kArray) return false;
    const Array& array = arrays_[tape_[id].count];
    const ArrayDtype& dtype = array_dtypes_[array.dtype];
    const std::string text = dtype.text();
    return tape_.items(array.shape).size() == 1 && std::string_view(text).substr(1) == type &&
           tape_.text(array.data).size() == count * dtype.itemsize;
  }

  // An integer from 0 to `most`, which all ones stand for 128 bits.
  bool is_number_below(NodeId id, std::uint64_t most) const {
    if (id == kNoNode) return false;
    const pickle::Node& node = tape_[id];
    if (node.kind == Kind::kInt || node.kind == Kind::kBool)
      return static_cast<std::int64_t>(node.payload) >= 0 && node.payload <= most;
    if (node.kind != Kind::kBigInt || most != kAnyWord) return false;
    const std::string_view bytes = tape_.text(id);
    if (bytes.size() == 17) return bytes.back() == 0;  // two's complement of 128 bits
    return bytes.size() < 17 && static_cast<std::uint8_t>(bytes.back()) < 0x80;
  }

 public:
  // {"bit_generator": name, "state": {...}, ...} as the property `state` of a bit generator gives
  // it.
  Status check_bit_generator_state(NodeId dict, std::string_view name) const {
    const NodeId own_name = find_key(dict, "bit_generator");
    if (own_name == kNoNode || tape_[own_name].kind != Kind::kText || tape_.text(own_name) != name)
      return bad_random();
    const NodeId state = find_key(dict, "state");
    const auto in_state = [&](std::string_view key) { return find_key(state, key); };
    const auto in_dict = [&](std::string_view key) { return find_key(dict, key); };
    bool good = false;
    if (name == "MT19937")
      good = is_number_array(in_state("key"), "u4", 624) && is_number_below(in_state("pos"), 624);
    if (name == "PCG64" || name == "PCG64DXSM")
      good = is_number_below(in_state("state"), kAnyWord) &&
             is_number_below(in_state("inc"), kAnyWord);
    if (name == "Philox")
      good = is_number_array(in_state("counter"), "u8", 4) &&
             is_number_array(in_state("key"), "u8", 2) &&
             is_number_array(in_dict("buffer"), "u8", 4) &&
             is_number_below(in_dict("buffer_pos"), 4);
    if (name == "SFC64") good = is_number_array(in_state("state"), "u8", 4);
    if (name != "MT19937")
      good = good && is_number_below(in_dict("has_uint32"), 1) &&
             is_number_below(in_dict("uinteger"), 0xFFFFFFFFu);
    return good ? Status() : bad_random();
  }

  // The state of its bit generator and a second normal number, by name; or of the Mersenne twister
  // ("MT19937", key, position, has a second normal number, that number).
  Status check_random_state(NodeId state, std::string_view name) const {
    if (tape_[state].kind == Kind::kDict) {
      SAFE_LOAD_TRY(check_bit_generator_state(state, name));
      const NodeId next = find_key(state, "gauss");
      const bool good = is_number_below(find_key(state, "has_gauss"), 1) && next != kNoNode &&
                        (tape_[next].kind == Kind::kFloat || tape_[next].kind == Kind::kInt);
      return good ? Status() : bad_random();
    }
    const std::span<const NodeId> parts = tape_.items(state);
    const bool good = name == "MT19937" && parts.size() == 5 &&
                      tape_[parts[0]].kind == Kind::kText && tape_.text(parts[0]) == "MT19937" &&
                      is_number_array(parts[1], "u4", 624) && is_number_below(parts[2], 624) &&
                      is_number_below(parts[3], 1) && tape_[parts[4]].kind == Kind::kFloat;
    return good ? Status() : bad_random();
  }

  // (entropy, children, pool, pool size, spawn key)
  Status check_seed_sequence(std::span<const NodeId> state) const {
    if (state.size() != 5) return bad_random();
    const auto is_natural = [&](NodeId id) {
      return (tape_[id].kind == Kind::kInt && static_cast<std::int64_t>(tape_[id].payload) >= 0) ||
             (tape_[id].kind == Kind::kBigInt && tape_.text(id).size() <= kMostNaturalBytes &&
              static_cast<std::uint8_t>(tape_.text(id).back()) < 0x80);
    };
    const auto are_naturals = [&](NodeId id) {
      const std::span<const NodeId> items = tape_.items(id);
      return (tape_[id].kind == Kind::kTuple || tape_[id].kind == Kind::kList) &&
             items.size() <= kMostWords && tape_.changed_at(id) <= taken_at_ &&
             std::all_of(items.begin(), items.end(), is_natural);
    };
    const std::uint64_t pool_size =
        tape_[state[3]].kind == Kind::kInt ? tape_[state[3]].payload : 0;
    const bool good = (is_natural(state[0]) || are_naturals(state[0])) &&
                      is_number_below(state[1], 0xFFFFFFFFu) && pool_size >= 4 &&
                      pool_size <= kMostPool && is_number_array(state[2], "u4", pool_size) &&
                      are_naturals(state[4]);
    return good ? Status() : bad_random();
  }

 private:
  const pickle::Tape& tape_;
  const std::vector<ArrayDtype>& array_dtypes_;
  const std::vector<Array>& arrays_;
  std::uint32_t taken_at_;
};

}  // namespace

Status Interpreter::decode_random(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kSeedSequence &&
      !tape_.symbol(given[0]).is("numpy.random.bit_generator", "SeedSequence"))
    return bad_random();
  // (name, constructor), and there is one constructor only.
  const bool has_constructor = given.size() == 2;
  if (has_constructor &&
      (tape_[given[1]].kind != Kind::kSymbol ||
       !tape_.symbol(given[1]).is("numpy.random._pickle", "__bit_generator_ctor")))
    return bad_random();
  if (meaning == Meaning::kRandomGenerator && tape_.added(id).states.count == 0 &&
      (given.empty() || tape_[given[0]].kind == Kind::kText))
    return bad_random();
  become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
  return {};
}

// The name of the bit generator that a constructor was given: its text, its class, or an object
// that was itself made from one of these.
std::string_view Interpreter::bit_generator_name(NodeId id) const {
  std::span<const NodeId> given = arguments(id);
  while (!given.empty() && tape_[given[0]].kind == Kind::kRecord) given = arguments(given[0]);
  if (given.empty()) return "MT19937";
  return tape_[given[0]].kind == Kind::kSymbol ? tape_.symbol(given[0]).name : tape_.text(given[0]);
}

Status Interpreter::decode_random_state(NodeId id, Meaning meaning) {
  const StateChecker checker(tape_, array_dtypes_, arrays_, tape_.added(id).states.last);
  const NodeId state = tape_.items(tape_.added(id).states)[0];
  if (meaning == Meaning::kSeedSequence) return checker.check_seed_sequence(tape_.items(state));
  if (meaning == Meaning::kRandomState)
    return checker.check_random_state(state, bit_generator_name(id));
  if (tape_[state].kind == Kind::kDict)
    return checker.check_bit_generator_state(state, bit_generator_name(id));
  const std::span<const NodeId> pair = tape_.items(state);  // (state, SeedSequence)
  const bool is_pair = pair.size() == 2 && (tape_[pair[1]].kind == Kind::kNone ||
                                            (sorts_of(pair[1]) & bit(kSortSeedSequence)) != 0);
  return is_pair ? checker.check_bit_generator_state(pair[0], bit_generator_name(id))
                 : bad_random();
}

}  // namespace safe_load::types
