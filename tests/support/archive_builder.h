// Parts of the archives of torch.package and torch.export.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace test_support {

// The persistent id of torch.package for a storage of `numel` elements.
std::string package_storage(std::int64_t number, std::int64_t numel,
                            std::string_view storage_class = "FloatStorage");
// The persistent id of what module.function(*arguments) would build; with an id of the package if
// it is not negative.
std::string package_object(std::string_view module, std::string_view function,
                           std::string_view arguments, std::int64_t id = -1);

// {"config": {rows}}
std::string export_config(std::initializer_list<std::string_view> rows);
// "name": {...}: a float32 tensor over a record.
std::string export_row(std::string_view name, std::string_view path,
                       std::initializer_list<std::int64_t> sizes,
                       std::initializer_list<std::int64_t> strides, std::int64_t offset = 0);
// The same with another number for its type, and whether the record is a checkpoint of its own.
std::string export_row_of(int dtype, bool use_pickle, std::string_view name, std::string_view path);

}  // namespace test_support
