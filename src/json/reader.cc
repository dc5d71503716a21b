#include "json/reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/hash.h"

namespace safe_load::json {
namespace {

// Builds a Json from the parser's events. A method that returns false ends the parse.
class Builder {
 public:
  using Number = std::int64_t;

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(INT64_MAX))
      return add(static_cast<std::int64_t>(value));
    return add(static_cast<double>(value));
  }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(std::vector<std::uint8_t>&) { return false; }

  bool start_object(std::size_t) { return open<Json::Object>(); }
  bool start_array(std::size_t) { return open<Json::Array>(); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    if (!keys_.back().insert(name).second) return stop("JSON with one key twice in an object");
    // In place: clang 14 has no pair() of an unfinished type, GCC 14 false alarms about a moved
    // one.
    std::get<Json::Object>(open_.back()->value)
        .emplace_back(std::piecewise_construct, std::forward_as_tuple(std::move(name)),
                      std::forward_as_tuple());
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    error_ = Error(ErrorCode::kCorrupt, "text that is not JSON", position);
    return false;
  }

  Json root;
  const std::optional<Error>& error() const { return error_; }

 private:
  bool stop(Reason reason) {
    error_ = Error(ErrorCode::kCorrupt, reason);
    return false;
  }

  Json& place() {
    if (open_.empty()) return root;
    if (auto* items = std::get_if<Json::Array>(&open_.back()->value)) return items->emplace_back();
    return std::get<Json::Object>(open_.back()->value).back().second;
  }

  template <class T>
  bool add(T value) {
    place().value.emplace<T>(std::move(value));
    return true;
  }

  // The parts of what is open do not move before it is closed.
  template <class T>
  bool open() {
    if (open_.size() == kMaxDepth) return stop("JSON nested too deep");
    Json& at = place();
    at.value.emplace<T>();
    open_.push_back(&at);
    keys_.emplace_back();
    return true;
  }

  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::vector<Json*> open_;
  std::vector<std::unordered_set<std::string, base::TextHash>> keys_;
  std::optional<Error> error_;
};

}  // namespace

std::optional<std::int64_t> Json::integer() const {
  const auto* number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

const Json* Json::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  const auto found = std::find_if(members->begin(), members->end(),
                                  [&](const auto& member) { return member.first == key; });
  return found == members->end() ? nullptr : &found->second;
}

Result<Json> read(std::string_view text) {
  // The parser takes a NUL for the end of its input: what follows would be hidden.
  const std::size_t null = text.find('\0');
  if (null != std::string_view::npos)
    return Error(ErrorCode::kCorrupt, "text that is not JSON", null);
  Builder builder;
  const bool done = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  // The parser counts the end of the text as one more character that it has read.
  if (const auto& error = builder.error())
    return error->at(std::min<std::uint64_t>(error->offset(), text.size()));
  if (!done) return Error(ErrorCode::kCorrupt, "text that is not JSON");
  return std::move(builder.root);
}

}  // namespace safe_load::json
