// DistributedBuilder: folders as torch.distributed.checkpoint writes them, with one data file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "support/temporary_folder.h"

namespace test_support {

class DistributedBuilder {
 public:
  static constexpr std::string_view kData = "__0_0.distcp";

  struct Chunk {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> sizes;
    std::vector<float> values;  // in row-major order
  };

  // A float32 tensor in chunks, each an item of its own in the data file.
  DistributedBuilder& tensor(std::string_view name, const std::vector<std::int64_t>& sizes,
                             const std::vector<Chunk>& chunks);
  // Any other value, as a piece of a pickle.
  DistributedBuilder& value(std::string_view name, std::string_view pickle);
  // Where the value stands: a tuple, as a piece of a pickle.
  DistributedBuilder& path(std::string_view name, std::string_view steps);
  // Chunks that follow are written with this record `byteorder`, their values swapped by the
  // caller.
  DistributedBuilder& byte_order(std::string_view order);

  std::string metadata() const;
  const std::string& data() const { return data_; }
  void fill(TemporaryFolder& folder) const;

 private:
  void place(std::string_view name, std::string_view offset, std::string_view item);

  std::string items_;  // keys and values, as pieces of a pickle
  std::string places_;
  std::string paths_;
  std::string data_;
  std::string order_ = "little";
};

}  // namespace test_support
