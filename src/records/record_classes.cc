// The rows stand by package; the compiler sorts them.
#include <algorithm>
#include <array>
#include <utility>

#include "safe_load/record_class.h"

namespace safe_load {
inline namespace v0 {
namespace {

using F = RecordForm;

// clang-format off
constexpr auto kRows = std::to_array<RecordClass>({
    // ---- configs that are subclasses of dict
    {"addict.addict", "Dict", F::kItems, {}},
    {"box.box", "Box", F::kItems, {}},
    {"box.box_list", "BoxList", F::kContent, "items"},
    {"detectron2.config.config", "CfgNode", F::kItems, {}},
    {"easydict", "EasyDict", F::kItems, {}},
    {"fvcore.common.config", "CfgNode", F::kItems, {}},
    {"lightning.fabric.utilities.data", "AttributeDict", F::kItems, {}},
    {"lightning_fabric.utilities.data", "AttributeDict", F::kItems, {}},
    {"mmcv.utils.config", "ConfigDict", F::kItems, {}},
    {"mmengine.config.config", "ConfigDict", F::kArgument, {}},
    {"pytorch_lightning.utilities.parsing", "AttributeDict", F::kItems, {}},
    {"yacs.config", "CfgNode", F::kItems, {}},

    // ---- ml_collections
    {"ml_collections.config_dict.config_dict", "ConfigDict", F::kContent, "_fields"},
    {"ml_collections.config_dict.config_dict", "FrozenConfigDict", F::kContent, "_fields"},
    {"ml_collections.config_dict.config_dict", "FieldReference", F::kValue, "_value"},

    // ---- omegaconf; what its containers say about themselves is an object
    {"omegaconf.dictconfig", "DictConfig", F::kContent, "_content"},
    {"omegaconf.listconfig", "ListConfig", F::kContent, "_content"},
    {"omegaconf.base", "UnionNode", F::kValue, "_content"},
    {"omegaconf.nodes", "AnyNode", F::kValue, "_val"},
    {"omegaconf.nodes", "BooleanNode", F::kValue, "_val"},
    {"omegaconf.nodes", "BytesNode", F::kValue, "_val"},
    {"omegaconf.nodes", "EnumNode", F::kValue, "_val"},
    {"omegaconf.nodes", "FloatNode", F::kValue, "_val"},
    {"omegaconf.nodes", "IntegerNode", F::kValue, "_val"},
    {"omegaconf.nodes", "InterpolationResultNode", F::kValue, "_val"},
    {"omegaconf.nodes", "PathNode", F::kValue, "_val"},
    {"omegaconf.nodes", "StringNode", F::kValue, "_val"},
    {"omegaconf.base", "ContainerMetadata", F::kObject, {}},
    {"omegaconf.base", "Metadata", F::kObject, {}},

    // ---- training_args.bin of Hugging Face
    {"transformers.training_args", "TrainingArguments", F::kObject, {}},
    {"transformers.training_args_seq2seq", "Seq2SeqTrainingArguments", F::kObject, {}},
    {"trl.trainer.dpo_config", "DPOConfig", F::kObject, {}},
    {"trl.trainer.grpo_config", "GRPOConfig", F::kObject, {}},
    {"trl.trainer.reward_config", "RewardConfig", F::kObject, {}},
    {"trl.trainer.sft_config", "SFTConfig", F::kObject, {}},
    {"transformers.deepspeed", "HfTrainerDeepSpeedConfig", F::kObject, {}},
    {"transformers.integrations.deepspeed", "HfTrainerDeepSpeedConfig", F::kObject, {}},
    {"transformers.trainer_pt_utils", "AcceleratorConfig", F::kObject, {}},
    {"transformers.debug_utils", "DebugOption", F::kMember, {}},
    {"transformers.trainer_utils", "EvaluationStrategy", F::kMember, {}},
    {"transformers.trainer_utils", "FSDPOption", F::kMember, {}},
    {"transformers.trainer_utils", "HubStrategy", F::kMember, {}},
    {"transformers.trainer_utils", "IntervalStrategy", F::kMember, {}},
    {"transformers.trainer_utils", "SaveStrategy", F::kMember, {}},
    {"transformers.trainer_utils", "SchedulerType", F::kMember, {}},
    {"transformers.trainer_utils", "ShardedDDPOption", F::kMember, {}},
    {"transformers.training_args", "OptimizerNames", F::kMember, {}},
    {"transformers.training_args", "ParallelMode", F::kMember, {}},
    {"accelerate.state", "DistributedType", F::kMember, {}},
    {"accelerate.state", "PartialState", F::kObject, {}},
    {"accelerate.utils.dataclasses", "DeepSpeedPlugin", F::kObject, {}},
    {"accelerate.utils.dataclasses", "DistributedType", F::kMember, {}},
    {"accelerate.utils.dataclasses", "FullyShardedDataParallelPlugin", F::kObject, {}},

    // ---- monai 1.6.1: what its MetaTensor says about an image is keyed by them
    {"monai.utils.enums", "AdversarialKeys", F::kMember, {}},
    {"monai.utils.enums", "AlgoKeys", F::kMember, {}},
    {"monai.utils.enums", "Average", F::kMember, {}},
    {"monai.utils.enums", "BlendMode", F::kMember, {}},
    {"monai.utils.enums", "BoxModeName", F::kMember, {}},
    {"monai.utils.enums", "BundleProperty", F::kMember, {}},
    {"monai.utils.enums", "BundlePropertyConfig", F::kMember, {}},
    {"monai.utils.enums", "ChannelMatching", F::kMember, {}},
    {"monai.utils.enums", "ColorOrder", F::kMember, {}},
    {"monai.utils.enums", "CommonKeys", F::kMember, {}},
    {"monai.utils.enums", "CompInitMode", F::kMember, {}},
    {"monai.utils.enums", "DataStatsKeys", F::kMember, {}},
    {"monai.utils.enums", "DiceCEReduction", F::kMember, {}},
    {"monai.utils.enums", "DownsampleMode", F::kMember, {}},
    {"monai.utils.enums", "EngineStatsKeys", F::kMember, {}},
    {"monai.utils.enums", "FastMRIKeys", F::kMember, {}},
    {"monai.utils.enums", "ForwardMode", F::kMember, {}},
    {"monai.utils.enums", "GanKeys", F::kMember, {}},
    {"monai.utils.enums", "GridPatchSort", F::kMember, {}},
    {"monai.utils.enums", "GridSampleMode", F::kMember, {}},
    {"monai.utils.enums", "GridSamplePadMode", F::kMember, {}},
    {"monai.utils.enums", "HoVerNetBranch", F::kMember, {}},
    {"monai.utils.enums", "HoVerNetMode", F::kMember, {}},
    {"monai.utils.enums", "IgniteInfo", F::kMember, {}},
    {"monai.utils.enums", "ImageStatsKeys", F::kMember, {}},
    {"monai.utils.enums", "InterpolateMode", F::kMember, {}},
    {"monai.utils.enums", "JITMetadataKeys", F::kMember, {}},
    {"monai.utils.enums", "LabelStatsKeys", F::kMember, {}},
    {"monai.utils.enums", "LazyAttr", F::kMember, {}},
    {"monai.utils.enums", "LossReduction", F::kMember, {}},
    {"monai.utils.enums", "MetaKeys", F::kMember, {}},
    {"monai.utils.enums", "Method", F::kMember, {}},
    {"monai.utils.enums", "MetricReduction", F::kMember, {}},
    {"monai.utils.enums", "NdimageMode", F::kMember, {}},
    {"monai.utils.enums", "NumpyPadMode", F::kMember, {}},
    {"monai.utils.enums", "OrderingTransformations", F::kMember, {}},
    {"monai.utils.enums", "OrderingType", F::kMember, {}},
    {"monai.utils.enums", "PatchKeys", F::kMember, {}},
    {"monai.utils.enums", "PostFix", F::kMember, {}},
    {"monai.utils.enums", "ProbMapKeys", F::kMember, {}},
    {"monai.utils.enums", "PytorchPadMode", F::kMember, {}},
    {"monai.utils.enums", "SkipMode", F::kMember, {}},
    {"monai.utils.enums", "SpaceKeys", F::kMember, {}},
    {"monai.utils.enums", "SplineMode", F::kMember, {}},
    {"monai.utils.enums", "TraceKeys", F::kMember, {}},
    {"monai.utils.enums", "TraceStatusKeys", F::kMember, {}},
    {"monai.utils.enums", "TransformBackends", F::kMember, {}},
    {"monai.utils.enums", "UpsampleMode", F::kMember, {}},
    {"monai.utils.enums", "WSIPatchKeys", F::kMember, {}},
    {"monai.utils.enums", "Weight", F::kMember, {}},

    // ---- distributed tensors of torch 2.0 and later
    {"torch.distributed.tensor", "DTensor", F::kObject, {}},
    {"torch.distributed.tensor._api", "DTensor", F::kObject, {}},
    {"torch.distributed._tensor.api", "DTensor", F::kObject, {}},
    {"torch.distributed.tensor._dtensor_spec", "DTensorSpec", F::kObject, {}},
    {"torch.distributed.tensor._dtensor_spec", "ShardOrderEntry", F::kObject, {}},
    {"torch.distributed.tensor._dtensor_spec", "TensorMeta", F::kObject, {}},
    {"torch.distributed._tensor._dtensor_spec", "DTensorSpec", F::kObject, {}},
    {"torch.distributed._tensor._dtensor_spec", "TensorMeta", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "DTensorSpec", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "TensorMeta", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "Partial", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "_Partial", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "Replicate", F::kObject, {}},
    {"torch.distributed._tensor.placement_types", "Shard", F::kObject, {}},
    {"torch.distributed.tensor.placement_types", "Partial", F::kObject, {}},
    {"torch.distributed.tensor.placement_types", "Replicate", F::kObject, {}},
    {"torch.distributed.tensor.placement_types", "Shard", F::kObject, {}},
    {"torch.distributed.tensor.placement_types", "_StridedShard", F::kObject, {}},
    {"torch.distributed._tensor.device_mesh", "DeviceMesh", F::kObject, {}},
    {"torch.distributed._device_mesh", "DeviceMesh", F::kObject, {}},
    {"torch.distributed.device_mesh", "DeviceMesh", F::kObject, {}},
    {"torch.distributed._mesh_layout", "_FlatLayout", F::kObject, {}},
    {"torch.distributed._mesh_layout", "_MeshLayout", F::kObject, {}},

    // ---- graphs of PyG, whose storage is a container of its own
    {"torch_geometric.data.data", "Data", F::kContent, "_store"},
    {"torch_geometric.data.batch", "DynamicInheritanceGetter", F::kContent, "_store"},  // a Batch
    {"torch_geometric.data.storage", "GlobalStorage", F::kContent, "_mapping"},

    // ---- DeepSpeed
    {"deepspeed.runtime.fp16.loss_scaler", "DynamicLossScaler", F::kObject, {}},
    {"deepspeed.runtime.fp16.loss_scaler", "LossScaler", F::kObject, {}},
    {"deepspeed.runtime.zero.config", "ZeroStageEnum", F::kMember, {}},
    {"deepspeed.utils.tensor_fragment", "fragment_address", F::kObject, {}},
});
// clang-format on

constexpr std::pair<std::string_view, std::string_view> name_of(const RecordClass& row) {
  return {row.module, row.name};
}

constexpr auto kSorted = [] {
  auto rows = kRows;
  std::sort(rows.begin(), rows.end(),
            [](const RecordClass& a, const RecordClass& b) { return name_of(a) < name_of(b); });
  return rows;
}();

static_assert(std::adjacent_find(kSorted.begin(), kSorted.end(),
                                 [](const RecordClass& a, const RecordClass& b) {
                                   return name_of(a) == name_of(b);
                                 }) == kSorted.end(),
              "two rows have one name");

}  // namespace

std::string_view to_text(RecordForm form) {
  switch (form) {
    case RecordForm::kObject:
      return "object";
    case RecordForm::kMember:
      return "member";
    case RecordForm::kItems:
      return "items";
    case RecordForm::kArgument:
      return "argument";
    case RecordForm::kContent:
      return "content";
    case RecordForm::kValue:
      return "value";
  }
  return "";
}

std::span<const RecordClass> record_classes() { return kSorted; }

const RecordClass* find_record_class(std::string_view module, std::string_view name) {
  const std::pair wanted(module, name);
  const auto row = std::lower_bound(
      kSorted.begin(), kSorted.end(), wanted,
      [](const RecordClass& known, const auto& key) { return name_of(known) < key; });
  return row != kSorted.end() && name_of(*row) == wanted ? &*row : nullptr;
}

}  // namespace v0
}  // namespace safe_load
