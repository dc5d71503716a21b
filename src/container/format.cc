#include <string_view>

#include "safe_load/container_info.h"
#include "safe_load/open_options.h"

namespace safe_load {
inline namespace v0 {

std::string_view to_text(Format format) {
  switch (format) {
    case Format::kZip:
      return "zip";
    case Format::kTorchScript:
      return "torchscript";
    case Format::kTorchScript2018:
      return "torchscript of 2018";
    case Format::kTorchPackage:
      return "torch.package";
    case Format::kTorchExport:
      return "torch.export";
    case Format::kLegacy:
      return "legacy";
    case Format::kTar:
      return "tar";
    case Format::kPickle:
      return "pickle";
    case Format::kSafetensors:
      return "safetensors";
    case Format::kNpy:
      return "npy";
    case Format::kNpz:
      return "npz";
    case Format::kZipOfCheckpoints:
      return "zip of checkpoints";
    case Format::kTarOfCheckpoints:
      return "tar of checkpoints";
    case Format::kRankFiles:
      return "rank files";
    case Format::kShardedSet:
      return "sharded set";
    case Format::kShardsOfTensors:
      return "shards of tensors";
    case Format::kDistributed:
      return "distributed checkpoint";
  }
  return "";
}

}  // namespace v0
}  // namespace safe_load
