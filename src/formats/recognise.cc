#include "formats/recognise.h"

#include <algorithm>
#include <vector>

#include "archive/sniff.h"
#include "container/foreign.h"
#include "container/head.h"
#include "formats/array_file.h"
#include "formats/bare_pickle.h"
#include "formats/export_archive.h"
#include "formats/joblib_arrays.h"
#include "formats/legacy_file.h"
#include "formats/member_archive.h"
#include "formats/safetensors_file.h"
#include "formats/script_2018.h"
#include "formats/tar_file.h"
#include "formats/torch_package.h"
#include "formats/zip_checkpoint.h"
#include "torch/legacy_pickles.h"
#include "torch/readers.h"

namespace safe_load::formats {

using container::ContainerPtr;
using container::describe_damaged_zip;
using container::describe_foreign;
using container::Failure;
using container::Outcome;
using container::Slice;

using archive::Sniffed;

namespace {

// Whether bytes without a magic run as a pickle, to its end or as far as they are fetched.
bool runs_as_pickle(const Slice& slice, const OpenOptions& options, std::uint64_t reach) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(std::min({slice.size, reach, options.limits.max_pickle_bytes})));
  if (!slice.part().read_at(0, bytes)) return false;
  pickle::Tape tape(bytes, options.limits);
  tape.watch(options.keep_going);
  JoblibArrays arrays(options.limits);
  const auto built = pickle::run(tape, pickle::Program{bytes, 0, 0, &arrays});
  if (built) return true;
  const ErrorCode code = built.error().code();
  return code == ErrorCode::kStopped ||
         (code == ErrorCode::kTruncated && bytes.size() < slice.size);
}

// A zip file by what is in it.
Outcome<ContainerPtr> recognise_zip(const Slice& slice, const OpenOptions& options,
                                    std::uint64_t reach) {
  auto file = ZipFile::open(slice, options.limits);
  if (!file) return describe_damaged_zip(slice, file.error());
  const auto layout = torch::find_layout(file->directory());
  if (layout) return ContainerPtr(std::make_unique<ZipCheckpoint>(*std::move(file), options));
  const Failure why(layout.error(), slice.name);
  if (layout.error().code() != ErrorCode::kUnsupported) return why;
  const bool is_in_file = slice.memory == nullptr;
  if (torch::find_mark(file->directory(), torch::Layout::kScriptOf2018) != nullptr && is_in_file)
    return ContainerPtr(std::make_unique<Script2018>(*std::move(file), options));
  if (ExportArchive::is_one(file->directory()) || TorchPackage::is_one(file->directory())) {
    if (!is_in_file) return why;
    if (TorchPackage::is_one(file->directory()))
      return ContainerPtr(std::make_unique<TorchPackage>(*std::move(file), options));
    return ContainerPtr(std::make_unique<ExportArchive>(*std::move(file), options, reach));
  }
  auto members = MemberArchive::open(*std::move(file), options, reach);
  if (!members) return members.error();
  if (*members == nullptr) return why;
  return ContainerPtr(*std::move(members));
}

}  // namespace

Outcome<ContainerPtr> recognise(const Slice& slice, const OpenOptions& options,
                                std::uint64_t reach) {
  if (slice.depth > container::kDeepest)
    return Failure(Error(ErrorCode::kLimit, "more than eight containers inside each other"),
                   slice.name);
  container::Head buffer;
  const auto head = container::read_head(slice, buffer);
  if (!head) return head.error();
  const Sniffed sniffed = archive::sniff(*head, slice.size);
  switch (sniffed.kind) {
    case Sniffed::Kind::kZip:
      return recognise_zip(slice, options, reach);
    case Sniffed::Kind::kLegacy:
      return ContainerPtr(std::make_unique<LegacyFile>(slice, options, reach));
    case Sniffed::Kind::kPickle:
      if (torch::begins_with_magic_number(*head, options.limits))
        return ContainerPtr(std::make_unique<LegacyFile>(slice, options, reach));
      return ContainerPtr(std::make_unique<BarePickle>(slice, options, reach));
    case Sniffed::Kind::kSafetensors:
      return ContainerPtr(std::make_unique<SafetensorsFile>(slice, options));
    case Sniffed::Kind::kTar: {
      auto file = TarFile::open(slice, options);
      if (!file) return file.error();
      if (*file != nullptr) return file;
      auto members = MemberArchive::open_tar(slice, options, reach);
      if (!members) return members.error();
      if (*members != nullptr) return ContainerPtr(*std::move(members));
      break;
    }
    case Sniffed::Kind::kArray:
      return ContainerPtr(std::make_unique<ArrayFile>(slice, options));
    case Sniffed::Kind::kProgram:
    case Sniffed::Kind::kPointer:
    case Sniffed::Kind::kPage:
    case Sniffed::Kind::kJson:
    case Sniffed::Kind::kZeros:
      break;
    case Sniffed::Kind::kCompressed:
    case Sniffed::Kind::kText:
    case Sniffed::Kind::kOther:
      if (!sniffed.may_be_pickle) break;
      if (torch::begins_with_magic_number(*head, options.limits))
        return ContainerPtr(std::make_unique<LegacyFile>(slice, options, reach));
      if (!runs_as_pickle(slice, options, reach)) break;
      return ContainerPtr(std::make_unique<BarePickle>(slice, options, reach));
  }
  return describe_foreign(slice, sniffed, *head);
}

}  // namespace safe_load::formats
