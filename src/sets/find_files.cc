#include "sets/find_files.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <vector>

#include "archive/sniff.h"
#include "base/system_error.h"
#include "base/text.h"
#include "container/failure.h"
#include "container/head.h"
#include "sets/distributed_metadata.h"
#include "sets/rank_name.h"
#include "sets/shard_index.h"

namespace safe_load::sets {
namespace {

using archive::Sniffed;
using SourcePtr = std::shared_ptr<const Source>;

constexpr std::size_t kMostFiles = 100'000;
constexpr std::size_t kMostNamed = 20;
constexpr std::string_view kIndexSuffix = ".index.json";
constexpr std::string_view kMetadata = ".metadata";
constexpr std::string_view kDamaged = "the index is damaged or was made to mislead; get it again";
// Where torch's writer for Hugging Face puts what each rank saved.
constexpr std::string_view kInnerFolder = "sharded";
// A folder with one of these and no index is what a library saves for a small model.
constexpr std::string_view kWhole[] = {"model.safetensors", "pytorch_model.bin"};

Issue as_issue(const Error& error, std::string member = "", std::string hint = "") {
  if (hint.empty() && error.code() == ErrorCode::kIo)
    hint = base::has_no_descriptors(error) ? "close files, or raise the limit with ulimit -n"
                                           : "check the path and the permissions";
  return container::describe(error, std::move(member), std::move(hint));
}

std::string in_folder(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

std::string_view name_of(std::string_view path) { return path.substr(folder_of(path).size()); }

Result<Sniffed> look_at(const Source& file) {
  container::tell_ends(file);
  container::Head buffer;
  const auto head = std::span(buffer).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), buffer.size())));
  const Status read = file.read_at(0, head);
  if (!read) return read.error();
  return archive::sniff(head, file.size());
}

// "model-00001-of-00003.safetensors"
bool is_shard_name(std::string_view name) {
  const std::size_t of = name.find("-of-");
  const auto digits = [](std::string_view text) {
    return text.size() >= 5 &&
           std::all_of(text.begin(), text.begin() + 5, [](char c) { return c >= '0' && c <= '9'; });
  };
  return of != std::string_view::npos && of >= 6 && name[of - 6] == '-' &&
         digits(name.substr(of - 5)) && digits(name.substr(of + 4));
}

// Files of a set, opened; or which of them are not there. `what`: how a person calls those files.
Result<FoundFiles, Issue> add_files(Files& files, FoundFiles found, std::string_view folder,
                                    std::span<const std::string> names, std::string_view what,
                                    std::string_view named_by) {
  std::string missing;
  std::size_t missing_count = 0;
  for (const std::string& name : names) {
    auto file = files.open(in_folder(folder, name));
    std::string why;
    if (!file && file.error().code() == ErrorCode::kIo && !base::is_missing(file.error()))
      return as_issue(file.error(), base::escaped(name));
    if (!file) {
      why = std::string(file.error().reason()) + ": " + std::string(file.error().subject());
    } else if (const auto kind = look_at(**file); !kind) {
      why = kind.error().reason();
    } else if (kind->kind == Sniffed::Kind::kPointer) {
      why = "a Git LFS pointer";
    }
    if (why.empty()) {
      found.files.push_back({name, *std::move(file)});
      continue;
    }
    if (++missing_count > kMostNamed) continue;
    missing += (missing.empty() ? "" : ", ") + base::escaped(name) + " (" + why + ")";
  }
  if (missing_count == 0) return found;
  if (missing_count > kMostNamed)
    missing += " and " + std::to_string(missing_count - kMostNamed) + " more";
  Issue issue = as_issue(Error(ErrorCode::kTruncated, "files of the set are missing"),
                         std::string(named_by), "download them into the same folder");
  issue.message = std::to_string(missing_count) + " of " + std::to_string(names.size()) + " " +
                  std::string(what) + " are missing: " + missing;
  return issue;
}

// The index or metadata, and the files that it names.
Result<FoundFiles, Issue> open_set(Files& files, std::string_view path, SourcePtr index,
                                   std::span<const std::string> names, std::string_view what) {
  FoundFiles found;
  found.files.push_back({std::string(name_of(path)), std::move(index)});
  return add_files(files, std::move(found), folder_of(path), names, what, name_of(path));
}

