// Readers: the programs that SAFE speaks of, and the layouts that each of them takes for its own.
// Containers ask this table what an archive is, and the scanner what would be run of it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "archive/zip_directory.h"

namespace safe_load::torch {

enum class Reader : std::uint8_t {
  kTorchLoad,   // torch.load, weights_only or not
  kJitLoad,     // torch.jit.load and the readers of mobile programs
  kPackage,     // torch.package.PackageImporter
  kExportLoad,  // torch.export.load, torch._inductor.aoti_load_package
  kServe,       // TorchServe
  kZipfile,     // zipfile, then pickle.load or torch.load on a member
  kPickle,      // pickle.load, in C and in Python, also again and again on one stream
  kJoblib,      // joblib.load
  kNumpyLoad,   // numpy.load(allow_pickle=True)
  kSafetensors,
  kStableBaselines,  // load of Stable-Baselines3: pickles as base64 in the JSON of a record
};

enum class Layout : std::uint8_t {
  kCheckpoint,
  kScript,
  kScriptOf2018,
  kMobileScript,
  kPackage,
  kExport,
  kOldExport,
  kModelArchive,
  kAgent,
  kSources,
  kLegacy,
  kTar,
  kPickle,
  kJoblibPickle,
  kArrays,
  kArray,
  kSafetensors,
};

// Where a record stands that marks a layout.
enum class Stands : std::uint8_t {
  kNone,    // the layout is known by the first bytes of the file
  kRecord,  // in a folder at the top: "archive/data.pkl"
  kFolder,  // what stands in this folder of that one: "archive/code/x.py"
  kRoot,    // the whole name
  kEnding,
};

struct Mark {
  Layout layout;
  Reader reader;
  Stands place;
  std::string_view name;
  std::string_view runs;  // what the reader runs besides pickles, or ""
};

std::span<const Mark> marks();

struct ReaderRow {
  Reader reader;
  std::string_view id;    // "I1", as docs/guide/scan.md lists it
  std::string_view name;  // "torch.load"
};
std::span<const ReaderRow> readers();

// Whether an entry has this mark. Readers in C++ look records up without regard to case, and some
// at any depth: `as_a_reader` is as lax as the laxest of them.
bool has_mark(const Mark& mark, std::string_view name, bool as_a_reader);

// Whether an entry may have any; of the records of tensors, which are most, it says no at once.
bool could_have_mark(std::string_view name);

// The first entry that marks this layout exactly, or null.
const archive::ZipEntry* find_mark(const archive::ZipDirectory& directory, Layout layout);

}  // namespace safe_load::torch
