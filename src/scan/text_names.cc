#include "scan/text_names.h"

namespace safe_load::scanner {

bool names_no_module(std::string_view module) {
  constexpr std::string_view kNeverInNames = " \t\r\"'`()[]{}<>:;,=#@!$%&*+|?^~";
  // Python imports what is in front of each dot first, and of ".x" it finds x.
  module.remove_prefix(module.starts_with('.') ? 1 : 0);
  const std::string_view first = module.substr(0, module.find('.'));
  return first.empty() || first.find_first_of(kNeverInNames) != std::string_view::npos;
}

bool is_only_words(const pickle::Tape& tape) {
  if (tape.symbols().size() == 0) return true;
  const pickle::Symbol& first = tape.symbols()[0];
  return tape.symbols().size() == 1 && first.first_offset == 0 && names_no_module(first.raw_module);
}

}  // namespace safe_load::scanner
