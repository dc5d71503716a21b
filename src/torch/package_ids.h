// PackageIds: the persistent ids of torch.package: storages with a number for a name, and objects
// that code of the package would build, which become inert records. Source:
// torch/package/package_exporter.py.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "archive/zip_directory.h"
#include "data/storage_map.h"
#include "torch/persistent_ids.h"

namespace safe_load::torch {

class PackageIds final : public PersistentIds {
 public:
  // `directory` must outlive this and every storage. `prefix`: the package's folder.
  PackageIds(const archive::ZipDirectory& directory, std::string prefix, bool is_big_endian)
      : directory_(directory), prefix_(std::move(prefix)), is_big_endian_(is_big_endian) {}

  Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) override;

 private:
  Result<pickle::Node> storage(TensorInterpreter& interpreter, pickle::NodeId persistent_id);
  Result<pickle::Node> object(TensorInterpreter& interpreter, pickle::NodeId persistent_id);

  const archive::ZipDirectory& directory_;
  std::string prefix_;
  bool is_big_endian_;
  std::unordered_map<std::uint64_t, std::uint32_t> storages_;  // by their number in the package
  std::unordered_map<std::uint64_t, pickle::Node> objects_;    // by the id that the package gave
};

}  // namespace safe_load::torch
