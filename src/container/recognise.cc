#include "container/recognise.h"

#include <algorithm>
#include <array>
#include <vector>

#include "archive/sniff.h"
#include "container/array_file.h"
#include "container/bare_pickle.h"
#include "container/distributed_folder.h"
#include "container/export_archive.h"
#include "container/foreign.h"
#include "container/member_archive.h"
#include "container/rank_name.h"
#include "container/safetensors_file.h"
#include "container/script_2018.h"
#include "container/sharded_set.h"
#include "container/stacked_file.h"
#include "container/tar_file.h"
#include "container/tensor_shards.h"
#include "container/torch_package.h"
#include "container/zip_checkpoint.h"
#include "torch/readers.h"
#include "torch/stacked_pickles.h"

namespace safe_load::container {

using archive::Sniffed;

namespace {

constexpr int kDeepest = 8;

// Whether bytes without a magic run as a pickle, to its end or as far as they are fetched.
bool runs_as_pickle(const Slice& slice, const OpenOptions& options, std::uint64_t reach) {
  std::vector<std::byte> bytes(
      static_cast<std::size_t>(std::min({slice.size, reach, options.limits.max_pickle_bytes})));
  if (!slice.part().read_at(0, bytes)) return false;
  pickle::Tape tape(bytes, options.limits);
  tape.watch(options.keep_going);
  const auto built = pickle::run(tape, pickle::Program{bytes});
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

using Head = std::array<std::byte, 4096>;

Outcome<std::span<const std::byte>> read_head(const Slice& slice, Head& buffer) {
  const auto head = std::span(buffer).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(slice.size, buffer.size())));
  const Status read = slice.part().read_at(0, head);
  if (!read) return Failure(read.error(), slice.name);
  return std::span<const std::byte>(head);
}

}  // namespace

Outcome<ContainerPtr> recognise(const Slice& slice, const OpenOptions& options,
                                std::uint64_t reach) {
  if (slice.depth > kDeepest)
    return Failure(Error(ErrorCode::kLimit, "more than eight containers inside each other"),
                   slice.name);
  Head buffer;
  const auto head = read_head(slice, buffer);
  if (!head) return head.error();
  const Sniffed sniffed = archive::sniff(*head, slice.size);
  switch (sniffed.kind) {
    case Sniffed::Kind::kZip:
      return recognise_zip(slice, options, reach);
    case Sniffed::Kind::kStacked:
      return ContainerPtr(std::make_unique<StackedFile>(slice, options, reach));
    case Sniffed::Kind::kPickle:
      if (torch::begins_with_magic_number(*head, options.limits))
        return ContainerPtr(std::make_unique<StackedFile>(slice, options, reach));
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
        return ContainerPtr(std::make_unique<StackedFile>(slice, options, reach));
      if (!runs_as_pickle(slice, options, reach)) break;
      return ContainerPtr(std::make_unique<BarePickle>(slice, options, reach));
  }
  return describe_foreign(slice, sniffed, *head);
}

Outcome<ContainerPtr> recognise_set(std::vector<Slice> files, const OpenOptions& options,
                                    std::uint64_t reach) {
  if (read_rank_name(files.front().name)) {
    auto ranks = MemberArchive::open_files(files, options, reach);
    if (!ranks) return ranks.error();
    return ContainerPtr(*std::move(ranks));
  }
  Head buffer;
  const auto head = read_head(files.front(), buffer);
  if (!head) return head.error();
  const Sniffed::Kind kind = archive::sniff(*head, files.front().size).kind;
  if (kind == Sniffed::Kind::kSafetensors)
    return ContainerPtr(std::make_unique<TensorShards>(std::move(files), options));
  Slice index = std::move(files.front());
  files.erase(files.begin());
  if (kind == Sniffed::Kind::kJson)
    return ContainerPtr(
        std::make_unique<ShardedSet>(std::move(index), std::move(files), options, reach));
  return ContainerPtr(
      std::make_unique<DistributedFolder>(std::move(index), std::move(files), options, reach));
}

}  // namespace safe_load::container
