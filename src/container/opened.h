// Opened: a container, its pickles, their tape and what it means: everything that opening builds,
// in the order in which it is made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/host.h"
#include "container/container.h"
#include "pickle/tape.h"
#include "torch/tensor_interpreter.h"
#include "types/graph.h"

namespace safe_load::container {

// Whether opening stops at what no honest pickle does, or notes it and goes on: to load is one
// thing, to find out all that a file asks for another.
enum class Manner : std::uint8_t { kStrict, kLenient };

struct Opened {
  // `host` must outlive this.
  explicit Opened(base::Host& host) : pickles(host), host_(host) {}

  ContainerPtr source;
  Pickles pickles;
  std::unique_ptr<base::Blocks> blocks;  // of a large tape
  std::optional<pickle::Tape> tape;
  std::optional<torch::TensorInterpreter> meaning;
  std::optional<types::Graph> graph;

  // Back to nothing.
  void reset();
  // The section that a node came from, or null.
  const Section* section_of(pickle::NodeId node) const;
  base::Host& host() const { return host_; }

 private:
  base::Host& host_;
};

// Finds the container, given how much of a file whose pickles end nobody knows where to read.
using Recognise = std::function<Outcome<ContainerPtr>(std::uint64_t reach)>;

// Fills `opened` anew, reading no tensor bytes. After a failure it holds what had been built until
// then. `reach`: how much to read at first, which doubles for each further try.
Outcome<void> open(Opened& opened, const Recognise& recognise, const OpenOptions& options,
                   Manner manner, std::uint64_t reach);

}  // namespace safe_load::container
