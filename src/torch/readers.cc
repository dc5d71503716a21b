#include "torch/readers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace safe_load::torch {
namespace {

using enum Stands;

constexpr std::string_view kProgram = "a TorchScript program";
constexpr std::string_view kModules = "the Python modules in it";
constexpr std::string_view kExpressions = "the expressions in it, and native code beside them";
constexpr std::string_view kHandler = "its handler";
constexpr std::string_view kSource = "source or native code";

// Sources: torch/csrc/jit/serialization/import.cpp, mobile/import.cpp, import_legacy.cpp;
// torch/package/package_importer.py; torch/export/__init__.py and pt2_archive;
// torch/serialization.py; numpy/lib/npyio.py; joblib/numpy_pickle.py;
// stable_baselines3/common/save_util.py. A row without a name is known by the first bytes of
// the file.
constexpr Mark kMarks[] = {
    {Layout::kCheckpoint, Reader::kTorchLoad, kRecord, "data.pkl", ""},
    {Layout::kScript, Reader::kJitLoad, kRecord, "constants.pkl", kProgram},
    {Layout::kScript, Reader::kJitLoad, kFolder, "code/", kProgram},
    {Layout::kMobileScript, Reader::kJitLoad, kRecord, "bytecode.pkl", kProgram},
    {Layout::kScriptOf2018, Reader::kJitLoad, kRecord, "model.json", kProgram},
    {Layout::kPackage, Reader::kPackage, kRecord, ".data/extern_modules", kModules},
    {Layout::kExport, Reader::kExportLoad, kRecord, "archive_format", kExpressions},
    {Layout::kOldExport, Reader::kExportLoad, kRoot, "serialized_exported_program.json",
     kExpressions},
    {Layout::kModelArchive, Reader::kServe, kRoot, "MAR-INF/MANIFEST.json", kHandler},
    {Layout::kSources, Reader::kZipfile, kEnding, ".py", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".pyc", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".so", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".dll", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".pyd", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".dylib", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".cpp", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".c", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".cu", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".cubin", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".o", kSource},
    {Layout::kSources, Reader::kZipfile, kEnding, ".a", kSource},
    {Layout::kAgent, Reader::kStableBaselines, kRoot, "data", ""},
    {Layout::kArrays, Reader::kNumpyLoad, kEnding, ".npy", ""},
    {Layout::kLegacy, Reader::kTorchLoad, kNone, "", ""},
    {Layout::kTar, Reader::kTorchLoad, kNone, "", ""},
    {Layout::kPickle, Reader::kPickle, kNone, "", ""},
    {Layout::kJoblibPickle, Reader::kJoblib, kNone, "", ""},
    {Layout::kArray, Reader::kNumpyLoad, kNone, "", ""},
    {Layout::kSafetensors, Reader::kSafetensors, kNone, "", ""},
};

constexpr ReaderRow kReaders[] = {
    {Reader::kTorchLoad, "I1", "torch.load"},
    {Reader::kJitLoad, "I2", "torch.jit.load"},
    {Reader::kPackage, "I2", "torch.package"},
    {Reader::kExportLoad, "I2", "torch.export.load"},
    {Reader::kServe, "I2", "TorchServe"},
    {Reader::kZipfile, "I3", "zipfile"},
    {Reader::kPickle, "I6", "pickle.load"},
    {Reader::kJoblib, "I10", "joblib.load"},
    {Reader::kNumpyLoad, "I7", "numpy.load"},
    {Reader::kSafetensors, "I8", "safetensors"},
    {Reader::kStableBaselines, "I9", "stable_baselines3"},
};

// By the last letter of names, and the first of folders.
struct Letters {
  std::array<bool, 256> last = {};
  std::array<bool, 256> first = {};
};

constexpr Letters letters_of_marks() {
  Letters letters;
  for (const Mark& mark : kMarks) {
    if (mark.name.empty()) continue;
    const char letter = mark.place == kFolder ? mark.name.front() : mark.name.back();
    (mark.place == kFolder ? letters.first
                           : letters.last)[static_cast<unsigned char>(base::to_lower(letter))] =
        true;
  }
  return letters;
}

bool equal(std::string_view a, std::string_view b, bool with_case) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
    return with_case ? x == y : base::to_lower(x) == base::to_lower(y);
  });
}

}  // namespace

std::span<const Mark> marks() { return kMarks; }
std::span<const ReaderRow> readers() { return kReaders; }

bool could_have_mark(std::string_view name) {
  static constexpr Letters kLetters = letters_of_marks();
  if (name.empty()) return false;
  const auto has = [](const std::array<bool, 256>& letters, char c) {
    return letters[static_cast<unsigned char>(base::to_lower(c))];
  };
  const std::size_t slash = name.find('/');
  const bool has_folder = slash != std::string_view::npos && slash + 1 < name.size();
  return has(kLetters.last, name.back()) || has(kLetters.first, name.front()) ||
         (has_folder && has(kLetters.first, name[slash + 1]));
}

namespace {

// What programs that unpack an archive make of "./MAR-INF//MANIFEST.json".
std::string without_idle_steps(std::string_view name) {
  std::string path;
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view step = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (!step.empty() && step != ".") path.append(path.empty() ? "" : "/").append(step);
  }
  return path;
}

bool has_mark_as_written(const Mark& mark, std::string_view name, bool as_a_reader) {
  const bool is_named = mark.place != kNone && mark.place != kFolder && !name.empty();
  if (is_named && base::to_lower(name.back()) != base::to_lower(mark.name.back())) return false;
  const std::size_t slash = name.find('/');
  const bool has_folder = slash != std::string_view::npos && slash != 0;
  const std::string_view record = has_folder ? name.substr(slash + 1) : std::string_view();
  const auto begins = [&](std::string_view text) {
    return equal(text.substr(0, mark.name.size()), mark.name, !as_a_reader);
  };
  const auto is = [&](std::string_view text) { return equal(text, mark.name, !as_a_reader); };
  switch (mark.place) {
    case kNone:
      return false;
    case kRecord:
      return is(record) || (as_a_reader && is(name));
    case kFolder:
      return begins(record) || (as_a_reader && begins(name));
    case kRoot:
      return is(name) || (as_a_reader && is(record));
    case kEnding:
      return name.size() >= mark.name.size() && is(name.substr(name.size() - mark.name.size()));
  }
  return false;
}

}  // namespace

bool has_mark(const Mark& mark, std::string_view name, bool as_a_reader) {
  const bool is_one = has_mark_as_written(mark, name, as_a_reader);
  if (is_one || !as_a_reader) return is_one;
  const bool has_idle = name.starts_with("./") || name.starts_with('/') ||
                        name.find("//") != std::string_view::npos ||
                        name.find("/./") != std::string_view::npos;
  return has_idle && has_mark_as_written(mark, without_idle_steps(name), true);
}

const archive::ZipEntry* find_mark(const archive::ZipDirectory& directory, Layout layout) {
  for (const archive::ZipEntry& entry : directory.entries())
    for (const Mark& mark : kMarks)
      if (mark.layout == layout && has_mark(mark, entry.name, false)) return &entry;
  return nullptr;
}

}  // namespace safe_load::torch
