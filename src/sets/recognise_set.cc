#include "sets/recognise_set.h"

#include <memory>
#include <utility>

#include "archive/sniff.h"
#include "container/head.h"
#include "formats/member_archive.h"
#include "sets/distributed_folder.h"
#include "sets/rank_name.h"
#include "sets/sharded_set.h"
#include "sets/tensor_shards.h"

namespace safe_load::sets {

using archive::Sniffed;
using container::ContainerPtr;
using container::Outcome;
using container::Slice;
using formats::MemberArchive;

Outcome<ContainerPtr> recognise_set(std::vector<Slice> files, const OpenOptions& options,
                                    std::uint64_t reach) {
  container::tell_ends(files);
  if (read_rank_name(files.front().name)) {
    auto ranks = MemberArchive::open_files(files, options, reach);
    if (!ranks) return ranks.error();
    return ContainerPtr(*std::move(ranks));
  }
  container::Head buffer;
  const auto head = container::read_head(files.front(), buffer);
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

}  // namespace safe_load::sets
