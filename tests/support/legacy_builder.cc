#include "support/legacy_builder.h"

namespace test_support {

using namespace std::string_literals;

std::string pickled(std::string_view value, int protocol) {
  std::string program = std::string(value) + ".";
  if (protocol < 2) return program;
  const std::string frame = protocol < 4 ? "" : "\x95" + little(program.size(), 8);
  return "\x80" + little(static_cast<std::uint64_t>(protocol), 1) + frame + program;
}

LegacyBuilder::LegacyBuilder(std::string_view value, int protocol) : protocol_(protocol) {
  const std::string magic =
      protocol < 2 ? "L119547037146038801333356L\n" : "\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19"s;
  parts_.magic = pickled(magic, protocol);
  parts_.version = pickled(integer(1001), protocol);
  parts_.machine = pickled(
      dict({text("protocol_version"), integer(1001), text("little_endian"), kTrue,
            text("type_sizes"), dict({text("short"), integer(2), text("int"), integer(4)})}),
      protocol);
  parts_.object = pickled(value, protocol);
}

LegacyBuilder& LegacyBuilder::storage(std::string_view key, std::string_view bytes,
                                      std::size_t item_size) {
  return counted(key, bytes.size() / item_size, bytes);
}

LegacyBuilder& LegacyBuilder::counted(std::string_view key, std::uint64_t count,
                                      std::string_view bytes) {
  listed_ += text(key);
  parts_.keys.clear();
  parts_.data += little(count, 8) + std::string(bytes);
  return *this;
}

std::string LegacyBuilder::keys() const {
  return parts_.keys.empty() ? pickled("](" + listed_ + "e", protocol_) : parts_.keys;
}

std::uint64_t LegacyBuilder::object_offset() const {
  return parts_.magic.size() + parts_.version.size() + parts_.machine.size();
}

std::uint64_t LegacyBuilder::data_offset() const {
  return object_offset() + parts_.object.size() + keys().size();
}

std::string LegacyBuilder::build() const {
  return parts_.magic + parts_.version + parts_.machine + parts_.object + keys() + parts_.data +
         parts_.trailing;
}

std::string legacy_storage(std::string_view key, std::int64_t count, std::string_view kind,
                           std::string_view view, std::string_view location) {
  const bool is_untyped = kind == "UntypedStorage";
  return tuple({text("storage"), symbol(is_untyped ? "torch.storage" : "torch", kind), text(key),
                text(location), integer(count), view}) +
         "Q";
}

std::string view_of(std::string_view key, std::int64_t offset, std::int64_t count) {
  return tuple({text(key), integer(offset), integer(count)});
}

}  // namespace test_support
