// CheckpointBuilder: torch zip files around pickles that are written by hand.
#pragma once

#include <safe_load/checkpoint.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "support/zip_builder.h"

namespace test_support {

// ---- pieces of a pickle; each pushes one value

inline constexpr std::string_view kNone = "N";
inline constexpr std::string_view kTrue = "\x88";
inline constexpr std::string_view kFalse = "\x89";

std::string text(std::string_view value);
std::string bytes(std::string_view value);
std::string python2(std::string_view value);  // a str of Python 2
std::string integer(std::int64_t value);
std::string real(double value);
std::string tuple(std::initializer_list<std::string_view> items);
std::string list(std::initializer_list<std::string_view> items);
std::string dict(std::initializer_list<std::string_view> keys_and_values);
std::string symbol(std::string_view module, std::string_view name);
std::string reduce(std::string_view callee, std::initializer_list<std::string_view> arguments);
std::string newobj(std::string_view callee, std::initializer_list<std::string_view> arguments);
std::string build(std::string_view object, std::string_view state);
// ("storage", torch.<kind>, key, "cpu", count) as a persistent id.
std::string storage(std::string_view key, std::int64_t count,
                    std::string_view kind = "FloatStorage", std::string_view location = "cpu");
// _rebuild_tensor_v2(storage, offset, sizes, strides, False, OrderedDict()).
std::string tensor(std::string_view storage, std::int64_t offset,
                   std::initializer_list<std::int64_t> sizes,
                   std::initializer_list<std::int64_t> strides);
std::string integers(std::initializer_list<std::int64_t> values);  // as a tuple
std::string ordered_dict();                                        // an empty one
// torch._utils.<function>(arguments).
std::string rebuild(std::string_view function, std::initializer_list<std::string_view> arguments);
// _rebuild_tensor_v3(untyped storage, offset, sizes, strides, False, OrderedDict(), torch.<dtype>).
std::string tensor_v3(std::string_view storage, std::string_view dtype, std::int64_t offset,
                      std::initializer_list<std::int64_t> sizes,
                      std::initializer_list<std::int64_t> strides);
// Stores the value in the memo, and fetches it. REQUIRES: index < 256.
std::string memoized(int index, std::string_view value);
std::string fetched(int index);

// The bytes of some numbers, as they stand in memory.
template <class T>
std::string raw(std::initializer_list<T> values) {
  std::string out;
  for (const T& value : values) out.append(reinterpret_cast<const char*>(&value), sizeof value);
  return out;
}

// ---- the file

class CheckpointBuilder {
 public:
  // A whole value; PROTO and STOP are added.
  explicit CheckpointBuilder(std::string_view value) { this->value(value); }
  // The pickle as it is.
  static CheckpointBuilder around(std::string_view pickle);

  CheckpointBuilder& value(std::string_view value);  // instead of the one it has
  CheckpointBuilder& storage(std::string_view key, std::string_view bytes);
  CheckpointBuilder& record(std::string_view name, std::string_view content);

  std::string build() const;
  std::string_view pickle() const { return pickle_; }

 private:
  CheckpointBuilder() = default;

  std::string pickle_;
  std::vector<std::pair<std::string, std::string>> records_;
};

// Opens bytes that it copies, so that a temporary may be passed.
safe_load::Result<safe_load::Checkpoint, safe_load::Issue> open_bytes(
    std::string_view file, const safe_load::OpenOptions& options = {});
safe_load::Result<safe_load::Checkpoint, safe_load::Issue> open(
    const CheckpointBuilder& file, const safe_load::OpenOptions& options = {});

// "CODE at OFFSET: message" of the one thing that is wrong with the file (why it does not open, or
// its only issue), "" if nothing is, and all issues in lines if there are several.
std::string complaint(std::string_view file, const safe_load::OpenOptions& options = {});
std::string complaint(const CheckpointBuilder& file, const safe_load::OpenOptions& options = {});
// complaint() without the offset.
std::string told(std::string_view file);

}  // namespace test_support
