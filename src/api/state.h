// State: everything a Checkpoint owns, in the order in which it is made.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/storage_bytes.h"
#include "archive/zip_directory.h"
#include "pickle/tape.h"
#include "safe_load/checkpoint.h"
#include "torch/tensor_interpreter.h"
#include "torch/zip_layout.h"
#include "types/graph.h"

namespace safe_load::api {

struct State {
  OpenOptions options;
  std::shared_ptr<StorageBytes> bytes;
  std::optional<archive::ZipDirectory> directory;
  torch::ZipLayout layout;
  std::vector<std::byte> small_pickle;  // what is large lies on huge pages instead
  os::Memory large_pickle;
  base::Bytes pickle;
  os::HugeBlocks blocks;
  std::optional<pickle::Tape> tape;
  std::optional<torch::TensorInterpreter> meaning;
  std::optional<types::Graph> graph;
  ContainerInfo container;
  std::vector<Issue> issues;

  std::string pickle_member() const;

  // For each value a shortest way from the root; made when first asked for.
  const std::vector<types::Edge>& edges() const;

 private:
  mutable std::once_flag edges_made_;
  mutable std::vector<types::Edge> edges_;
};

// Reads everything but tensor bytes. `bytes` is the whole file.
Result<std::unique_ptr<State>, Issue> open(std::shared_ptr<StorageBytes> bytes,
                                           const OpenOptions& options);

// A parser's error as a person should see it.
Issue describe(const Error& error, std::string member, std::string hint);

}  // namespace safe_load::api
