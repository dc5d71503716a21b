// Script2018: TorchScript archives of torch 1.0 and 1.1: model.json with a tree of modules and a
// table of tensors, attributes.pkl, one record for each tensor. Its value is a dict for each
// module: parameters, attributes and submodules by name. Source: torch/csrc/jit/serialization of
// 2019.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "formats/zip_file.h"
#include "json/reader.h"

namespace safe_load::formats {

class Script2018 final : public container::Container, private torch::PersistentIds {
 public:
  Script2018(ZipFile file, const OpenOptions& options)
      : container::Container(file.slice(), options), file_(std::move(file)) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  void verify(const Report& report) const override { file_.verify(report); }

 private:
  Result<pickle::Node> resolve(torch::TensorInterpreter&, pickle::NodeId) override {
    return Error(ErrorCode::kCorrupt, "a persistent id in a file that has none");
  }
  Result<pickle::Node> tensor(torch::TensorInterpreter& interpreter, std::uint64_t number) override;

  Status add_tensors(torch::TensorInterpreter& interpreter, const json::Json& model);
  Result<pickle::NodeId> add_tensor(torch::TensorInterpreter& interpreter, const json::Json& row);
  Result<pickle::NodeId> add_module(torch::TensorInterpreter& interpreter,
                                    const json::Json& module);
  const archive::ZipEntry* record(std::string_view name) const;

  ZipFile file_;
  std::string prefix_;
  std::size_t model_ = 0;
  std::size_t attributes_ = 0;
  bool has_attributes_ = false;
  std::map<std::pair<const archive::ZipEntry*, DType>, std::uint32_t> storages_;
  std::vector<pickle::NodeId> tensors_;           // by number
  std::vector<bool> is_named_;                    // whether a module or an attribute has it
  std::vector<pickle::NodeId> attribute_values_;  // by number
};

}  // namespace safe_load::formats