Result<std::string> read_all(const Source& file, const Limits& limits) {
  if (file.size() > limits.max_pickle_bytes)
    return Error(ErrorCode::kLimit, "an index longer than Limits::max_pickle_bytes");
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  const Status read = file.read_at(0, base::as_writable_bytes(text));
  if (!read) return read.error();
  return text;
}

// Whether several processes saved what is in the folder of this file. Where the name does not tell,
// the names beside it do.
bool is_one_of_ranks(Files& files, std::string_view path) {
  const auto rank = read_rank_name(name_of(path));
  if (!rank || rank->world_size != 0) return rank && rank->world_size != 1;
  const auto names = files.list(std::string(folder_of(path)), kMostFiles);
  return names && std::any_of(names->begin(), names->end(), [&](const std::string& name) {
           return name != name_of(path) && read_rank_name(name).has_value();
         });
}

Result<FoundFiles, Issue> open_file(Files& files, std::string_view path, SourcePtr file,
                                    const Limits& limits) {
  const auto kind = look_at(*file);
  if (!kind) return as_issue(kind.error());
  if (kind->kind == Sniffed::Kind::kJson && file->size() <= limits.max_pickle_bytes) {
    const auto text = read_all(*file, limits);
    if (!text) return as_issue(text.error());
    const auto index = read_shard_index(*text);
    if (index) return open_set(files, path, std::move(file), index->shards, "shards");
    const bool is_index = text->find("\"weight_map\"") != std::string::npos;
    if (is_index) return as_issue(index.error(), "", std::string(kDamaged));
  }
  FoundFiles found;
  found.files.push_back({"", std::move(file)});
  if (is_shard_name(name_of(path)))
    found.note = "one shard of a set; open its folder or its index file to get all of them";
  if (name_of(path) == kMetadata)
    found.note = "metadata of a distributed checkpoint; open their folder to get its values";
  if (is_one_of_ranks(files, path))
    found.note = "what one process of several saved; open the folder to get all of them";
  return found;
}

// A folder of torch.distributed.checkpoint, by its metadata.
Result<FoundFiles, Issue> open_distributed(Files& files, const std::string& path, SourcePtr file,
                                           const Limits& limits) {
  const std::string folder(folder_of(path));
  const std::string name(name_of(path));
  const auto bytes = read_all(*file, limits);
  if (!bytes) return as_issue(bytes.error(), name);
  const auto metadata = read_distributed_metadata(base::as_bytes(*bytes), limits);
  if (!metadata) return as_issue(metadata.error(), name, std::string(kDamaged));
  for (const std::string& data : metadata->files)
    if (files.leaves_folder(folder, data))
      return as_issue(Error(ErrorCode::kCorrupt, "a link that leads out of the checkpoint's folder")
                          .about(data),
                      name, "copy the folder with what its links point to, if you trust them");
  return open_set(files, path, std::move(file), metadata->files, "data files");
}

Result<FoundFiles, Issue> open_distributed(Files& files, std::string_view folder,
                                           const std::string& name, const Limits& limits) {
  const std::string path = in_folder(folder, name);
  auto file = files.open(path);
  if (!file) return as_issue(file.error(), name);
  return open_distributed(files, path, *std::move(file), limits);
}

// Safetensors files with pieces of tensors, which need no index.
Result<FoundFiles, Issue> open_pieces(Files& files, std::string_view folder,
                                      std::span<const std::string> names) {
  FoundFiles found;
  for (const std::string& name : names) {
    auto file = files.open(in_folder(folder, name));
    if (!file) return as_issue(file.error(), name);
    found.files.push_back({name, *std::move(file)});
  }
  return found;
}

// "__3.metadata"
bool is_metadata_of_rank(std::string_view name) {
  constexpr std::string_view kEnd = ".metadata";
  if (!name.starts_with("__") || !name.ends_with(kEnd)) return false;
  name.remove_prefix(2);
  return base::parse_uint64(name.substr(0, name.size() - kEnd.size())).has_value();
}

