// ZipCheckpoint: torch.save since torch 1.6, and the data and constants of a TorchScript program.
#pragma once

#include <deque>
#include <string>

#include "formats/zip_file.h"
#include "torch/zip_layout.h"
#include "torch/zip_storages.h"

namespace safe_load::formats {

class ZipCheckpoint final : public container::Container {
 public:
  // `layout` is of the directory of `file`, with which it moves.
  ZipCheckpoint(ZipFile file, const OpenOptions& options);

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  void verify(const Report& report) const override { file_.verify(report); }
  const ZipFile& file() const { return file_; }

 private:
  // Null if there is none, or one that is too long to be one.
  const archive::ZipEntry* small_version() const;
  container::Outcome<void> read_version();
  container::Outcome<pickle::NodeId> run_pickle(torch::TensorInterpreter& interpreter,
                                                const pickle::Program& program,
                                                const archive::ZipEntry& entry);
  container::Outcome<pickle::NodeId> add_constants(torch::TensorInterpreter& interpreter,
                                                   const container::Pickles& pickles,
                                                   pickle::NodeId module);
  Status bring_into_memory(data::StorageMap& storages, std::uint32_t first);

  ZipFile file_;
  torch::ZipLayout layout_;
  std::deque<torch::ZipStorages> ids_;
  std::size_t pickle_ = 0;
  std::size_t constants_ = 0;
  std::deque<std::vector<std::byte>> inflated_;
};

}  // namespace safe_load::formats
