// ExportArchive: what torch.export.save writes (.pt2): a program with its weights and constants.
// Its value is the data alone: {"state_dict": ..., "constants": ..., "example_inputs": ...}, or a
// dict of those by model if there are several. Programs, native code and custom objects are noted
// and never used. Source: torch/export/pt2_archive of 2.13; older layouts:
// docs/format/containers.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/zip_file.h"
#include "json/reader.h"

namespace safe_load::formats {

class ExportArchive final : public container::Container {
 public:
  static bool is_one(const archive::ZipDirectory& directory);

  ExportArchive(ZipFile file, const OpenOptions& options, std::uint64_t reach)
      : container::Container(file.slice(), options), file_(std::move(file)), reach_(reach) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  // A record that is a container of its own. Whoever names it gets the same value.
  struct Nested {
    container::ContainerPtr container;
    std::optional<pickle::NodeId> value;  // once it is built
  };
  // One tensor of a config: a view of a record, or the value of a record.
  struct Row {
    std::string name;
    const archive::ZipEntry* record = nullptr;
    std::optional<std::size_t> nested;
    std::string device;
    std::vector<std::int64_t> sizes;
    std::vector<std::int64_t> strides;
    std::uint64_t offset = 0;  // elements
    DType dtype = DType::kUint8;
    bool is_parameter = false;
    bool requires_grad = false;
  };
  // One item of a model's value.
  struct Part {
    std::string_view kind;  // "state_dict"
    std::string member;
    std::vector<Row> rows;
    std::optional<std::size_t> nested;  // in place of rows
  };
  using Parts = std::vector<Part>;

  const archive::ZipEntry* record(std::string_view name) const;
  container::Outcome<void> read_entry(const archive::ZipEntry& entry, container::Pickles& pickles);
  container::Outcome<void> read_old(container::Pickles& pickles);
  container::Outcome<void> read_config(const archive::ZipEntry& entry, std::string_view folder,
                                       Part& part, container::Pickles& pickles);
  Result<Row> read_row(std::string_view name, const json::Json& facts,
                       std::string_view folder) const;
  container::Outcome<std::size_t> read_nested(const archive::ZipEntry& entry,
                                              container::Pickles& pickles);
  container::Outcome<pickle::NodeId> build_part(Part& part, torch::TensorInterpreter& interpreter,
                                                const container::Pickles& pickles);
  container::Outcome<pickle::NodeId> build_nested(std::size_t number,
                                                  torch::TensorInterpreter& interpreter,
                                                  const container::Pickles& pickles);
  Result<pickle::NodeId> add_tensor(torch::TensorInterpreter& interpreter, const Row& row);

  ZipFile file_;
  std::uint64_t reach_;
  std::string prefix_;
  std::map<std::string, Parts> models_;
  std::vector<Nested> nested_;
  std::unordered_map<const archive::ZipEntry*, std::size_t> nested_numbers_;
  std::unordered_map<const archive::ZipEntry*, std::uint32_t> storages_;
};

}  // namespace safe_load::formats
