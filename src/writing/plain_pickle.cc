#include "writing/plain_pickle.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/try.h"

namespace safe_load::writing {
namespace {

using Id = PlainValues::Id;
using Kind = PlainValues::Kind;

constexpr std::size_t kBatch = 1000;  // items behind one MARK, as CPython has it

// An opcode that waits until what stands in front of it is written: a value, a byte, or the memo.
struct Step {
  enum class Kind : std::uint8_t { kValue, kOpcode, kDone };
  Kind kind;
  std::uint32_t what;
};

// Walks the values in the order of the pickle.
class Writer {
 public:
  Writer(const PlainValues& values) : values_(values), uses_(values.size()) {}

  // Counts how often each value is asked for.
  Status count(Id root, const std::function<void(Id)>& meets_storage) {
    meets_storage_ = &meets_storage;
    const Status counted = run(root);
    meets_storage_ = nullptr;
    return counted;
  }

  // REQUIRES: counted.
  Result<std::string> write(Id root) {
    out_ = "\x80\x02";
    memo_.assign(values_.size(), kNew);
    SAFE_LOAD_TRY(run(root));
    out_ += '.';
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t kNew = 0xFFFFFFFF;
  static constexpr std::uint32_t kOpen = 0xFFFFFFFE;  // begun; nobody can name it yet

  bool is_counting() const { return meets_storage_ != nullptr; }

  static bool has_memo(Kind kind) {
    return kind == Kind::kText || kind == Kind::kGlobal || kind == Kind::kTuple ||
           kind == Kind::kList || kind == Kind::kDict || kind == Kind::kCall;
  }

  Status run(Id root) {
    if (is_counting()) memo_.assign(values_.size(), kNew);
    steps_.push_back({Step::Kind::kValue, root});
    while (!steps_.empty()) {
      const Step step = steps_.back();
      steps_.pop_back();
      if (step.kind == Step::Kind::kOpcode) out_ += static_cast<char>(step.what);
      if (step.kind == Step::Kind::kDone) remember(step.what);
      if (step.kind == Step::Kind::kValue) {
        SAFE_LOAD_TRY(visit(step.what));
      }
    }
    return {};
  }

  void remember(Id id) {
    if (is_counting()) {
      memo_[id] = 0;
      return;
    }
    if (uses_[id] < 2) {
      memo_[id] = kOpen;  // nobody asks
      return;
    }
    memo_[id] = next_;
    append_memo('q', 'r', next_++);
  }

  void append_memo(char small, char large, std::uint32_t number) {
    const bool is_small = number < 256;
    out_ += is_small ? small : large;
    base::append_little(out_, number, is_small ? 1 : 4);
  }

  Status visit(Id id) {
    const PlainValues::Value& value = values_[id];
    const bool is_empty_tuple = value.kind == Kind::kTuple && value.count == 0;
    if (has_memo(value.kind) && !is_empty_tuple) {
      if (is_counting()) ++uses_[id];
      if (memo_[id] == kOpen)
        return Error(ErrorCode::kUnsupported,
                     "a tuple, or an object, that is one of its own parts");
      if (memo_[id] != kNew) {
        if (!is_counting()) append_memo('h', 'j', memo_[id]);
        return {};
      }
      memo_[id] = kOpen;
    }
    if (value.kind == Kind::kStorage && is_counting()) (*meets_storage_)(id);
    return begin(id, value);
  }

  Status begin(Id id, const PlainValues::Value& value) {
    const auto parts = values_.parts(id);
    switch (value.kind) {
      case Kind::kNone:
        out_ += 'N';
        return {};
      case Kind::kTrue:
        out_ += '\x88';
        return {};
      case Kind::kFalse:
        out_ += '\x89';
        return {};
      case Kind::kInteger:
        return append_integer(values_.bytes(id));
      case Kind::kReal:
        (out_ += 'G') += base::as_text(values_.bytes(id));
        return {};
      case Kind::kText:
        out_ += 'X';
        base::append_little(out_, value.count, 4);
        out_ += base::as_text(values_.bytes(id));
        remember(id);
        return {};
      case Kind::kGlobal:
        ((out_ += 'c') += base::as_text(values_.bytes(id))) += '\n';
        remember(id);
        return {};
      case Kind::kTuple:
        begin_tuple(id, parts);
        return {};
      case Kind::kList:
        out_ += ']';
        remember(id);
        push_batches(parts, 1, 'a', 'e', parts.size() == 1);
        return {};
      case Kind::kDict:
        out_ += '}';
        remember(id);
        if (!parts.empty() && parts.size() % (2 * kBatch) == 0) {  // CPython's writer has one more
          push_opcode('u');
          push_opcode('(');
        }
        push_batches(parts, 2, 's', 'u', parts.size() == 2);
        return {};
      case Kind::kCall:
        begin_call(id, parts);
        return {};
      case Kind::kStorage:
        out_ += '(';
        push_opcode('Q');
        push_opcode('t');
        push_values(parts);
        return {};
    }
    return {};
  }

  Status append_integer(base::Bytes value) {
    constexpr std::size_t kMost = 255;
    if (value.size() > kMost) return Error(ErrorCode::kLimit, "an integer of more than 255 bytes");
    const bool is_negative =
        !value.empty() && (std::to_integer<unsigned>(value.back()) & 0x80) != 0;
    std::uint64_t number =
        is_negative ? ~std::uint64_t{0} << (8 * std::min<std::size_t>(value.size(), 7)) : 0;
    for (std::size_t i = 0; i < value.size() && i < 8; ++i)
      number |= std::to_integer<std::uint64_t>(value[i]) << (8 * i);
    if (!is_negative && value.size() <= 3 && number < 0x1'0000) {
      out_ += number < 0x100 ? 'K' : 'M';
      base::append_little(out_, number, number < 0x100 ? 1 : 2);
    } else if (value.size() <= 4) {
      out_ += 'J';
      base::append_little(out_, number, 4);
    } else {
      out_ += '\x8a';
      base::append_little(out_, value.size(), 1);
      out_ += base::as_text(value);
    }
    return {};
  }

  void begin_tuple(Id id, std::span<const Id> parts) {
    constexpr std::string_view kOfSize = ")\x85\x86\x87";
    if (parts.empty()) {
      out_ += ')';
      return;
    }
    const bool is_marked = parts.size() >= kOfSize.size();
    if (is_marked) out_ += '(';
    steps_.push_back({Step::Kind::kDone, id});
    push_opcode(is_marked ? 't' : kOfSize[parts.size()]);
    push_values(parts);
  }

  void begin_call(Id id, std::span<const Id> parts) {
    if (parts[2] != PlainValues::kNothing) {
      push_opcode('b');
      push_values(parts.subspan(2, 1));
    }
    push_batches(parts.subspan(3), 2, 's', 'u', true);
    steps_.push_back({Step::Kind::kDone, id});
    push_opcode('R');
    push_values(parts.first(2));
  }

  // `width`: values of an item. `may_be_plain`: whether a batch of one item goes without MARK.
  void push_batches(std::span<const Id> parts, std::size_t width, char one, char many,
                    bool may_be_plain) {
    const std::size_t batch = kBatch * width;
    const std::size_t batches = (parts.size() + batch - 1) / batch;
    for (std::size_t i = batches; i-- > 0;) {
      const auto items = parts.subspan(i * batch, std::min(batch, parts.size() - i * batch));
      const bool is_plain = may_be_plain && items.size() == width;
      push_opcode(is_plain ? one : many);
      push_values(items);
      if (!is_plain) push_opcode('(');
    }
  }

  void push_opcode(char opcode) {
    steps_.push_back({Step::Kind::kOpcode, static_cast<unsigned char>(opcode)});
  }
  void push_values(std::span<const Id> ids) {
    for (std::size_t i = ids.size(); i-- > 0;) steps_.push_back({Step::Kind::kValue, ids[i]});
  }

  const PlainValues& values_;
  const std::function<void(Id)>* meets_storage_ = nullptr;  // while counting
  std::vector<std::uint32_t> uses_;
  std::vector<std::uint32_t> memo_;
  std::vector<Step> steps_;
  std::uint32_t next_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> plain_pickle(PlainValues& values, Id root,
                                 const std::function<void(Id)>& meets_storage) {
  Writer writer(values);
  SAFE_LOAD_TRY(writer.count(root, meets_storage));
  return writer.write(root);
}

}  // namespace safe_load::writing
