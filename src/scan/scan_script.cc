// TorchScript archives: the program beside the data.
#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "scan/file_scan.h"
#include "scan/script_operators.h"
#include "torch/zip_layout.h"

namespace safe_load::scanner {
namespace {

constexpr std::string_view kCode = "code/";
constexpr std::string_view kSuffix = ".py";

bool ends_with_any_case(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         std::equal(suffix.begin(), suffix.end(), name.end() - std::ptrdiff_t(suffix.size()),
                    [](char a, char b) { return a == base::to_lower(b); });
}

// "__torch__.torch.nn" of "archive/code/__torch__/torch/nn.py".
// Source: torch/csrc/jit/serialization/import_export_helpers.cpp.
std::string qualifier_of(std::string_view name, std::size_t begin) {
  std::string qualifier(name.substr(begin, name.size() - begin - kSuffix.size()));
  std::replace(qualifier.begin(), qualifier.end(), '/', '.');
  return qualifier;
}

}  // namespace

// Sources: torch/csrc/jit/serialization/export_module.cpp, import.cpp; jit/mobile/import.cpp.
ScriptRole script_role(std::string_view prefix, std::string_view name) {
  if (prefix.empty() || !name.starts_with(prefix)) return ScriptRole::kNone;
  const std::string_view record = name.substr(prefix.size());
  if (record.starts_with(kCode)) {
    if (record.ends_with(".debug_pkl")) return ScriptRole::kPickle;
    if (record.ends_with(kSuffix)) return ScriptRole::kSource;
    return ends_with_any_case(record, kSuffix) ? ScriptRole::kNone : ScriptRole::kOther;
  }
  constexpr std::string_view kPickles[] = {"constants.pkl",     "bytecode.pkl",
                                           "traced_inputs.pkl", "mobile_debug_handles.pkl",
                                           "mobile_debug.pkl",  "delegated_backends.debug_pkl",
                                           "metadata.pkl",      "callstack_debug_map.pkl"};
  if (std::find(std::begin(kPickles), std::end(kPickles), record) != std::end(kPickles))
    return ScriptRole::kPickle;
  constexpr std::string_view kFolders[] = {"constants/", "bytecode/", "traced_inputs/", "extra/"};
  const bool is_beside =
      std::any_of(std::begin(kFolders), std::end(kFolders),
                  [&](std::string_view folder) { return record.starts_with(folder); });
  return is_beside ? ScriptRole::kBeside : ScriptRole::kNone;
}

void FileScan::judge_script(const formats::ZipFile& file, const torch::ZipLayout& layout,
                            const std::string& chain, ScriptProgram& program) {
  for (const ZipEntry& entry : file.directory().entries()) {
    if (script_role(layout.prefix, entry.name) != ScriptRole::kSource) continue;
    const auto record = file.open_member(entry);
    const std::string member = join_members(chain, base::escaped(entry.name));
    if (!record || record->size > open_options_.limits.max_pickle_bytes || !spend(record->size)) {
      leave(entry.size);
      add(make_finding(Rule::kR06, Severity::kIncomplete, "a source that is too large to be read"),
          member);
      continue;
    }
    const std::vector<std::byte> bytes = read_some(*record, record->size);
    program.add(base::as_text(bytes), qualifier_of(entry.name, layout.prefix.size() + kCode.size()),
                member);
  }
  for (const ScriptProgram::Doubt& doubt : program.doubts()) add_doubt(doubt);
  const ZipEntry* const bytecode = file.directory().find(layout.prefix + "bytecode.pkl");
  if (bytecode != nullptr) judge_bytecode(file, *bytecode, chain);
}

void FileScan::add_doubt(const ScriptProgram::Doubt& doubt) {
  switch (doubt.matter) {
    case ScriptProgram::Matter::kFiles:
      return add(make_finding(Rule::kT12, Severity::kDanger, "the program: " + doubt.text),
                 doubt.member, doubt.offset);
    case ScriptProgram::Matter::kOperator:
    case ScriptProgram::Matter::kName:
      return add(make_finding(Rule::kT11, Severity::kUnknown, "the program: " + doubt.text),
                 doubt.member, doubt.offset);
    case ScriptProgram::Matter::kOdd:
      return add(make_finding(Rule::kT04, Severity::kUnknown,
                              "a source that is not understood: " + doubt.text),
                 doubt.member, doubt.offset);
  }
}

// What the reader of mobile programs runs: its operators stand there by their whole names.
void FileScan::judge_bytecode(const formats::ZipFile& file, const ZipEntry& entry,
                              const std::string& chain) {
  const auto record = file.open_member(entry);
  if (!record) return;  // found when it is scanned
  Opened opened(host_);
  Slice slice = *record;
  slice.name.clear();
  (void)open_pickle(opened, slice).ok();
  if (!opened.tape) return;
  const std::string member = join_members(chain, base::escaped(entry.name));
  const pickle::Tape& tape = *opened.tape;
  for (pickle::NodeId id = 0; id < tape.size(); ++id) {
    const pickle::Kind kind = tape[id].kind;
    const bool is_text = kind == pickle::Kind::kText || kind == pickle::Kind::kBytes ||
                         kind == pickle::Kind::kPy2Text;
    if (!is_text) continue;
    const std::string_view text = tape.text(id);
    if (text.find("::") != std::string_view::npos) {
      const OperatorJudgement judgement = judge_operator(text);
      if (judgement.effect == OperatorEffect::kComputes) continue;
      const bool is_file = judgement.effect == OperatorEffect::kFiles;
      add_doubt({is_file ? ScriptProgram::Matter::kFiles : ScriptProgram::Matter::kOperator,
                 base::escaped(text) + " " + std::string(judgement.does), member});
    }
    constexpr std::string_view kNative = "torch.classes.";
    const std::size_t place = text.find(kNative);
    if (place != std::string_view::npos && !is_packed_weights(text.substr(place + kNative.size())))
      add_doubt({ScriptProgram::Matter::kName, base::escaped(text) + " is not known", member});
  }
}

}  // namespace safe_load::scanner
