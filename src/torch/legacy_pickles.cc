#include "torch/legacy_pickles.h"

#include "base/try.h"

namespace safe_load::torch {
namespace {

using pickle::Kind;
using pickle::NodeId;

// 0x1950a86a20f9469cfc6c, as a pickle holds it.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::uint64_t kVersion = 1001;

// Runs programs that follow each other.
class Reader {
 public:
  Reader(pickle::Tape& tape, const pickle::Program& program, std::vector<LegacyStart>& starts)
      : tape_(tape), program_(program), starts_(starts) {}

  Result<NodeId> next() {
    const pickle::Program rest{program_.bytes.subspan(static_cast<std::size_t>(end_)),
                               program_.place + end_, program_.flags};
    starts_.push_back({tape_.size(), end_});
    auto built = pickle::run(tape_, rest);
    if (!built) return built.error().at(end_ + built.error().offset());
    end_ += built->end;
    protocol_ = built->protocol;
    return NodeId{built->root};
  }

  std::uint64_t end() const { return end_; }
  int protocol() const { return protocol_; }

 private:
  pickle::Tape& tape_;
  pickle::Program program_;
  std::vector<LegacyStart>& starts_;
  std::uint64_t end_ = 0;
  int protocol_ = 0;
};

Error not_legacy(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

}  // namespace

bool is_magic_number(const pickle::Tape& tape, NodeId value) {
  return tape[value].kind == Kind::kBigInt && tape.text(value) == kMagic;
}

bool begins_with_magic_number(base::Bytes head, const Limits& limits) {
  pickle::Tape tape(head, limits);
  const auto built = pickle::run(tape, pickle::Program{head});
  return built && is_magic_number(tape, built->root);
}

Result<LegacyPickles> run_legacy(pickle::Tape& tape, const pickle::Program& program,
                                 std::vector<LegacyStart>& starts) {
  Reader reader(tape, program, starts);
  SAFE_LOAD_TRY_ASSIGN(const NodeId magic, reader.next());
  if (!is_magic_number(tape, magic))
    return not_legacy("legacy pickles that do not begin with torch's magic number");
  SAFE_LOAD_TRY_ASSIGN(const NodeId version, reader.next());
  if (tape[version].kind != Kind::kInt || tape[version].payload != kVersion)
    return not_legacy("legacy pickles of a version other than 1001");
  SAFE_LOAD_TRY_ASSIGN(const NodeId machine, reader.next());
  if (tape[machine].kind != Kind::kDict)
    return not_legacy("legacy pickles without a description of the machine");
  LegacyPickles legacy;
  SAFE_LOAD_TRY_ASSIGN(legacy.object, reader.next());
  legacy.protocol = reader.protocol();
  SAFE_LOAD_TRY_ASSIGN(legacy.keys, reader.next());
  legacy.data_offset = reader.end();
  return legacy;
}

}  // namespace safe_load::torch
