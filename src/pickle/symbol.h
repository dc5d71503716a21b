// Symbol: what GLOBAL gives. Two names and nothing behind them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/budget.h"
#include "base/hash.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

struct Symbol {
  std::string_view module;  // after the mapping of Python 2 names
  std::string_view name;
  std::string_view raw_module;  // as the file has it
  std::string_view raw_name;
  std::uint32_t first_offset = 0;

  bool is(std::string_view other_module, std::string_view other_name) const {
    return module == other_module && name == other_name;
  }
};

// Every distinct symbol of a pickle, numbered in order of first use.
class SymbolTable {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(symbols_.size()); }
  const Symbol& operator[](std::uint32_t index) const { return symbols_[index]; }

  // Whether these can be names: not empty, not too long, of characters that a name can have.
  static bool are_proper(std::string_view module, std::string_view name);

  // The number of this pair. The texts are views of the pickle and must outlive the table.
  Result<std::uint32_t> intern(std::string_view module, std::string_view name, std::uint64_t offset,
                               base::Budget& memory);

 private:
  struct PairHash {
    std::size_t operator()(const std::pair<std::string_view, std::string_view>& pair) const {
      base::SipHash hash;
      hash.add(pair.first);
      hash.add(pair.second);
      return static_cast<std::size_t>(hash.finish());
    }
  };

  std::vector<Symbol> symbols_;
  std::unordered_map<std::pair<std::string_view, std::string_view>, std::uint32_t, PairHash>
      by_name_;
};

}  // namespace safe_load::pickle
