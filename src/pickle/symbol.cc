#include "pickle/symbol.h"

#include "base/text.h"
#include "base/try.h"
#include "pickle/python2_names.h"

namespace safe_load::pickle {

bool SymbolTable::are_proper(std::string_view module, std::string_view name) {
  constexpr std::size_t kMaxName = 4096;
  const auto is_proper = [](std::string_view part) {
    return !part.empty() && part.size() <= kMaxName && part.find('\0') == std::string_view::npos &&
           base::is_utf8(part, false);
  };
  return is_proper(module) && is_proper(name);
}

Result<std::uint32_t> SymbolTable::intern(std::string_view module, std::string_view name,
                                          std::uint64_t offset, base::Budget& memory) {
  const auto known = by_name_.find({module, name});
  if (known != by_name_.end()) return known->second;
  constexpr std::uint64_t kHashNode = 64;
  SAFE_LOAD_TRY(memory.take(2 * sizeof(Symbol) + 2 * kHashNode));
  // Two spellings of one name are one symbol, which keeps the first.
  const auto [new_module, new_name] = modern_name(module, name);
  const auto [modern, is_new] = by_name_.try_emplace({new_module, new_name}, size());
  const std::uint32_t index = modern->second;
  if (is_new)
    symbols_.push_back({new_module, new_name, module, name, static_cast<std::uint32_t>(offset)});
  by_name_.try_emplace({module, name}, index);
  return index;
}

}  // namespace safe_load::pickle
