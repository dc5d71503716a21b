// safetensors_builder: safetensors files in which the length, the header and the data can lie.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace test_support {

// The length of the header plus `lie`, the header, the data.
std::string safetensors(std::string_view header, std::string_view data, std::int64_t lie = 0);

// "name":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}
std::string safetensors_entry(std::string_view name, std::string_view dtype,
                              std::initializer_list<std::int64_t> shape, std::int64_t begin,
                              std::int64_t end);

// {entry,entry}
std::string json_object(std::initializer_list<std::string_view> entries);

}  // namespace test_support
