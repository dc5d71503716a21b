// State: everything a Checkpoint owns, in the order in which it is made.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/storage_bytes.h"
#include "container/opened.h"
#include "safe_load/checkpoint.h"

namespace safe_load::api {

struct State : container::Opened {
  OpenOptions options;
  std::shared_ptr<StorageBytes> bytes;
  std::vector<Issue> issues;

  const ContainerInfo& container() const { return source->info(); }

  // The error as a person should see it: at the place in the file that made the node.
  Issue describe_at(pickle::NodeId node, const Error& error) const;

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
