// TorchPackage: the archives of torch.package. Each pickle in one is a resource; its Python sources
// are counted and never read. Its value is that of the only pickle, or a dict from the pickles'
// names to their values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/zip_file.h"
#include "torch/package_ids.h"

namespace safe_load::formats {

class TorchPackage final : public container::Container {
 public:
  static bool is_one(const archive::ZipDirectory& directory);

  TorchPackage(ZipFile file, const OpenOptions& options)
      : container::Container(file.slice(), options), file_(std::move(file)) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  void verify(const Report& report) const override { file_.verify(report); }

 private:
  struct Resource {
    const archive::ZipEntry* entry;
    std::size_t pickle;
  };
  container::Outcome<bool> is_pickle(const archive::ZipEntry& entry) const;
  void note_rest_of_package();

  ZipFile file_;
  std::string prefix_;
  std::vector<Resource> resources_;
  std::optional<torch::PackageIds> ids_;
};

}  // namespace safe_load::formats
