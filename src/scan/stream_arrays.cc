#include "scan/stream_arrays.h"

#include "formats/joblib_arrays.h"
#include "scan/danger.h"

namespace safe_load::scanner {

bool names_stream_arrays(const pickle::Tape& tape) {
  for (std::uint32_t i = 0; i < tape.symbols().size(); ++i)
    if (formats::is_joblib_wrapper(tape.symbols()[i])) return true;
  return false;
}

bool names_danger(const pickle::Tape& tape) {
  for (std::uint32_t i = 0; i < tape.symbols().size(); ++i) {
    const pickle::Symbol& symbol = tape.symbols()[i];
    const bool is_dotted = symbol.name.find('.') != std::string_view::npos;
    if (is_dotted ? find_danger_in_tail(symbol.module, symbol.name).has_value()
                  : find_danger(symbol.module, symbol.name).has_value())
      return true;
  }
  return false;
}

}  // namespace safe_load::scanner
