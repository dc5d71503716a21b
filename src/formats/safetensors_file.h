// SafetensorsFile: a JSON header with types, shapes and offsets, then the elements. Its value is a
// dict of tensors. Source: the format's own document, safetensors 0.8.
#pragma once

#include "container/container.h"
#include "json/reader.h"

namespace safe_load::formats {

class SafetensorsFile final : public container::Container {
 public:
  SafetensorsFile(container::Slice slice, const OpenOptions& options)
      : container::Container(std::move(slice), options) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;

 private:
  Result<pickle::NodeId> add_tensors(torch::TensorInterpreter& interpreter,
                                     const json::Json::Object& header);
  Result<pickle::NodeId> add_tensor(torch::TensorInterpreter& interpreter, pickle::NodeId key,
                                    const json::Json& facts);
  Status take_metadata(const json::Json& metadata);
  Status check_ranges() const;

  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::size_t header_ = 0;
  std::uint64_t data_offset_ = 0;
  std::vector<Range> ranges_;
};

}  // namespace safe_load::formats
