#include "container/opened.h"

#include <algorithm>

namespace safe_load::container {
namespace {

std::uint64_t next_reach(std::uint64_t reach, std::uint64_t most) {
  return reach < most ? std::min(2 * reach, most) : most + 1;
}

Outcome<void> build(Opened& opened, Outcome<ContainerPtr> recognised, const OpenOptions& options,
                    Manner manner) {
  if (!recognised) return recognised.error();
  Container& source = *(opened.source = *std::move(recognised));
  const auto read = source.read(opened.pickles);
  if (!read) return read.error();
  const auto loaded = opened.pickles.load(options.limits);
  if (!loaded) return loaded.error();

  if (opened.pickles.is_large()) opened.blocks = opened.host().large_blocks();
  pickle::Tape& tape =
      opened.tape.emplace(opened.pickles.bytes(), options.limits, opened.blocks.get());
  if (manner == Manner::kLenient) tape.be_lenient();
  tape.watch(options.keep_going);
  torch::TensorInterpreter& meaning =
      opened.meaning.emplace(tape, static_cast<types::Encoding>(options.encoding), options.limits);
  const auto root = source.build(meaning, opened.pickles);
  if (!root) return root.error();
  tape.finish(*root, source.info().protocol);
  const Status finished = meaning.finish();
  if (!finished) return Failure(finished.error());
  opened.graph.emplace(tape, meaning, meaning.attributes());
  const Status bounded = meaning.spoil_deep_chains(*opened.graph);
  if (!bounded) return Failure(bounded.error());
  return {};
}

}  // namespace

void Opened::reset() {
  graph.reset();
  meaning.reset();
  tape.reset();
  blocks.reset();
  pickles.clear();
  source.reset();
}

const Section* Opened::section_of(pickle::NodeId node) const {
  const std::vector<Section>& sections = source->sections();
  const auto behind = std::upper_bound(
      sections.begin(), sections.end(), node,
      [](pickle::NodeId id, const Section& section) { return id < section.first; });
  return behind == sections.begin() ? nullptr : &*std::prev(behind);
}

Outcome<void> open(Opened& opened, const Recognise& recognise, const OpenOptions& options,
                   Manner manner, std::uint64_t reach) {
  // A file whose pickles are as long as they may be is read that far, and no further.
  const std::uint64_t most = options.limits.max_pickle_bytes;
  for (reach = std::min(reach, most);; reach = next_reach(reach, most)) {
    opened.reset();
    const auto built = build(opened, recognise(reach), options, manner);
    if (built) return {};
    if (opened.source == nullptr || !opened.source->wants_more()) return built.error();
  }
}

}  // namespace safe_load::container
