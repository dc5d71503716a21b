// The report for programs. docs/guide/json.md describes every member.
#include "base/text.h"
#include "json/writer.h"
#include "report/listing.h"
#include "safe_load/report.h"
#include "safe_load/version.h"

namespace safe_load {
inline namespace v0 {
namespace {

using json::JsonWriter;
using report::Listing;
using report::ValueRow;

void write_dims(JsonWriter& writer, std::string_view name, const Dims& dims) {
  writer.key(name);
  writer.begin_array();
  for (const std::int64_t size : dims) writer.value(size);
  writer.end_array();
}

void write_texts(JsonWriter& writer, std::string_view name, const std::vector<std::string>& texts) {
  writer.key(name);
  writer.begin_array();
  for (const std::string& text : texts) writer.value(text);
  writer.end_array();
}

void write_tensor_members(JsonWriter& writer, const TensorView& tensor) {
  writer.member("dtype", name(tensor.dtype()));
  write_dims(writer, "shape", tensor.shape());
  write_dims(writer, "strides", tensor.strides());
  writer.member("storage_offset", tensor.storage_offset());
  writer.member("bytes", tensor.byte_count());
  writer.member("storage", std::uint64_t{tensor.storage().id()});
  writer.member("storage_key", base::escaped(tensor.storage().key()));
  writer.member("location", base::escaped(tensor.storage().location()));
  writer.member("file_offset", tensor.file_offset());
  writer.member("requires_grad", tensor.requires_grad());
  writer.member("is_parameter", tensor.is_parameter());
}

void write_issue(JsonWriter& writer, const Issue& issue) {
  writer.begin_object();
  writer.member("code", to_text(issue.code));
  writer.member("message", issue.message);
  writer.member("member", issue.member);
  writer.member("offset", issue.offset);
  writer.member("path", issue.path);
  writer.member("hint", issue.hint);
  writer.end_object();
}

void write_symbols(JsonWriter& writer, std::string_view name, const std::vector<SymbolUse>& uses) {
  writer.key(name);
  writer.begin_array();
  for (const SymbolUse& use : uses) {
    writer.begin_object();
    writer.member("name", use.name);
    writer.member("count", use.count);
    writer.member("called", use.is_called);
    writer.member("path", use.object_path);
    writer.member("offset", use.offset);
    writer.end_object();
  }
  writer.end_array();
}

void write_container(JsonWriter& writer, const ContainerInfo& container) {
  writer.key("container");
  writer.begin_object();
  writer.member("format", to_text(container.format));
  writer.member("prefix", container.prefix);
  writer.member("version", container.version);
  writer.member("protocol", container.protocol);
  writer.member("byte_order", container.byte_order == ByteOrder::kBig ? "big" : "little");
  writer.member("file_size", container.file_size);
  writer.member("records", container.record_count);
  writer.member("pickle_bytes", container.pickle_bytes);
  write_texts(writer, "notes", container.notes);
  writer.end_object();
}

void begin_document(JsonWriter& writer, std::string_view schema) {
  writer.begin_object();
  writer.member("schema", schema);
  writer.member("safe_load", kVersion);
}

std::string end_document(JsonWriter writer) {
  writer.end_object();
  return std::move(writer).take() + '\n';
}

}  // namespace

std::string to_json(const Checkpoint& checkpoint, std::string_view title) {
  const Listing listing = report::collect(checkpoint);
  JsonWriter writer;
  begin_document(writer, "safe-load.inspect/1");
  writer.member("file", base::escaped(title, 4096));
  write_container(writer, checkpoint.container());
  writer.member("tensor_count", listing.distinct_tensors);
  writer.member("storage_bytes", listing.storage_bytes);
  writer.key("tensors");
  writer.begin_array();
  for (const NamedTensor& row : listing.tensors) {
    writer.begin_object();
    writer.member("name", row.name);
    writer.member("path", row.path);
    writer.member("tensor", std::uint64_t{row.tensor.id()});
    writer.member("is_alias", row.is_alias);
    write_tensor_members(writer, row.tensor);
    writer.end_object();
  }
  writer.end_array();
  writer.key("values");
  writer.begin_array();
  for (const ValueRow& row : listing.values) {
    writer.begin_object();
    writer.member("path", row.path);
    writer.member("kind", row.kind);
    writer.member("text", row.text);
    writer.end_object();
  }
  writer.end_array();
  write_texts(writer, "origins", listing.origins);
  writer.key("rank_tensors");
  writer.begin_array();
  for (const RankTensor& tensor : listing.ranks) {
    writer.begin_object();
    writer.member("file", tensor.file);
    writer.member("name", tensor.name);
    writer.member("dtype", name(tensor.dtype));
    write_dims(writer, "shape", tensor.shape);
    writer.member("placement", tensor.placement);
    writer.end_object();
  }
  writer.end_array();
  write_symbols(writer, "unknown_globals", listing.unknown);
  write_symbols(writer, "known_globals", listing.known);
  writer.key("issues");
  writer.begin_array();
  for (const Issue& issue : checkpoint.issues()) write_issue(writer, issue);
  writer.end_array();
  return end_document(std::move(writer));
}

std::string to_json(const Checkpoint& checkpoint, const ValueView& value) {
  JsonWriter writer;
  begin_document(writer, "safe-load.show/1");
  writer.member("path", checkpoint.path(value));
  writer.member("kind", to_text(value.kind()));
  writer.member("class", value.class_name());
  writer.member("text", summary(value));
  if (const auto tensor = value.tensor()) {
    write_tensor_members(writer, *tensor);
    if (const auto statistics = tensor->statistics()) {
      writer.key("statistics");
      writer.begin_object();
      writer.member("count", statistics->count);
      writer.member("nan", statistics->nan_count);
      writer.member("infinite", statistics->infinite_count);
      writer.member("minimum", statistics->minimum);
      writer.member("maximum", statistics->maximum);
      writer.member("mean", statistics->mean);
      writer.member("standard_deviation", statistics->standard_deviation);
      writer.end_object();
    }
  }
  return end_document(std::move(writer));
}

std::string to_json(const Issue& issue, std::string_view title) {
  JsonWriter writer;
  begin_document(writer, "safe-load.error/1");
  writer.member("file", base::escaped(title, 4096));
  writer.key("error");
  write_issue(writer, issue);
  return end_document(std::move(writer));
}

}  // namespace v0
}  // namespace safe_load
