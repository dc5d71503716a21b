// Promise: whatever the text, reading ends in a value that is no deeper than it may be and has no
// key twice in one object, or in an error at a place of the text.
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "json/reader.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = json::read(base::as_text(std::as_bytes(std::span(data, size))));
  if (!read) {
    if (read.error().reason().empty() || read.error().offset() > size) std::abort();
    return 0;
  }
  std::vector<std::pair<const json::Json*, std::size_t>> open = {{&*read, 0}};
  while (!open.empty()) {
    const auto [value, depth] = open.back();
    open.pop_back();
    if (depth > json::kMaxDepth) std::abort();
    if (const auto* items = value->array())
      for (const json::Json& item : *items) open.emplace_back(&item, depth + 1);
    const auto* members = value->object();
    if (members == nullptr) continue;
    std::set<std::string_view> keys;
    for (const auto& [key, part] : *members) {
      if (!keys.insert(key).second) std::abort();
      open.emplace_back(&part, depth + 1);
    }
  }
  return 0;
}
