// Opened: a container, its pickles, their tape and what it means: everything that opening builds,
// in the order in which it is made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "container/container.h"
#include "os/file.h"
#include "pickle/tape.h"
#include "torch/tensor_interpreter.h"
#include "types/graph.h"

namespace safe_load::container {

// Whether opening stops at what no honest pickle does, or notes it and goes on: to load is one
// thing, to find out all that a file asks for another.
enum class Manner : std::uint8_t { kStrict, kLenient };

struct Opened {
  ContainerPtr source;
  Pickles pickles;
  os::HugeBlocks blocks;
  std::optional<pickle::Tape> tape;
  std::optional<torch::TensorInterpreter> meaning;
  std::optional<types::Graph> graph;

  // Back to nothing.
  void reset();
  // The section that a node came from, or null.
  const Section* section_of(pickle::NodeId node) const;
};

// Finds the container, given how much of a file whose pickles end nobody knows where to read.
using Recognise = std::function<Outcome<ContainerPtr>(std::uint64_t reach)>;

// Of a file whose pickles end nobody knows where: nearly always all of them.
inline constexpr std::uint64_t kFirstReach = std::uint64_t{1} << 20;

// Fills `opened` anew, reading no tensor bytes. After a failure it holds what had been built until
// then. `reach`: how much to read at first.
Outcome<void> open(Opened& opened, const Recognise& recognise, const OpenOptions& options,
                   Manner manner = Manner::kStrict, std::uint64_t reach = kFirstReach);

}  // namespace safe_load::container
