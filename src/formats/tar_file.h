// TarFile: torch.save of torch 0.1: a tar archive with the object, its tensors and its storages as
// members.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "archive/tar_directory.h"
#include "container/container.h"

namespace safe_load::formats {

// What the persistent ids of such a file stand for: tensors and storages by number, and classes.
class TarIds final : public torch::PersistentIds {
 public:
  Result<pickle::Node> resolve(torch::TensorInterpreter& interpreter, pickle::NodeId id) override;

  std::map<std::int64_t, pickle::Node> values;
};

class TarFile final : public container::Container {
 public:
  // Null if these are not the members of a checkpoint.
  static container::Outcome<container::ContainerPtr> open(const container::Slice& slice,
                                                          const OpenOptions& options);

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;

 private:
  struct Members {
    archive::TarMember pickle;
    archive::TarMember storages;
    archive::TarMember tensors;  // may be missing
  };
  struct StorageRow {
    std::int64_t key;
    std::string name;  // the key as text
    std::string location;
    DType dtype;
    std::uint64_t offset;  // in the slice
    std::uint64_t byte_count;
  };
  struct ViewRow {
    std::int64_t key;
    std::int64_t root;
    std::uint64_t offset;  // elements
    std::uint64_t count;
  };
  struct TensorRow {
    std::int64_t key;
    std::int64_t storage;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
    std::uint64_t offset;  // elements
  };
  class Reader;

  TarFile(const container::Slice& slice, const OpenOptions& options, Members members)
      : container::Container(slice, options), members_(std::move(members)) {}

  Status read_storages();
  Status read_tensors();
  Status add_values(torch::TensorInterpreter& interpreter);

  Members members_;
  std::vector<StorageRow> storages_;
  std::vector<ViewRow> views_;
  std::vector<TensorRow> tensors_;
  TarIds ids_;
  std::size_t pickle_ = 0;
};

}  // namespace safe_load::formats
