// RankName: the name of a file that one process of several saved.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace safe_load::sets {

// FSDP (verl, Lightning): "model_world_size_8_rank_3.pt". DeepSpeed: "mp_rank_00_model_states.pt",
// "zero_pp_rank_3_mp_rank_00_optim_states.pt". Llama, as Meta gives it out: "consolidated.03.pth".
struct RankName {
  std::string_view stem;         // "model"; of DeepSpeed "model_states", "optim_states"
  std::string_view end;          // ".pt"
  std::uint64_t world_size = 0;  // 0: the name does not tell
  std::uint64_t rank = 0;
};

std::optional<RankName> read_rank_name(std::string_view file_name);

}  // namespace safe_load::sets