// "shard-00001-model-00001-of-00003.safetensors"
bool is_piece(std::string_view name) {
  return name.starts_with("shard-") && name.ends_with(".safetensors") && is_shard_name(name);
}

bool is_unfinished(std::string_view name) {
  return name == ".metadata.tmp" || name.ends_with(".distcp");
}

Issue several(std::span<const std::string> choices, Reason reason, std::string hint) {
  std::string listed;
  for (const std::string& name : choices)
    listed += (listed.empty() ? "" : ", ") + base::escaped(name);
  return as_issue(Error(ErrorCode::kAmbiguous, reason).about(listed), "", std::move(hint));
}

template <class Fits>
std::vector<std::string> all_of(const std::vector<std::string>& names, Fits&& fits) {
  std::vector<std::string> found;
  std::copy_if(names.begin(), names.end(), std::back_inserter(found), fits);
  return found;
}

// The files that the processes of one run saved, each its own, in the order of their ranks.
Result<FoundFiles, Issue> open_ranks(Files& files, std::string_view folder,
                                     std::vector<std::string> names) {
  const auto order = [](const std::string& name) {
    const auto rank = read_rank_name(name);
    return std::tuple(rank->stem, rank->end, rank->world_size,
                      rank->world_size == 0 ? 0 : rank->rank, std::string_view(name));
  };
  std::sort(names.begin(), names.end(),
            [&](const std::string& a, const std::string& b) { return order(a) < order(b); });
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < names.size();) {
    const auto first = read_rank_name(names[i]);
    const auto is_other = [&](const std::string& name) {
      const auto rank = read_rank_name(name);
      return rank->stem != first->stem || rank->end != first->end;
    };
    const auto end =
        std::find_if(names.begin() + static_cast<std::ptrdiff_t>(i), names.end(), is_other);
    const std::span<const std::string> set(&names[i],
                                           static_cast<std::size_t>(end - names.begin()) - i);
    i += set.size();
    if (read_rank_name(set.back())->world_size != first->world_size)
      return several(std::array{set.front(), set.back()},
                     "rank files of runs with different numbers of processes",
                     "put the files of each run into a folder of their own");
    if (first->world_size > kMostFiles)
      return as_issue(Error(ErrorCode::kLimit, "a run of more than 100,000 processes"),
                      set.front());
    for (std::uint64_t rank = 0; rank < first->world_size; ++rank)
      wanted.push_back(std::string(first->stem) + "_world_size_" +
                       std::to_string(first->world_size) + "_rank_" + std::to_string(rank) +
                       std::string(first->end));
    if (first->world_size == 0) wanted.insert(wanted.end(), set.begin(), set.end());
  }
  return add_files(files, {}, folder, wanted, "rank files", "");
}

// What trainers save beside the weights.
bool is_beside_weights(std::string_view name) {
  constexpr std::string_view kStems[] = {"optimizer", "scheduler",     "scaler",
                                         "rng_state", "training_args", "random_states"};
  return std::any_of(std::begin(kStems), std::end(kStems),
                     [&](std::string_view stem) { return name.starts_with(stem); });
}

