#include "formats/safetensors_file.h"

#include <algorithm>
#include <array>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "formats/safetensors_types.h"
#include "pickle/tape_writer.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using json::Json;
using pickle::NodeId;

namespace {

constexpr std::uint64_t kLengthSize = 8;
constexpr std::uint64_t kMostHeader = 100'000'000;  // as in safetensors

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason, kLengthSize); }

// The types that the format names; other labels of ours are no names of it.
std::optional<DType> dtype_of(std::string_view label) {
  for (const DType type : kSafetensorsTypes)
    if (info(type).label == label) return type;
  return std::nullopt;
}

// Of a tensor, as torch counts them.
Result<std::vector<std::int64_t>> sizes_of(const Json::Array& shape, DType dtype,
                                           std::string_view name) {
  if (shape.size() > torch::kMostDims)
    return bad("a tensor with more than 64 dimensions").about(name);
  std::vector<std::int64_t> sizes;
  for (const Json& item : shape) {
    const auto size = item.integer();
    if (!size || *size < 0) return bad("a tensor with an impossible size").about(name);
    sizes.push_back(*size);
  }
  if (dtype == DType::kFloat4E2m1fnX2) {  // the header counts numbers, torch their pairs
    if (sizes.empty() || sizes.back() % 2 != 0)
      return bad("a tensor of float4 whose last size is odd").about(name);
    sizes.back() /= 2;
  }
  return sizes;
}

}  // namespace

Outcome<void> SafetensorsFile::read(Pickles& pickles) {
  info_.format = Format::kSafetensors;
  std::array<std::byte, kLengthSize> length;
  const Status read = slice_.part().read_at(0, length);
  if (!read) return Failure(read.error(), slice_.name);
  const auto size = base::load_little<std::uint64_t>(length.data());
  if (size > slice_.size - kLengthSize)
    return Failure(Error(ErrorCode::kTruncated, "the file ends before its header does"),
                   slice_.name);
  if (size > kMostHeader)
    return Failure(Error(ErrorCode::kLimit, "a header of more than 100 MB"), slice_.name);
  data_offset_ = kLengthSize + size;
  info_.pickle_bytes = size;
  header_ = pickles.add(slice_.behind(kLengthSize), size);
  return {};
}

Outcome<NodeId> SafetensorsFile::build(torch::TensorInterpreter& interpreter,
                                       const Pickles& pickles) {
  const auto fail = [&](const Error& error) { return Failure(error, slice_.name); };
  sections_.push_back({interpreter.tape().size(), slice_.name, 0});
  const base::Bytes bytes = pickles.program(header_).bytes;
  const auto header = json::read(base::as_text(bytes));
  if (!header) return fail(header.error().at(header.error().offset() + kLengthSize));
  if (header->object() == nullptr) return fail(bad("a header that is not a JSON object"));
  const auto root = add_tensors(interpreter, *header->object());
  if (!root) return fail(root.error());
  return NodeId{*root};
}

Result<NodeId> SafetensorsFile::add_tensors(torch::TensorInterpreter& interpreter,
                                            const Json::Object& header) {
  pickle::TapeWriter writer(interpreter.tape());
  interpreter.reserve(interpreter.storages().size() + header.size());
  std::vector<NodeId> items;
  items.reserve(2 * header.size());
  for (const auto& [name, facts] : header) {
    if (name == "__metadata__") {
      SAFE_LOAD_TRY(take_metadata(facts));
      continue;
    }
    SAFE_LOAD_TRY_ASSIGN(const NodeId key, writer.text(name));
    SAFE_LOAD_TRY_ASSIGN(const NodeId tensor, add_tensor(interpreter, key, facts));
    items.push_back(key);
    items.push_back(tensor);
  }
  info_.record_count = items.size() / 2;
  SAFE_LOAD_TRY(check_ranges());
  return writer.dict(items);
}

