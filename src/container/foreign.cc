#include "container/foreign.h"

#include <algorithm>
#include <optional>

#include "archive/tar_directory.h"
#include "archive/zip_damage.h"
#include "base/text.h"
#include "json/reader.h"

namespace safe_load::container {

using archive::Sniffed;

namespace {

constexpr std::size_t kMostShown = 16;  // bytes, or names

std::string count(std::uint64_t number, std::string_view unit) {
  return std::to_string(number) + " " + std::string(unit) + (number == 1 ? "" : "s");
}

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// The text behind "name " at the start of a line.
std::string_view line_after(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? "" : first_line(text.substr(at + name.size()));
}

std::string pointer_facts(std::string_view text) {
  const auto size = base::parse_uint64(line_after(text, "\nsize "));
  const std::string_view oid = line_after(text, "\noid ");
  std::string facts;
  if (size) facts += "; the real file has " + count(*size, "byte");
  if (!oid.empty()) facts += ", oid " + base::escaped(oid, 80);
  return facts;
}

std::string page_facts(std::string_view text) {
  constexpr std::string_view kTitle = "<title>";
  const std::string_view tag = text.substr(std::min(text.find('<'), text.size()));
  const std::size_t end = std::min(tag.find('>'), tag.size());
  std::string facts = ", begins with " + base::quoted(tag.substr(0, end + 1), 40);
  const std::size_t title = text.find(kTitle);
  if (title == std::string_view::npos) return facts;
  const std::string_view rest = text.substr(title + kTitle.size());
  return facts + ", title " + base::quoted(rest.substr(0, rest.find('<')), 80);
}

// What an error message of a server says, or the keys.
std::string json_facts(const Slice& slice) {
  constexpr std::uint64_t kMostText = std::uint64_t{1} << 20;
  if (slice.size > kMostText) return "";
  std::string text(static_cast<std::size_t>(slice.size), '\0');
  if (!slice.part().read_at(0, base::as_writable_bytes(text))) return "";
  const auto read = json::read(text);
  if (!read || read->object() == nullptr) return "";
  for (const std::string_view key : {"error", "message"})
    if (const json::Json* said = read->find(key); said != nullptr && said->text() != nullptr)
      return ", which says " + base::quoted(*said->text());
  std::string keys;
  const auto& members = *read->object();
  for (std::size_t i = 0; i < std::min(members.size(), kMostShown); ++i)
    keys += (i == 0 ? "" : ", ") + base::quoted(members[i].first, 40);
  return keys.empty() ? "" : " with the keys " + keys;
}

std::string tar_facts(const Slice& slice) {
  const auto members = archive::read_tar(slice.part());
  if (!members) return "";
  std::string names;
  for (std::size_t i = 0; i < std::min(members->size(), kMostShown); ++i)
    names += (i == 0 ? "" : ", ") + base::escaped((*members)[i].name, 60);
  return names.empty() ? "" : " without the members of a checkpoint; it holds " + names;
}

std::string hex(base::Bytes head) {
  std::string out;
  for (const std::byte byte : head.first(std::min(head.size(), kMostShown))) {
    out += out.empty() ? "" : " ";
    base::append_hex(out, std::to_integer<unsigned>(byte), 2);
  }
  return out;
}

}  // namespace

Failure describe_foreign(const Slice& slice, const Sniffed& sniffed, base::Bytes head) {
  const std::string_view text = base::as_text(head);
  Failure failure(Error(ErrorCode::kUnsupported, "no checkpoint"), slice.name);
  failure.hint = sniffed.hint;
  std::string what(sniffed.what);
  std::string facts;
  switch (sniffed.kind) {
    case Sniffed::Kind::kPointer:
      facts = pointer_facts(text);
      break;
    case Sniffed::Kind::kPage:
      facts = page_facts(text);
      break;
    case Sniffed::Kind::kJson:
      facts = json_facts(slice);
      break;
    case Sniffed::Kind::kTar:
      facts = tar_facts(slice);
      break;
    case Sniffed::Kind::kText:
      facts = ", first line " + base::quoted(first_line(text), 80);
      break;
    case Sniffed::Kind::kZip:
    case Sniffed::Kind::kLegacy:
    case Sniffed::Kind::kSafetensors:
    case Sniffed::Kind::kArray:
    case Sniffed::Kind::kCompressed:
    case Sniffed::Kind::kProgram:
    case Sniffed::Kind::kPickle:
    case Sniffed::Kind::kZeros:
    case Sniffed::Kind::kOther:
      if (slice.size != 0) facts = ", first bytes " + hex(head);
      break;
  }
  failure.message = "this is " + what + " (" + count(slice.size, "byte") + facts + ")";
  return failure;
}

Failure describe_damaged_zip(const Slice& slice, Failure why) {
  const base::PartSource part = slice.part();
  const bool is_misplaced = why.error.code() == ErrorCode::kCorrupt;
  const auto shift = is_misplaced ? archive::directory_shift(part) : std::nullopt;
  const bool is_later = shift && *shift > 0;
  const bool is_cut =
      is_later && archive::is_inside_another(part, static_cast<std::uint64_t>(*shift));
  if (is_later && archive::is_seam(part, static_cast<std::uint64_t>(*shift))) {
    why.error = Error(ErrorCode::kUnsupported, "several zip files in one");
    why.message =
        "several zip files, one behind the other, as a shard of a distributed checkpoint; "
        "the last begins at byte " +
        std::to_string(*shift);
    why.hint = "open the folder that the shard belongs to";
    return why;
  }
  if (is_cut) {
    why.error = Error(ErrorCode::kTruncated, "a zip file that is cut off");
  } else if (shift) {
    why.message = std::string(why.error.reason()) + ": it is " +
                  count(static_cast<std::uint64_t>(is_later ? *shift : -*shift), "byte") +
                  (is_later ? " later" : " earlier") + " than the file says";
    why.hint = "bytes were inserted or lost, as a transfer in text mode does; download it again";
    return why;
  }
  if (why.error.code() != ErrorCode::kTruncated) return why;
  why.message = "a zip file that is cut off after " + count(slice.size, "byte") +
                ": it has no central directory";
  if (const auto last = archive::last_whole_record(part))
    why.message += "; the last whole record is " + base::escaped(last->name) +
                   ", which ends at byte " + std::to_string(last->end);
  why.hint = "download or save it again; part of it is missing";
  return why;
}

}  // namespace safe_load::container
