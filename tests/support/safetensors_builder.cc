#include "support/safetensors_builder.h"

#include "support/zip_builder.h"

namespace test_support {

std::string safetensors(std::string_view header, std::string_view data, std::int64_t lie) {
  const auto size = static_cast<std::int64_t>(header.size()) + lie;
  return little(static_cast<std::uint64_t>(size), 8) + std::string(header) + std::string(data);
}

std::string safetensors_entry(std::string_view name, std::string_view dtype,
                              std::initializer_list<std::int64_t> shape, std::int64_t begin,
                              std::int64_t end) {
  std::string sizes;
  for (const std::int64_t size : shape) sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":[" +
         sizes + "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string json_object(std::initializer_list<std::string_view> entries) {
  std::string out;
  for (const std::string_view entry : entries) out += (out.empty() ? "" : ",") + std::string(entry);
  return "{" + out + "}";
}

}  // namespace test_support
