#include "writing/safetensors_header.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/bytes.h"
#include "base/text.h"
#include "formats/safetensors_types.h"

namespace safe_load::writing {
namespace {

constexpr std::size_t kLengthSize = 8;
constexpr std::size_t kMostHeader = 100'000'000;  // as readers have it
constexpr std::string_view kMetadata = "__metadata__";

std::size_t rank_of(DType dtype) {
  const auto* const found = std::ranges::find(formats::kSafetensorsTypes, dtype);
  return static_cast<std::size_t>(found - std::begin(formats::kSafetensorsTypes));
}

// As the JSON writer of Rust (serde_json) does it: what must be escaped is, all else stays.
void append_text(std::string& out, std::string_view text) {
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const std::size_t special = kEscaped.find(c);
    if (special != std::string_view::npos) {
      (out += '\\') += kLetters[special];
    } else if (byte < 0x20) {
      ((out += "\\u00") += kDigits[byte >> 4]) += kDigits[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_numbers(std::string& out, std::span<const std::uint64_t> numbers) {
  out += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i != 0) out += ',';
    out += std::to_string(numbers[i]);
  }
  out += ']';
}

void append_tensor(std::string& out, const SafetensorsTensor& tensor, std::uint64_t begin) {
  std::vector<std::uint64_t> sizes(tensor.sizes.begin(), tensor.sizes.end());
  if (tensor.dtype == DType::kFloat4E2m1fnX2) sizes.back() *= 2;  // numbers, not their pairs
  append_text(out, tensor.name);
  out.append(":{\"dtype\":\"").append(info(tensor.dtype).label).append("\",\"shape\":");
  append_numbers(out, sizes);
  out += ",\"data_offsets\":";
  append_numbers(out, std::array{begin, begin + tensor.byte_count});
  out += '}';
}

}  // namespace

std::optional<Reason> why_not(const SafetensorsTensor& tensor) {
  if (rank_of(tensor.dtype) == std::size(formats::kSafetensorsTypes))
    return Reason("safetensors has no such type");
  if (tensor.dtype == DType::kFloat4E2m1fnX2 && tensor.sizes.empty())
    return Reason("safetensors has no pair of float4 without a dimension");
  if (tensor.name == kMetadata) return Reason("safetensors takes this name for its own");
  if (!base::is_utf8(tensor.name, false))
    return Reason("safetensors has no name that is not UTF-8");
  return std::nullopt;
}

Result<SafetensorsHeader> safetensors_header(
    std::span<const SafetensorsTensor> tensors,
    std::span<const std::pair<std::string, std::string>> metadata) {
  SafetensorsHeader header;
  header.order.resize(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) header.order[i] = i;
  std::ranges::sort(header.order, [&](std::size_t a, std::size_t b) {
    const std::size_t rank_a = rank_of(tensors[a].dtype);
    const std::size_t rank_b = rank_of(tensors[b].dtype);
    return rank_a != rank_b ? rank_a < rank_b : tensors[a].name < tensors[b].name;
  });
  std::string& out = header.bytes;
  out.assign(kLengthSize, '\0');
  out += '{';
  if (!metadata.empty()) {
    append_text(out, kMetadata);
    out += ":{";
    for (const auto& [name, text] : metadata) {
      if (!out.ends_with('{')) out += ',';
      append_text(out, name);
      out += ':';
      append_text(out, text);
    }
    out += '}';
  }
  for (const std::size_t i : header.order) {
    if (!out.ends_with('{')) out += ',';
    append_tensor(out, tensors[i], header.data_bytes);
    header.data_bytes += tensors[i].byte_count;
  }
  out += '}';
  out.append((kLengthSize - out.size() % kLengthSize) % kLengthSize, ' ');
  const std::uint64_t length = out.size() - kLengthSize;
  if (length > kMostHeader)
    return Error(ErrorCode::kLimit, "a header of more than 100 MB, which readers refuse");
  for (std::size_t i = 0; i < kLengthSize; ++i)
    out[i] = static_cast<char>(length >> (8 * i) & 0xFF);
  return header;
}

}  // namespace safe_load::writing
