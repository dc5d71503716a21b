// Why torch refuses a file, in plain words and as JSON.
#include "safe_load/explain.h"

#include <algorithm>

#include "base/text.h"
#include "json/writer.h"
#include "safe_load/report.h"

namespace safe_load {
inline namespace v0 {
namespace {

std::string_view what_we_do(const Refusal& refusal) {
  switch (refusal.kind) {
    case RefusalKind::kContainer:
      return "opens it";
    case RefusalKind::kOpcode:
    case RefusalKind::kText:
      return "reads it";
    case RefusalKind::kGlobal:
    case RefusalKind::kImport:
    case RefusalKind::kBlocked:
      return refusal.is_rebuilt ? "rebuilds the value, without calling the name"
                                : "keeps an inert record of it, and calls nothing";
    case RefusalKind::kUnnamedClass:
      return "needs no class for it";
    case RefusalKind::kItems:
    case RefusalKind::kCallable:
    case RefusalKind::kPersistentId:
      return "keeps what the file says, and calls nothing";
    case RefusalKind::kDamage:
      return "cannot build it either, but opens the rest";
    case RefusalKind::kValue:
      return "builds it";
  }
  return "";
}

std::string places(const Refusal& refusal) {
  std::string text = refusal.member.empty() ? "byte " : refusal.member + " at byte ";
  text += std::to_string(refusal.offset);
  if (!refusal.object_path.empty()) text += ", " + refusal.object_path;
  if (refusal.count > 1) text += " and " + std::to_string(refusal.count - 1) + " more";
  return text;
}

void add_reasons(const std::vector<Refusal>& refusals, bool is_final, std::string& out) {
  for (const Refusal& refusal : refusals) {
    if (refusal.is_final != is_final) continue;
    out += "  " + refusal.why() + '\n';
    if (refusal.kind != RefusalKind::kContainer) out += "    where: " + places(refusal) + '\n';
    out += "    safe_load " + std::string(what_we_do(refusal)) + '\n';
  }
}

// Whether Python can look it up. (Names of Python 2's modules are others today.)
bool is_dotted_name(std::string_view name) {
  const auto is_part = [](char c) {
    return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  };
  return std::all_of(name.begin(), name.end(), is_part) &&
         name.find('.') != std::string_view::npos && !name.starts_with("exceptions.") &&
         !name.starts_with("__builtin__.");
}

// What a program types that wants torch itself to open the file: all names at once.
void add_list_for_torch(const std::vector<Refusal>& refusals, std::string& out) {
  std::string names;
  for (const Refusal& refusal : refusals) {
    if (!is_dotted_name(refusal.name)) return;
    names += names.empty() ? "\"" : ", \"";
    names += refusal.name + '"';
  }
  out +=
      "or with torch itself, where these names are installed; it then calls them with what the "
      "file says\n"
      "  import pkgutil, torch\n"
      "  names = [" +
      names +
      "]\n"
      "  torch.serialization.add_safe_globals([(pkgutil.resolve_name(name), name) for name in "
      "names])\n";
}

}  // namespace

std::string explanation_text(const Checkpoint& checkpoint, std::string_view title) {
  const std::vector<Refusal> refusals = torch_refusals(checkpoint, title);
  std::string out(title);
  if (refusals.empty())
    return out +
           ": torch.load(weights_only=True) of torch 2.13 opens this file, and so does "
           "safe_load\n";
  const auto finals = static_cast<std::size_t>(
      std::count_if(refusals.begin(), refusals.end(), [](const Refusal& r) { return r.is_final; }));
  const auto counted = [](std::size_t count) {
    return std::to_string(count) + (count == 1 ? " reason" : " reasons");
  };
  out += ": torch.load(weights_only=True) of torch 2.13 refuses this file for " +
         counted(refusals.size()) + "\n";
  if (finals != 0) {
    out += "no list of allowed names helps against\n";
    add_reasons(refusals, true, out);
  }
  if (finals != refusals.size()) {
    out += "names that are missing from torch's list\n";
    add_reasons(refusals, false, out);
  }
  out += "next\n  safe_load opens it and runs none of it: ";
  out += std::to_string(checkpoint.tensors().size()) + " tensors";
  if (!checkpoint.issues().empty()) {
    out += ", " + std::to_string(checkpoint.issues().size()) + " damaged values";
    return out + "\n  import safe_load; safe_load.open(path)\n";
  }
  const bool has_unknown = checkpoint.has_unknown_symbols();
  out += has_unknown ? "\n  from safe_load import safe_load; safe_load(path, unknown=\"opaque\")\n"
                     : "\n  from safe_load import safe_load; safe_load(path)\n";
  if (has_unknown && checkpoint.state_dict())
    out +=
        "the weights alone, as load_state_dict() takes them\n"
        "  import safe_load; safe_load.state_dict(path)\n";
  if (finals == 0) add_list_for_torch(refusals, out);
  return out;
}

std::string explanation_json(const Checkpoint& checkpoint, std::string_view title) {
  json::JsonWriter writer;
  const std::vector<Refusal> refusals = torch_refusals(checkpoint, title);
  writer.begin_object();
  writer.member("schema", "safe-load.explain/1");
  writer.member("file", base::escaped(title, 4096));
  writer.member("torch", "2.13");
  writer.member("torch_opens_it", refusals.empty());
  writer.key("reasons");
  writer.begin_array();
  for (const Refusal& refusal : refusals) {
    writer.begin_object();
    writer.member("kind", to_text(refusal.kind));
    writer.member("name", refusal.name);
    writer.member("why", refusal.why());
    writer.member("is_final", refusal.is_final);
    writer.member("member", refusal.member);
    writer.member("offset", refusal.offset);
    writer.member("path", refusal.object_path);
    writer.member("count", refusal.count);
    writer.member("safe_load", what_we_do(refusal));
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return std::move(writer).take() + '\n';
}

}  // namespace v0
}  // namespace safe_load
