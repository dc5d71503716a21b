// ContainerInfo: what a file says about itself, beside its values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "safe_load/dtype.h"
#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// In what a file holds its values; to_text() gives "zip", "torchscript of 2018", "npy" ...
enum class Format : std::uint8_t {
  kZip,  // of torch.save
  kTorchScript,
  kTorchScript2018,
  kTorchPackage,
  kTorchExport,
  kLegacy,
  kTar,  // of torch 0.1
  kPickle,
  kSafetensors,
  kNpy,
  kNpz,
  kZipOfCheckpoints,
  kTarOfCheckpoints,
  kRankFiles,
  kShardedSet,
  kShardsOfTensors,
  kDistributed,
};
SAFE_LOAD_EXPORT std::string_view to_text(Format format);

// What the container says about itself.
struct ContainerInfo {
  Format format = Format::kZip;
  std::string prefix;   // the folder in the archive, escaped
  std::string version;  // the version record, escaped; "" if there is none
  int protocol = 0;     // of the pickle
  ByteOrder byte_order = ByteOrder::kLittle;
  std::uint64_t file_size = 0;
  std::uint64_t record_count = 0;
  std::uint64_t pickle_bytes = 0;
  // Where torch.load leaves a file that it read: behind the value, so that another may follow; of a
  // zip file behind the last record that was needed.
  std::uint64_t end = 0;
  bool has_source_text = false;    // source text of classes is stored beside the values
  std::vector<std::string> notes;  // legal but unusual
  std::vector<std::pair<std::string, std::string>> metadata;  // of a safetensors file, as it stands
};

}  // namespace v0
}  // namespace safe_load
