// DistributedTensor: the part of a torch.distributed DTensor that one process saved, and how the
// whole is divided among the processes. The whole is not put together here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/checkpoint.h"
#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// What one dimension of the mesh does to the tensor.
struct Placement {
  enum class Kind : std::uint8_t {
    kShard,         // divides a dimension of the tensor
    kStridedShard,  // divides what other dimensions of the mesh have divided before
    kReplicate,     // each process has all of it
    kPartial,       // each process has a term of the reduction
  };
  Kind kind = Kind::kReplicate;
  std::int64_t dim = 0;           // kShard, kStridedShard
  std::int64_t split_factor = 1;  // kStridedShard
  std::string reduction;          // kPartial: "sum"; escaped
};

SAFE_LOAD_EXPORT std::string_view to_text(Placement::Kind kind);   // "Shard"
SAFE_LOAD_EXPORT std::string to_text(const Placement& placement);  // "Shard(0)"

// The classes of torch's placements, by their names in any of its modules.
struct PlacementClass {
  std::string_view name;
  Placement::Kind kind;
};
SAFE_LOAD_EXPORT std::span<const PlacementClass> placement_classes();

struct DeviceMesh {
  std::string device_type;         // "cuda"; escaped
  Dims shape;                      // processes in each dimension
  std::vector<std::string> names;  // of the dimensions, escaped; empty if they have none
};

struct DistributedTensor {
  ValueView local;  // a tensor: what this process has
  Dims shape;       // of the whole
  DeviceMesh mesh;
  std::vector<Placement> placements;  // one for each dimension of the mesh

  SAFE_LOAD_EXPORT bool is_replicated() const;  // whether every process has all of it
};

// Of an inert record of a DTensor, as torch 2.0 and later write it; kMismatch for any other value,
// kCorrupt if the parts contradict each other. Views of the checkpoint. Thread-safe.
// Source: torch/distributed/tensor/_api.py, _dtensor_spec.py, placement_types.py, device_mesh.py.
SAFE_LOAD_EXPORT Result<DistributedTensor> distributed_tensor(const ValueView& value);

// "Shard(0) on a cuda mesh [2, 4]"
SAFE_LOAD_EXPORT std::string to_text(const DistributedTensor& tensor);

// A tensor of the files that the processes of one run saved, each its own (format "rank files").
struct RankTensor {
  std::string file;  // the set of files: "model_world_size_2_rank_*.pt", escaped
  std::string name;  // model.fc.weight, escaped
  DType dtype;
  Dims shape;  // of the whole, or of what each rank has
  // As to_text(); or "in every rank", "in 3 of 8 ranks", "not alike in the ranks".
  std::string placement;
};

// In the order of the first file that has them; none for checkpoints of another format.
SAFE_LOAD_EXPORT std::vector<RankTensor> rank_tensors(const Checkpoint& checkpoint);

}  // namespace v0
}  // namespace safe_load
