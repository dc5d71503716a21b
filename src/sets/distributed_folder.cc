#include "sets/distributed_folder.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "container/head.h"
#include "formats/recognise.h"
#include "torch/chunks.h"

namespace safe_load::sets {

using container::ContainerPtr;
using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;
using container::ValueTree;
using formats::recognise;

using pickle::NodeId;

Outcome<void> DistributedFolder::read(Pickles& pickles) {
  info_.format = Format::kDistributed;
  info_.pickle_bytes = slice_.size;
  if (slice_.size > options().limits.max_pickle_bytes)
    return Failure(Error(ErrorCode::kLimit, "metadata longer than Limits::max_pickle_bytes"),
                   slice_.name);
  std::vector<std::byte> bytes(static_cast<std::size_t>(slice_.size));
  const Status done = slice_.part().read_at(0, bytes);
  if (!done) return Failure(done.error(), slice_.name);
  auto metadata = read_distributed_metadata(bytes, options().limits);
  if (!metadata) return Failure(metadata.error(), slice_.name);
  metadata_ = *std::move(metadata);
  info_.version = metadata_.version;
  check_ranges();
  tell_chunks();
  chunks_.resize(metadata_.items.size());
  for (std::size_t i = 0; i < metadata_.items.size(); ++i) {
    Item& item = metadata_.items[i];
    if (item.error) continue;
    const auto opened = open_chunks(item, chunks_[i], pickles);
    if (!opened) return opened.error();
    info_.record_count += item.chunks.size();
  }
  return {};
}

// D2 and D3: nothing is opened twice.
void DistributedFolder::check_ranges() {
  struct Range {
    const Chunk* chunk;
    Item* item;
  };
  std::vector<Range> ranges;
  for (Item& item : metadata_.items) {
    for (const Chunk& chunk : item.chunks) {
      if (!base::fits(chunk.offset, chunk.length, files_[chunk.file].size)) {
        item.error =
            Error(ErrorCode::kTruncated, "a file ends before the bytes of a value", chunk.offset)
                .about(metadata_.files[chunk.file]);
      } else {
        ranges.push_back({&chunk, &item});
      }
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    if (a.chunk->file != b.chunk->file) return a.chunk->file < b.chunk->file;
    return a.chunk->offset < b.chunk->offset;
  });
  std::size_t last = 0;  // that reaches farthest
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const Chunk& before = *ranges[last].chunk;
    const Chunk& chunk = *ranges[i].chunk;
    const bool is_same_file = before.file == chunk.file;
    if (is_same_file && chunk.offset < before.offset + before.length) {
      const Error overlap(ErrorCode::kCorrupt, "values whose bytes overlap", chunk.offset);
      ranges[last].item->error = overlap.about(ranges[i].item->name);
      ranges[i].item->error = overlap.about(ranges[last].item->name);
    }
    if (!is_same_file || chunk.offset + chunk.length > before.offset + before.length) last = i;
  }
}

Slice DistributedFolder::slice_of_chunk(const Chunk& chunk) const {
  Slice slice = files_[chunk.file];
  slice.offset += chunk.offset;
  slice.size = chunk.length;
  slice.name += " at " + std::to_string(chunk.offset);
  ++slice.depth;
  return slice;
}

// Each is a file of its own, most of them zip files.
void DistributedFolder::tell_chunks() const {
  std::vector<Slice> slices;
  for (const Item& item : metadata_.items)
    if (!item.error)
      for (const Chunk& chunk : item.chunks) slices.push_back(slice_of_chunk(chunk));
  container::tell_ends(slices);
}

Outcome<void> DistributedFolder::open_chunks(const Item& item, std::vector<ContainerPtr>& chunks,
                                             Pickles& pickles) {
  for (const Chunk& chunk : item.chunks) {
    auto container = recognise(slice_of_chunk(chunk), options(), reach_);
    if (!container) return container.error();
    const auto done = (*container)->read(pickles);
    if (!done) return done.error();
    chunks.push_back(*std::move(container));
  }
  return {};
}

Outcome<NodeId> DistributedFolder::build(torch::TensorInterpreter& interpreter,
                                         const Pickles& pickles) {
  ValueTree tree;
  for (std::size_t i = 0; i < metadata_.items.size(); ++i) {
    const auto value = build_item(metadata_.items[i], chunks_[i], interpreter, pickles);
    if (!value) return value.error();
    tree.put(metadata_.items[i].path, *value);
  }
  sections_.push_back({interpreter.tape().size(), slice_.name, 0});
  const auto root = tree.build(interpreter);
  if (!root) return Failure(root.error(), slice_.name);
  return NodeId{*root};
}

Outcome<NodeId> DistributedFolder::build_item(const Item& item, std::vector<ContainerPtr>& chunks,
                                              torch::TensorInterpreter& interpreter,
                                              const Pickles& pickles) {
  std::vector<torch::Chunk> parts;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const auto value = chunks[i]->build(interpreter, pickles);
    if (!value) return value.error();
    take_facts(*chunks[i]);
    const bool is_bad = interpreter.tape()[*value].kind == pickle::Kind::kError;  // as is listed
    if (!item.is_tensor || is_bad) return NodeId{*value};
    parts.push_back({*value, item.chunks[i].offsets, item.chunks[i].sizes});
  }
  sections_.push_back({interpreter.tape().size(), slice_.name, 0});
  auto whole = item.error ? Result<NodeId>(*item.error)
                          : torch::assemble(interpreter, item.name, item.dtype, item.sizes, parts);
  if (!whole && whole.error().code() != ErrorCode::kLimit)
    whole = interpreter.add_damaged_value(whole.error());
  if (!whole) return Failure(whole.error(), slice_.name);
  return NodeId{*whole};
}

bool DistributedFolder::wants_more() const {
  return std::any_of(chunks_.begin(), chunks_.end(), [](const auto& chunks) {
    return std::any_of(chunks.begin(), chunks.end(),
                       [](const ContainerPtr& chunk) { return chunk->wants_more(); });
  });
}

void DistributedFolder::verify(const Report& report) const {
  for (const std::vector<ContainerPtr>& chunks : chunks_)
    for (const ContainerPtr& chunk : chunks) chunk->verify(report);
}

}  // namespace safe_load::sets