// {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
Result<NodeId> SafetensorsFile::add_tensor(torch::TensorInterpreter& interpreter, NodeId key,
                                           const Json& facts) {
  const std::string_view name = interpreter.tape().text(key);
  const Json* const label = facts.find("dtype");
  const Json* const shape = facts.find("shape");
  const Json* const offsets = facts.find("data_offsets");
  const bool is_whole = label != nullptr && label->text() != nullptr && shape != nullptr &&
                        shape->array() != nullptr && offsets != nullptr &&
                        offsets->array() != nullptr && offsets->array()->size() == 2;
  if (!is_whole) return bad("a tensor without a type, a shape or a range").about(name);
  const auto dtype = dtype_of(*label->text());
  if (!dtype)
    return Error(ErrorCode::kUnsupported, "a tensor of a type that torch does not have",
                 kLengthSize)
        .about(*label->text());

  SAFE_LOAD_TRY_ASSIGN(const std::vector<std::int64_t> sizes,
                       sizes_of(*shape->array(), *dtype, name));
  std::vector<std::int64_t> strides(sizes.size());
  std::uint64_t count = 1;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    strides[i] = static_cast<std::int64_t>(count);
    const auto next =
        base::checked_mul(count, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(sizes[i])));
    if (!next || *next > static_cast<std::uint64_t>(INT64_MAX))
      return bad("a tensor with an impossible size").about(name);
    count = *next;
  }
  const bool is_empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  const auto bytes = base::checked_mul(is_empty ? 0 : count, size_of(*dtype));

  const auto begin = (*offsets->array())[0].integer();
  const auto end = (*offsets->array())[1].integer();
  if (!begin || !end || *begin < 0 || *end < *begin)
    return bad("a tensor with an impossible range").about(name);
  const Range range{static_cast<std::uint64_t>(*begin), static_cast<std::uint64_t>(*end)};
  if (!bytes || range.end - range.begin != *bytes)
    return bad("a tensor whose range contradicts its shape").about(name);
  if (!base::fits(data_offset_, range.end, slice_.size))
    return Error(ErrorCode::kTruncated, "the file ends before the end of a tensor", data_offset_)
        .about(name);
  ranges_.push_back(range);

  data::StorageMap& storages = interpreter.storages();
  pickle::TapeWriter writer(interpreter.tape());
  data::Storage storage;
  storage.key = name;
  SAFE_LOAD_TRY_ASSIGN(storage.location, storages.number_of_location("cpu"));
  storage.dtype = *dtype;
  storage.byte_count = *bytes;
  if (*bytes != 0) {
    const std::uint64_t at = slice_.offset + data_offset_ + range.begin;
    if (slice_.memory == nullptr) {
      storage.place = at;
    } else {
      storage.place = slice_.memory + at;
    }
  }
  torch::Tensor tensor;
  SAFE_LOAD_TRY_ASSIGN(tensor.storage, storages.add(storage));
  tensor.dtype = *dtype;
  SAFE_LOAD_TRY_ASSIGN(tensor.sizes, writer.integers(sizes));
  SAFE_LOAD_TRY_ASSIGN(tensor.strides, writer.integers(strides));
  return interpreter.add_tensor(tensor);
}

// Text to text, as the format has it.
Status SafetensorsFile::take_metadata(const Json& metadata) {
  if (metadata.object() == nullptr) return bad("metadata that are not an object");
  for (const auto& [name, value] : *metadata.object()) {
    if (value.text() == nullptr) return bad("metadata that are not text").about(name);
    info_.metadata.emplace_back(name, *value.text());
  }
  return {};
}

// No byte belongs to two tensors or to none: the format forbids it, since a reader that trusts one
// of two names would see other weights than one that trusts the other.
Status SafetensorsFile::check_ranges() const {
  std::vector<Range> sorted = ranges_;
  std::sort(sorted.begin(), sorted.end(), [](const Range& a, const Range& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t end = 0;
  for (const Range& range : sorted) {
    if (range.begin != end) return bad("tensors that overlap, or bytes that belong to none");
    end = range.end;
  }
  if (end != slice_.size - data_offset_) return bad("bytes behind the last tensor");
  return {};
}

}  // namespace safe_load::formats
