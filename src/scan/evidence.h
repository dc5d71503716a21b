// Evidence: what the text of an argument looks like. Only the arguments of calls are looked at,
// never data: a vocabulary may hold any text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace safe_load::scanner {

enum class Evidence : std::uint8_t { kPython, kShell, kUrl, kHostPort, kSensitivePath, kSchema };

std::string_view to_text(Evidence evidence);
// Python, shell and sensitive paths are reasons by themselves; addresses are only shown.
bool is_grave(Evidence evidence);

// Adds what is found in the first 4 KiB of `text`, each kind once.
void collect_evidence(std::string_view text, std::vector<Evidence>& found);

}  // namespace safe_load::scanner
