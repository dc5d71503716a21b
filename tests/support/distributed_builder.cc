#include "support/distributed_builder.h"

#include "support/checkpoint_builder.h"

namespace test_support {
namespace {

constexpr std::string_view kModule = "torch.distributed.checkpoint.metadata";

std::string object(std::string_view name, std::initializer_list<std::string_view> state,
                   std::string_view module = kModule) {
  return build(newobj(symbol(module, name), {}), dict(state));
}

std::string numbers(const std::vector<std::int64_t>& values) {
  std::string tuple = "(";
  for (const std::int64_t value : values) tuple += integer(value);
  return reduce(symbol("torch", "Size"), {tuple + "t"});
}

std::string properties() {
  const std::string layout =
      reduce(symbol("torch.serialization", "_get_layout"), {text("torch.strided")});
  const std::string format = reduce(symbol(kModule, "_MEM_FORMAT_ENCODING"), {integer(0)});
  return build(newobj(symbol(kModule, "TensorProperties"), {}),
               tuple({symbol("torch", "float32"), layout, kFalse, format, kFalse}));
}

std::string all_of(std::string_view pairs) { return "}(" + std::string(pairs) + "u"; }

}  // namespace

DistributedBuilder& DistributedBuilder::tensor(std::string_view name,
                                               const std::vector<std::int64_t>& sizes,
                                               const std::vector<Chunk>& chunks) {
  std::string listed = "](";
  for (const Chunk& chunk : chunks) {
    listed += object("ChunkStorageMetadata", {text("offsets"), numbers(chunk.offsets),
                                              text("sizes"), numbers(chunk.sizes)});
    std::string shape = "(";
    std::string strides;
    std::int64_t step = 1;
    for (std::size_t i = chunk.sizes.size(); i-- > 0; step *= chunk.sizes[i])
      strides.insert(0, integer(step));
    for (const std::int64_t size : chunk.sizes) shape += integer(size);
    std::string bytes;
    for (const float value : chunk.values) bytes += raw<float>({value});
    const auto count = static_cast<std::int64_t>(chunk.values.size());
    const std::string whole =
        rebuild("_rebuild_tensor_v2", {storage("0", count), integer(0), shape + "t",
                                       "(" + strides + "t", kFalse, ordered_dict()});
    place(name, numbers(chunk.offsets),
          CheckpointBuilder(whole).record("byteorder", order_).storage("0", bytes).build());
  }
  items_ +=
      text(name) + object("TensorStorageMetadata", {text("properties"), properties(), text("size"),
                                                    numbers(sizes), text("chunks"), listed + "e"});
  return *this;
}

DistributedBuilder& DistributedBuilder::value(std::string_view name, std::string_view pickle) {
  items_ += text(name) + newobj(symbol(kModule, "BytesStorageMetadata"), {});
  place(name, kNone, CheckpointBuilder(pickle).build());
  return *this;
}

DistributedBuilder& DistributedBuilder::path(std::string_view name, std::string_view steps) {
  paths_ += text(name) + std::string(steps);
  return *this;
}

DistributedBuilder& DistributedBuilder::byte_order(std::string_view order) {
  order_ = order;
  return *this;
}

void DistributedBuilder::place(std::string_view name, std::string_view offset,
                               std::string_view item) {
  places_ += object("MetadataIndex", {text("fqn"), text(name), text("offset"), offset});
  places_ += object("_StorageInfo",
                    {text("relative_path"), text(kData), text("offset"),
                     integer(static_cast<std::int64_t>(data_.size())), text("length"),
                     integer(static_cast<std::int64_t>(item.size()))},
                    "torch.distributed.checkpoint.filesystem");
  data_ += item;
}

std::string DistributedBuilder::metadata() const {
  return "\x80\4" +
         object("Metadata", {text("state_dict_metadata"), all_of(items_), text("planner_data"),
                             all_of(paths_), text("storage_data"), all_of(places_)}) +
         ".";
}

void DistributedBuilder::fill(TemporaryFolder& folder) const {
  folder.file(".metadata", metadata()).file(kData, data_);
}

}  // namespace test_support
