// ZipCheckpoint: torch.save since torch 1.6, and the data of a TorchScript program.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "container/zip_file.h"
#include "torch/zip_layout.h"
#include "torch/zip_storages.h"

namespace safe_load::container {

class ZipCheckpoint final : public Container {
 public:
  // `layout` is of the directory of `file`, with which it moves.
  ZipCheckpoint(ZipFile file, const OpenOptions& options);

  Outcome<void> read(Pickles& pickles) override;
  Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                const Pickles& pickles) override;
  void verify(const Report& report) const override { file_.verify(report); }
  const ZipFile& file() const { return file_; }

 private:
  Outcome<void> read_version();
  Status bring_into_memory(torch::Storages& storages, std::uint32_t first);

  ZipFile file_;
  torch::ZipLayout layout_;
  std::optional<torch::ZipStorages> ids_;
  std::size_t pickle_ = 0;
  std::deque<std::vector<std::byte>> inflated_;
};

}  // namespace safe_load::container
