// LegacyBuilder: files of torch.save before torch 1.6, in which every part can lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/checkpoint_builder.h"

namespace test_support {

// What stands in the file, in this order. `magic` to `keys` are whole pickles.
struct LegacyParts {
  std::string magic;
  std::string version;
  std::string machine;
  std::string object;
  std::string keys;
  std::string data;
  std::string trailing;
};

// A value as a whole pickle, in a frame from protocol 4 on.
std::string pickled(std::string_view value, int protocol = 2);

class LegacyBuilder {
 public:
  explicit LegacyBuilder(std::string_view value, int protocol = 2);

  // The bytes of a storage: its key, its number of elements, the elements.
  LegacyBuilder& storage(std::string_view key, std::string_view bytes, std::size_t item_size = 4);
  // The same with a number of elements that may lie.
  LegacyBuilder& counted(std::string_view key, std::uint64_t count, std::string_view bytes);
  // Changes the parts when the file is built: .lie([](auto& parts) { parts.trailing = "x"; })
  template <class Lie>
  LegacyBuilder& lie(Lie&& change) {
    parts_.keys = keys();
    change(parts_);
    return *this;
  }

  std::string build() const;
  // Where the object begins, and the data.
  std::uint64_t object_offset() const;
  std::uint64_t data_offset() const;

 private:
  // Those that a lie has put there, else the list of what storage() got.
  std::string keys() const;

  int protocol_;
  LegacyParts parts_;
  std::string listed_;
};

// ("storage", torch.<kind>, key, location, count, view) as a persistent id.
std::string legacy_storage(std::string_view key, std::int64_t count,
                           std::string_view kind = "FloatStorage", std::string_view view = kNone,
                           std::string_view location = "cpu");
// (key, offset, count): the view of such an id.
std::string view_of(std::string_view key, std::int64_t offset, std::int64_t count);

}  // namespace test_support
