#include "writing/plain_values.h"

#include <bit>
#include <utility>

namespace safe_load::writing {
namespace {

// As few bytes as keep the sign.
base::Bytes without_spare_bytes(base::Bytes value) {
  while (!value.empty()) {
    const auto last = std::to_integer<unsigned>(value.back());
    const bool next_is_negative =
        value.size() > 1 && (std::to_integer<unsigned>(value[value.size() - 2]) & 0x80) != 0;
    const bool is_spare = last == (next_is_negative ? 0xFFu : 0u);
    if (!is_spare) break;
    value = value.first(value.size() - 1);
  }
  return value;
}

std::string bytes_of(std::uint64_t number) {
  std::string bytes;
  base::append_little(bytes, number, sizeof number);
  return bytes;
}

}  // namespace

PlainValues::Id PlainValues::add(Kind kind, base::Bytes bytes) {
  const Id id = static_cast<Id>(values_.size());
  values_.push_back({kind, static_cast<std::uint32_t>(bytes.size()), bytes.data(), 0});
  return id;
}

base::Bytes PlainValues::own(std::string text) {
  return base::as_bytes(texts_.emplace_back(std::move(text)));
}

PlainValues::Id PlainValues::integer(std::int64_t value) {
  return integer(own(bytes_of(static_cast<std::uint64_t>(value))));
}

PlainValues::Id PlainValues::integer(base::Bytes value) {
  return add(Kind::kInteger, without_spare_bytes(value));
}

PlainValues::Id PlainValues::real(double value) {
  std::string bytes = bytes_of(std::bit_cast<std::uint64_t>(value));
  return add(Kind::kReal, own(std::string(bytes.rbegin(), bytes.rend())));
}

PlainValues::Id PlainValues::constant(std::string_view text) {
  const auto [found, is_new] = constants_.try_emplace(std::string(text), kNothing);
  if (is_new) found->second = own_text(std::string(text));
  return found->second;
}

PlainValues::Id PlainValues::global(std::string_view module, std::string_view name) {
  std::string key(module);
  (key += '\n') += name;
  const auto [found, is_new] = globals_.try_emplace(std::move(key), kNothing);
  if (is_new) found->second = add(Kind::kGlobal, own(found->first));
  return found->second;
}

void PlainValues::set_parts(Id container, std::span<const Id> parts) {
  Value& value = values_[container];
  value.first_part = parts_.size();
  value.count = static_cast<std::uint32_t>(parts.size());
  parts_.insert(parts_.end(), parts.begin(), parts.end());
}

PlainValues::Id PlainValues::tuple(std::initializer_list<Id> parts) {
  const Id id = container(Kind::kTuple);
  set_parts(id, parts);
  return id;
}

PlainValues::Id PlainValues::call(Id function, std::initializer_list<Id> arguments) {
  const Id id = container(Kind::kCall);
  const Id parts[] = {function, tuple(arguments), kNothing};
  set_parts(id, parts);
  return id;
}

void PlainValues::set_integer(Id id, std::int64_t value) {
  const base::Bytes bytes = without_spare_bytes(own(bytes_of(static_cast<std::uint64_t>(value))));
  values_[id].first = bytes.data();
  values_[id].count = static_cast<std::uint32_t>(bytes.size());
}

void PlainValues::set_text(Id id, std::string text) {
  const base::Bytes bytes = own(std::move(text));
  values_[id].first = bytes.data();
  values_[id].count = static_cast<std::uint32_t>(bytes.size());
}

}  // namespace safe_load::writing
