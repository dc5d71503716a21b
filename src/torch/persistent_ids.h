// PersistentIds: what the persistent ids of one container stand for.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::torch {

class TensorInterpreter;

class PersistentIds {
 public:
  virtual ~PersistentIds() = default;

  // The value that takes the place of the node `id`, whose persistent id is the node given by its
  // payload.
  virtual Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) = 0;

  // The tensor with this number in a table of the container, which most do not have.
  virtual Result<pickle::Node> tensor(TensorInterpreter&, std::uint64_t) {
    return Error(ErrorCode::kCorrupt, "a tensor by number in a file without a table of them");
  }
};

// Those of a pickle whose storages are not in the file, as of a data.pkl without its archive: what
// they say is checked, and each is a storage without bytes.
class StoragesElsewhere final : public PersistentIds {
 public:
  Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) override;

 private:
  std::unordered_map<std::string_view, std::uint32_t> numbers_;  // by key
};

// Of a plain pickle, where they mean nothing.
class NoPersistentIds final : public PersistentIds {
 public:
  Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) override;
};

// The node of a storage.
inline pickle::Node storage_node(std::uint32_t number) {
  return {pickle::Kind::kStorage, 0, 0, 0, number};
}

}  // namespace safe_load::torch
