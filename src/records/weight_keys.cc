// The keys and prefixes by which weights are found and named; python/safe_load/_weights.py goes by
// them, too.
#include <array>

#include "safe_load/weights.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr auto kUsualKeys = std::to_array<std::string_view>({
    // ---- the model
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "module",       // DeepSpeed
    "params_ema",   // BasicSR, Real-ESRGAN; before "params", as they do
    "ema",          // YOLO, where "model" is None
    "model_state",  // speech, DeepLab
    "model_weights",
    "network_weights",  // nnU-Net
    "net_state_dict",
    "network_state_dict",
    // ---- its kinds and parts, the one that is used for inference first
    "params",
    "network",
    "weights",
    "weight",      // RVC, GPT-SoVITS
    "pipeline",    // nerfstudio
    "best_state",  // AudioCraft
    "state",       // demucs
    "model_ema",
    "ema_model",
    "state_dict_ema",
    "ema_state_dict",
    "g_ema",  // StyleGAN 2 and its kin
    "G_ema",
    "generator_ema",
    "generator",  // HiFi-GAN, BigVGAN
    "netG",
    "net_g",
    "G",
    "g",
    "teacher",  // DINO
    "student",
    "discriminator",
    "netD",
    "net_d",
    "D",
    "d",
    "dino_loss",
    "augment_pipe",
});
static_assert(kUsualKeys[kSureWeightKeys] == "params");

constexpr auto kTrainingWords =
    std::to_array<std::string_view>({"optim", "scheduler", "rng_state", "random_state"});

constexpr auto kPrefixes = std::to_array<NamePrefix>({
    {"_orig_mod.", true},                   // torch.compile
    {"_fsdp_wrapped_module.", true},        // FullyShardedDataParallel
    {"_checkpoint_wrapped_module.", true},  // activation checkpointing
    {"module.", false},                     // DataParallel, DistributedDataParallel
});

}  // namespace

std::span<const std::string_view> usual_weight_keys() { return kUsualKeys; }

std::span<const std::string_view> training_words() { return kTrainingWords; }

std::span<const NamePrefix> usual_prefixes() { return kPrefixes; }

}  // namespace v0
}  // namespace safe_load
