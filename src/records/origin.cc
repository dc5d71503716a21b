#include "records/origin.h"

#include <algorithm>

#include "base/text.h"

namespace safe_load::records {
namespace {

std::string version(const ValueView& value) {
  const std::string text = value.get_or<std::string>("");
  return text.empty() ? "" : ' ' + base::escaped(text, 40);
}

// What DeepSpeed's engine.py and zero/stage_1_and_2.py, stage3.py put beside their versions.
std::string deepspeed(const ValueView& root) {
  std::string text = "DeepSpeed" + version(root["ds_version"]);
  const ValueView optimizer = root["optimizer_state_dict"];
  const auto stage = optimizer["zero_stage"].get<std::int64_t>();
  if (stage) {
    text += ": optimizer states of ZeRO stage " + std::to_string(*stage);
    const ValueView count = optimizer["partition_count"];
    const auto partitions =
        (count.is_dict() || count.size() == 0 ? count : count[0]).get<std::int64_t>();
    if (partitions) text += ", one of " + std::to_string(*partitions) + " partitions";
    return text + "; the names and shapes of what its flat tensors hold are in the model states";
  }
  if (root["param_shapes"].is_missing()) return text;
  return text + ": model states; ZeRO keeps the weights in full precision in the optimizer states";
}

std::string origin(const ValueView& root) {
  if (root["ds_version"].kind() == ValueKind::kText) return deepspeed(root);
  const ValueView lightning = root["pytorch-lightning_version"];
  if (lightning.kind() == ValueKind::kText) return "PyTorch Lightning" + version(lightning);
  return "";
}

}  // namespace

std::vector<std::string> origins(const Checkpoint& checkpoint) {
  std::vector<std::string> found;
  const auto add = [&](const ValueView& root) {
    const std::string text = root.is_dict() ? origin(root) : "";
    if (!text.empty() && std::find(found.begin(), found.end(), text) == found.end())
      found.push_back(text);
  };
  const ValueView root = checkpoint.root();
  add(root);
  if (checkpoint.container().format == Format::kRankFiles)
    for (std::size_t i = 1; i < root.items().size(); i += 2) add(root.items()[i]);
  return found;
}

}  // namespace safe_load::records
