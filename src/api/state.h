// State: everything a Checkpoint owns, in the order in which it is made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/input.h"
#include "base/mutex.h"
#include "container/opened.h"
#include "data/storage_reader.h"
#include "os/host.h"
#include "safe_load/checkpoint.h"

namespace safe_load::api {

struct State {
  State(Input from, const OpenOptions& how) : options(how), input(std::move(from)) {}

  OpenOptions options;
  Input input;
  os::SystemHost host;
  container::Opened opened{host};
  std::unique_ptr<data::StorageReader> bytes;
  std::vector<Issue> issues;

  const pickle::Tape& tape() const { return *opened.tape; }
  const torch::TensorInterpreter& meaning() const { return *opened.meaning; }
  const types::Graph& graph() const { return *opened.graph; }
  const data::StorageMap& storages() const { return opened.meaning->storages(); }
  const ContainerInfo& container() const { return opened.source->info(); }

  // The error as a person should see it: at the place in the file that made the node.
  Issue describe_at(pickle::NodeId node, const Error& error) const;

  // For each value a shortest way from the root; made when first asked for.
  const std::vector<types::Edge>& edges() const;

 private:
  mutable base::Once edges_made_;
  mutable std::vector<types::Edge> edges_;
};

// Reads everything but tensor bytes.
Result<std::unique_ptr<State>, Issue> open(Input input, const OpenOptions& options);

}  // namespace safe_load::api