bool is_weights_name(const std::string& name) {
  constexpr std::string_view kEndings[] = {".safetensors", ".bin", ".pt",  ".pth", ".ckpt",
                                           ".th",          ".pt2", ".pkl", ".tar"};
  return !name.starts_with('.') && !is_beside_weights(name) &&
         std::any_of(std::begin(kEndings), std::end(kEndings),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

// A folder without anything that says what belongs together: the one file that holds weights.
Result<FoundFiles, Issue> open_only_file(Files& files, std::string_view folder,
                                         const std::vector<std::string>& names,
                                         const Limits& limits) {
  constexpr std::size_t kMostListed = 8;
  const auto is_there = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_there("data.pkl") && is_there("version"))
    return as_issue(
        Error(ErrorCode::kUnsupported, "the records of a checkpoint that somebody unpacked"), "",
        "pack the folder again, from outside: zip -0 -r model.pt FOLDER");
  const std::vector<std::string> choices = all_of(names, is_weights_name);
  if (choices.size() == 1 && !is_shard_name(choices[0])) {
    const std::string chosen = in_folder(folder, choices[0]);
    auto file = files.open(chosen);
    if (!file) return as_issue(file.error(), choices[0]);
    return open_file(files, chosen, *std::move(file), limits);
  }
  std::string hint = "open one of the files in it";
  for (std::size_t i = 0; i < std::min(choices.size(), kMostListed); ++i)
    hint += (i == 0 ? ": " : ", ") + base::escaped(choices[i]);
  if (choices.size() > kMostListed)
    hint += " and " + std::to_string(choices.size() - kMostListed) + " more";
  return as_issue(Error(ErrorCode::kUnsupported, "a folder without an index of a sharded set"), "",
                  std::move(hint));
}

Result<FoundFiles, Issue> open_folder(Files& files, std::string_view path, const Limits& limits) {
  const auto names = files.list(std::string(path), kMostFiles);
  if (!names) return as_issue(names.error());
  std::vector<std::string> choices = all_of(*names, [](const std::string& name) {
    return name == kMetadata || (name.ends_with(kIndexSuffix) && name[0] != '.');
  });
  if (choices.empty())
    choices = all_of(*names, [](const std::string& name) {
      return std::find(std::begin(kWhole), std::end(kWhole), name) != std::end(kWhole);
    });
  if (choices.size() > 1)
    return several(choices, "a folder with more than one checkpoint",
                   "open one of them by its name");
  if (choices.size() == 1 && choices[0] == kMetadata)
    return open_distributed(files, path, choices[0], limits);
  if (choices.size() == 1) {
    const std::string chosen = in_folder(path, choices[0]);
    auto file = files.open(chosen);
    if (!file) return as_issue(file.error(), choices[0]);
    return open_file(files, chosen, *std::move(file), limits);
  }

  const std::vector<std::string> ranks = all_of(*names, is_metadata_of_rank);
  if (ranks.size() == 1) return open_distributed(files, path, ranks[0], limits);
  if (!ranks.empty())
    return several(ranks,
                   "a checkpoint whose ranks wrote metadata of their own, which are not read "
                   "together",
                   "save it with collectives, or open a folder with the files of one rank");
  const std::vector<std::string> pieces = all_of(*names, is_piece);
  if (!pieces.empty()) return open_pieces(files, path, pieces);
  const std::vector<std::string> rank_files =
      all_of(*names, [](const std::string& name) { return read_rank_name(name).has_value(); });
  // One file of one process is no set.
  const bool is_alone = rank_files.size() == 1 && read_rank_name(rank_files[0])->world_size <= 1;
  if (!rank_files.empty() && !is_alone) return open_ranks(files, path, rank_files);
  const std::string inner = in_folder(path, kInnerFolder);
  const auto inner_names = files.list(inner, kMostFiles);
  const auto inner_pieces =
      inner_names ? all_of(*inner_names, is_piece) : std::vector<std::string>();
  if (!inner_pieces.empty()) return open_pieces(files, inner, inner_pieces);
  if (!all_of(*names, is_unfinished).empty())
    return as_issue(Error(ErrorCode::kTruncated,
                          "an unfinished checkpoint: the file .metadata is missing, which is "
                          "written last"),
                    "", "download or save it again");
  return open_only_file(files, path, *names, limits);
}

}  // namespace

Result<FoundFiles, Issue> find_files(Files& files, std::string_view path, const Limits& limits) {
  auto file = files.open(std::string(path));
  if (file) return open_file(files, path, *std::move(file), limits);
  if (file.error().code() == ErrorCode::kUnsupported && files.is_folder(std::string(path)))
    return open_folder(files, path, limits);
  return as_issue(file.error());
}

Result<FoundFiles, Issue> find_files(Files& files, std::string_view path, SourcePtr file,
                                     const Limits& limits) {
  const bool is_metadata = name_of(path) == kMetadata || is_metadata_of_rank(name_of(path));
  return is_metadata ? open_distributed(files, std::string(path), std::move(file), limits)
                     : open_file(files, path, std::move(file), limits);
}

}  // namespace safe_load::sets
