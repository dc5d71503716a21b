#include "pickle/tape_writer.h"

#include <bit>
#include <vector>

#include "base/try.h"

namespace safe_load::pickle {

Result<NodeId> TapeWriter::boolean(bool value) {
  return tape_.add_node({Kind::kBool, 0, 0, 0, value ? 1u : 0u});
}

Result<NodeId> TapeWriter::integer(std::int64_t value) {
  return tape_.add_node({Kind::kInt, 0, 0, 0, static_cast<std::uint64_t>(value)});
}

Result<NodeId> TapeWriter::floating(double value) {
  return tape_.add_node({Kind::kFloat, 0, 0, 0, std::bit_cast<std::uint64_t>(value)});
}

Result<NodeId> TapeWriter::text(std::string_view text) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t place, tape_.add_text(text));
  return tape_.add_node({Kind::kText, kInArena, 0, static_cast<std::uint32_t>(text.size()), place});
}

Result<NodeId> TapeWriter::tuple(std::span<const NodeId> items) {
  return container(Kind::kTuple, items);
}

Result<NodeId> TapeWriter::list(std::span<const NodeId> items) {
  return container(Kind::kList, items);
}

Result<NodeId> TapeWriter::dict(std::span<const NodeId> items) {
  return container(Kind::kDict, items);
}

Result<NodeId> TapeWriter::integers(std::span<const std::int64_t> values) {
  std::vector<NodeId> items;
  for (const std::int64_t value : values) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId item, integer(value));
    items.push_back(item);
  }
  return tuple(items);
}

// Nothing changes it later: it counts as changed before the first node.
Result<NodeId> TapeWriter::container(Kind kind, std::span<const NodeId> items) {
  SAFE_LOAD_TRY_ASSIGN(const Run run, tape_.add_run(items));
  return tape_.add_node({kind, 0, 0, run.count, run.first});
}

}  // namespace safe_load::pickle
