#include "formats/array_file.h"

#include "base/byte_reader.h"
#include "base/text.h"
#include "base/try.h"
#include "types/array_header.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using pickle::Kind;
using pickle::NodeId;

namespace {

constexpr std::uint64_t kMagicSize = 6;
constexpr std::uint64_t kMostHeader = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostBytes = 0xFFFFFFFF;  // of one value on the tape

struct Place {
  std::uint64_t header_at;
  std::uint64_t header_size;
  bool is_latin1;
};

// The version, and the size of the header: 16 bits in version 1, 32 later. UTF-8 since version 3.
Result<Place> find_header(base::Bytes content) {
  base::ByteReader reader(content);
  SAFE_LOAD_TRY(reader.skip(kMagicSize));
  SAFE_LOAD_TRY_ASSIGN(const auto major, reader.read_little<std::uint8_t>());
  SAFE_LOAD_TRY(reader.skip(1));
  if (major < 1 || major > 3)
    return Error(ErrorCode::kUnsupported, "a .npy file of an unknown version", kMagicSize);
  std::uint64_t size = 0;
  if (major == 1) {
    SAFE_LOAD_TRY_ASSIGN(size, reader.read_little<std::uint16_t>());
  } else {
    SAFE_LOAD_TRY_ASSIGN(size, reader.read_little<std::uint32_t>());
  }
  if (size > kMostHeader)
    return Error(ErrorCode::kLimit, "a header of more than 1 MiB", kMagicSize);
  if (size > reader.remaining())
    return Error(ErrorCode::kTruncated, "the file ends before its header does", kMagicSize);
  return Place{reader.offset(), size, major < 3};
}

std::string from_latin1(std::string_view text) {
  std::string utf8;
  for (const char c : text) base::append_utf8(utf8, static_cast<std::uint8_t>(c));
  return utf8;
}

}  // namespace

Outcome<void> ArrayFile::read(Pickles& pickles) {
  content_ = pickles.add(slice_, slice_.size);
  return {};
}

Outcome<NodeId> ArrayFile::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const auto fail = [&](const Error& error, std::uint64_t shift = 0) {
    return Failure(error.at(error.offset() + shift), slice_.name);
  };
  sections_.push_back({interpreter.tape().size(), slice_.name, 0});
  const base::Bytes content = pickles.program(content_).bytes;
  const auto place = find_header(content);
  if (!place) return fail(place.error());
  const auto text = base::as_text(content.subspan(static_cast<std::size_t>(place->header_at),
                                                  static_cast<std::size_t>(place->header_size)));
  const auto literal = types::read_python_literal(
      interpreter.tape(), place->is_latin1 ? from_latin1(text) : std::string(text));
  if (!literal) return fail(literal.error(), place->header_at);
  const auto header = interpreter.read_array_header(*literal);
  if (!header) return fail(header.error(), place->header_at);
  info_.record_count = 1;

  const std::uint64_t data_at = place->header_at + place->header_size;
  const pickle::Program data = pickles.program(content_, data_at);
  if (!header->has_objects) {
    const auto array = add_array(interpreter, *header, data);
    if (!array) return fail(array.error(), data_at);
    return NodeId{*array};
  }
  const auto built = run(interpreter, data, ids_, slice_.name, data_at);
  if (!built) return built.error();
  info_.pickle_bytes = built->end;
  note_rest(slice_.behind(data_at + built->end), "the pickle");
  return NodeId{built->root};
}

Result<NodeId> ArrayFile::add_array(torch::TensorInterpreter& interpreter,
                                    const types::Interpreter::FileArray& header,
                                    const pickle::Program& data) {
  if (data.bytes.size() > kMostBytes)
    return Error(ErrorCode::kLimit, "an array of more than 4 GiB");
  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t size, interpreter.size_of_array(header));
  if (size > data.bytes.size())
    return Error(ErrorCode::kTruncated, "the file ends before the end of its array");
  note_rest(slice_.behind(slice_.size - data.bytes.size() + size), "the array");
  SAFE_LOAD_TRY_ASSIGN(const NodeId bytes,
                       interpreter.tape().add_node(
                           {Kind::kBytes, 0, 0, static_cast<std::uint32_t>(size), data.place}));
  return interpreter.add_file_array(header, bytes);
}

}  // namespace safe_load::formats
