// TarBuilder: tar archives in which every header can lie, and the checkpoints of torch 0.1 in them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/checkpoint_builder.h"

namespace test_support {

// One header. build() fills the rest with the truth.
struct TarHeader {
  std::string name;
  std::string size;  // the field as it stands: octal digits, or bytes of base 256
  char type = '0';
  std::string magic = std::string("ustar\0", 6) + "00";
  std::string prefix = "";
  std::int64_t checksum = 0;  // added to the truth
};

std::string octal(std::uint64_t value);    // a size in twelve bytes
std::string base256(std::uint64_t value);  // the same as GNU tar writes large ones

class TarBuilder {
 public:
  TarBuilder& member(std::string_view name, std::string_view content, char type = '0');
  // A pax header for the next member ('x'), or for all ('g').
  TarBuilder& pax(std::initializer_list<std::pair<std::string_view, std::string_view>> records,
                  char type = 'x');
  TarBuilder& long_name(std::string_view name);  // as GNU tar writes it, for the next member
  // Changes the header that was added last.
  template <class Lie>
  TarBuilder& lie(Lie&& change) {
    change(members_.back().header);
    return *this;
  }
  TarBuilder& end(std::string_view bytes);  // instead of two blocks of zeros

  std::string build() const;
  // Where the header of a member is; a pax header is a member of its own.
  std::uint64_t header_offset(std::size_t member) const;

 private:
  struct Member {
    TarHeader header;
    std::string content;
  };
  std::vector<Member> members_;
  std::string end_ = std::string(1024, '\0');
};

// ---- torch 0.1

// pickle((key, location, class)), the number of elements, the elements: a row of `storages`.
std::string tar_storage(std::int64_t key, std::string_view bytes, std::uint64_t count,
                        std::string_view kind = "FloatStorage", std::string_view location = "cpu");
// (key, root key, offset, count): an item of the list of views.
std::string tar_view(std::int64_t key, std::int64_t root, std::int64_t offset, std::int64_t count);
// pickle((key, storage key, class)), ndim, sizes, strides, offset: a row of `tensors`.
std::string tar_tensor(std::int64_t key, std::int64_t storage,
                       std::initializer_list<std::int64_t> sizes,
                       std::initializer_list<std::int64_t> strides, std::int64_t offset = 0,
                       std::string_view kind = "FloatTensor");
// The id of a value in these tables, as text or as a whole number.
std::string tar_id(std::string_view key);
std::string tar_id(std::int64_t key);

// What the members are made of; every part can lie.
struct TarCheckpoint {
  std::string value;  // pieces of a pickle
  std::vector<std::string> storages;
  std::vector<std::string> views;
  std::vector<std::string> tensors;
  std::int64_t storage_count = 0;  // added to the truth
  std::int64_t tensor_count = 0;

  std::string storages_member() const;
  std::string tensors_member() const;
  TarBuilder tar() const;
  std::string build() const { return tar().build(); }
};

}  // namespace test_support
