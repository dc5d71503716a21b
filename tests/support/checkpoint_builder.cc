#include "support/checkpoint_builder.h"

#include <bit>

#include "base/bytes.h"

namespace test_support {

using safe_load::Checkpoint;
using safe_load::Issue;
using safe_load::OpenOptions;
using safe_load::Result;

std::string text(std::string_view value) {
  return "X" + little(value.size(), 4) + std::string(value);
}

std::string bytes(std::string_view value) {
  return "B" + little(value.size(), 4) + std::string(value);
}

std::string python2(std::string_view value) {
  return "T" + little(value.size(), 4) + std::string(value);
}

std::string real(double value) {
  const std::string number = little(std::bit_cast<std::uint64_t>(value), 8);
  return "G" + std::string(number.rbegin(), number.rend());
}

std::string integer(std::int64_t value) {
  if (value >= 0 && value < 256) return "K" + little(static_cast<std::uint64_t>(value), 1);
  return "\x8a\x08" + little(static_cast<std::uint64_t>(value), 8);
}

namespace {

std::string joined(std::initializer_list<std::string_view> items) {
  std::string out;
  for (const std::string_view item : items) out += item;
  return out;
}

}  // namespace

std::string tuple(std::initializer_list<std::string_view> items) {
  return "(" + joined(items) + "t";
}
std::string list(std::initializer_list<std::string_view> items) {
  return "](" + joined(items) + "e";
}
std::string dict(std::initializer_list<std::string_view> keys_and_values) {
  return "}(" + joined(keys_and_values) + "u";
}
std::string symbol(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
std::string reduce(std::string_view callee, std::initializer_list<std::string_view> arguments) {
  return std::string(callee) + tuple(arguments) + "R";
}
std::string newobj(std::string_view callee, std::initializer_list<std::string_view> arguments) {
  return std::string(callee) + tuple(arguments) + "\x81";
}
std::string build(std::string_view object, std::string_view state) {
  return std::string(object) + std::string(state) + "b";
}

std::string storage(std::string_view key, std::int64_t count, std::string_view kind,
                    std::string_view location) {
  const bool is_untyped = kind == "UntypedStorage";
  return tuple({text("storage"), symbol(is_untyped ? "torch.storage" : "torch", kind), text(key),
                text(location), integer(count)}) +
         "Q";
}

std::string integers(std::initializer_list<std::int64_t> values) {
  std::string out = "(";
  for (const std::int64_t value : values) out += integer(value);
  return out + "t";
}

std::string tensor(std::string_view storage, std::int64_t offset,
                   std::initializer_list<std::int64_t> sizes,
                   std::initializer_list<std::int64_t> strides) {
  return rebuild("_rebuild_tensor_v2", {storage, integer(offset), integers(sizes),
                                        integers(strides), kFalse, ordered_dict()});
}

std::string ordered_dict() { return reduce(symbol("collections", "OrderedDict"), {}); }

std::string rebuild(std::string_view function, std::initializer_list<std::string_view> arguments) {
  return reduce(symbol("torch._utils", function), arguments);
}

std::string tensor_v3(std::string_view storage, std::string_view dtype, std::int64_t offset,
                      std::initializer_list<std::int64_t> sizes,
                      std::initializer_list<std::int64_t> strides) {
  return rebuild("_rebuild_tensor_v3",
                 {storage, integer(offset), integers(sizes), integers(strides), kFalse,
                  ordered_dict(), symbol("torch", dtype)});
}

std::string memoized(int index, std::string_view value) {
  return std::string(value) + "q" + static_cast<char>(index);
}
std::string fetched(int index) { return std::string("h") + static_cast<char>(index); }

CheckpointBuilder CheckpointBuilder::around(std::string_view pickle) {
  CheckpointBuilder builder;
  builder.pickle_ = pickle;
  return builder;
}

CheckpointBuilder& CheckpointBuilder::value(std::string_view value) {
  pickle_ = "\x80\x02" + std::string(value) + ".";
  return *this;
}

CheckpointBuilder& CheckpointBuilder::storage(std::string_view key, std::string_view bytes) {
  return record("data/" + std::string(key), bytes);
}

CheckpointBuilder& CheckpointBuilder::record(std::string_view name, std::string_view content) {
  records_.emplace_back("archive/" + std::string(name), content);
  return *this;
}

std::string CheckpointBuilder::build() const {
  ZipBuilder zip;
  zip.stored("archive/data.pkl", pickle_);
  for (const auto& [name, content] : records_) zip.stored(name, content);
  zip.stored("archive/version", "3\n");
  return zip.build();
}

Result<Checkpoint, Issue> open_bytes(std::string_view file, const OpenOptions& options) {
  const auto bytes = safe_load::base::as_bytes(file);
  return Checkpoint::open(std::vector<std::byte>(bytes.begin(), bytes.end()), options);
}

Result<Checkpoint, Issue> open(const CheckpointBuilder& file, const OpenOptions& options) {
  return open_bytes(file.build(), options);
}

std::string complaint(const CheckpointBuilder& file, const OpenOptions& options) {
  return complaint(file.build(), options);
}

std::string complaint(std::string_view file, const OpenOptions& options) {
  const auto as_line = [](const Issue& issue) {
    return std::string(to_text(issue.code)) + " at " + std::to_string(issue.offset) + ": " +
           issue.message;
  };
  const auto opened = open_bytes(file, options);
  if (!opened) return as_line(opened.error());
  std::string out;
  for (const Issue& issue : opened->issues()) out += (out.empty() ? "" : "\n") + as_line(issue);
  return out;
}

std::string told(std::string_view file) {
  const std::string found = complaint(file);
  const std::size_t at = found.find(" at ");
  return at == std::string::npos ? found : found.substr(0, at) + found.substr(found.find(':'));
}

}  // namespace test_support
