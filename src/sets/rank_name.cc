#include "sets/rank_name.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace safe_load::sets {
namespace {

constexpr std::string_view kWorldSize = "_world_size_";
constexpr std::string_view kRank = "_rank_";
constexpr std::string_view kLlama = "consolidated.";
constexpr std::string_view kDeepSpeedRank = "mp_rank_";
constexpr auto kDeepSpeed = std::to_array<std::string_view>({"model_states", "optim_states"});
// Beside checkpoints such folders hold settings and logs, which may be called alike.
constexpr auto kEnds = std::to_array<std::string_view>({".bin", ".ckpt", ".pt", ".pth"});

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "zero_pp_rank_3_mp_rank_00_optim_states.pt"
std::optional<RankName> read_deepspeed_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t rank = name.rfind(kDeepSpeedRank);
  if (dot == std::string_view::npos || rank == std::string_view::npos || rank > dot)
    return std::nullopt;
  const bool is_alone = rank == 0 || name[rank - 1] == '_';
  const std::string_view rest =
      name.substr(rank + kDeepSpeedRank.size(), dot - rank - kDeepSpeedRank.size());
  const std::size_t line = rest.find('_');
  if (!is_alone || line == std::string_view::npos) return std::nullopt;
  const auto number = base::parse_uint64(rest.substr(0, line));
  const std::string_view stem = rest.substr(line + 1);
  if (!number || !is_one_of(kDeepSpeed, stem)) return std::nullopt;
  return RankName{stem, name.substr(dot), 0, *number};
}

// "model_world_size_8_rank_3.pt"
std::optional<RankName> read_fsdp_name(std::string_view name) {
  const std::size_t world = name.find(kWorldSize);
  if (world == std::string_view::npos) return std::nullopt;
  const std::string_view rest = name.substr(world + kWorldSize.size());
  const std::size_t rank = rest.find(kRank);
  const std::size_t dot = rest.rfind('.');
  if (world == 0 || rank == std::string_view::npos || dot == std::string_view::npos ||
      dot < rank + kRank.size())
    return std::nullopt;
  const auto world_size = base::parse_uint64(rest.substr(0, rank));
  const auto number =
      base::parse_uint64(rest.substr(rank + kRank.size(), dot - rank - kRank.size()));
  if (!world_size || !number || *number >= *world_size) return std::nullopt;
  return RankName{name.substr(0, world), rest.substr(dot), *world_size, *number};
}

// "consolidated.03.pth"
std::optional<RankName> read_llama_name(std::string_view name) {
  constexpr std::size_t kDigits = 2;
  if (!name.starts_with(kLlama)) return std::nullopt;
  const std::string_view digits = name.substr(kLlama.size(), kDigits);
  const std::string_view end = name.substr(kLlama.size() + digits.size());
  const auto number = base::parse_uint64(digits);
  if (digits.size() != kDigits || !number || end != ".pth") return std::nullopt;
  return RankName{kLlama.substr(0, kLlama.size() - 1), end, 0, *number};
}

}  // namespace

std::optional<RankName> read_rank_name(std::string_view name) {
  std::optional<RankName> found = read_fsdp_name(name);
  if (!found) found = read_deepspeed_name(name);
  if (!found) found = read_llama_name(name);
  return found && is_one_of(kEnds, found->end) ? found : std::nullopt;
}

}  // namespace safe_load::sets
