// Records of DTensor, and files that several processes saved. python/tests/test_ranks.py compares
// them with torch's own.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <string>

#include "sets/rank_name.h"
#include "support/checkpoint_builder.h"
#include "support/temporary_folder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::distributed_tensor;
using safe_load::ErrorCode;
using safe_load::sets::read_rank_name;

constexpr std::string_view kNew = "torch.distributed.tensor";
constexpr std::string_view kTypes = "torch.distributed.tensor.placement_types";

std::string object(std::string_view module, std::string_view name,
                   std::initializer_list<std::string_view> attributes) {
  return build(newobj(symbol(module, name), {}), dict(attributes));
}

std::string shard(std::int64_t dim) { return object(kTypes, "Shard", {text("dim"), integer(dim)}); }

std::string replicate() { return newobj(symbol(kTypes, "Replicate"), {}); }

// A mesh as torch 2.8 saves it: its shape is that of the tensor of ranks, on storage "ranks".
std::string mesh_of_ranks(std::initializer_list<std::int64_t> sizes,
                          std::initializer_list<std::int64_t> strides) {
  return object("torch.distributed.device_mesh", "DeviceMesh",
                {text("device_type"), text("cuda"), text("mesh"),
                 tensor(storage("ranks", 4, "LongStorage"), 0, sizes, strides),
                 text("mesh_dim_names"), kNone});
}

std::string flat(std::string_view extent) {
  return object("torch.distributed._mesh_layout", "_FlatLayout", {text("shape"), extent});
}

std::string mesh_of_axes(std::initializer_list<std::string_view> axes, std::string_view names) {
  return object(
      "torch.distributed.device_mesh", "DeviceMesh",
      {text("_device_type"), text("cpu"), text("_layout"),
       object("torch.distributed._mesh_layout", "_MeshLayout", {text("axes"), tuple(axes)}),
       text("_mesh_dim_names"), names});
}

struct Parts {
  std::string mesh = mesh_of_ranks({2, 2}, {2, 1});
  std::string placements = tuple({shard(0), replicate()});
  std::string local = tensor(storage("local", 6), 0, {2, 3}, {3, 1});
  std::string shape = integers({4, 3});
  std::string_view module = kNew;
};

std::string distributed(const Parts& parts) {
  const std::string layout =
      reduce(symbol("torch.serialization", "_get_layout"), {text("torch.strided")});
  const std::string arguments = tuple({symbol(parts.module, "DTensor"), symbol("torch", "float32"),
                                       parts.shape, integers({3, 1}), integer(0), layout,
                                       reduce(symbol("torch", "device"), {text("cpu")}), kFalse});
  const std::string spec = object("torch.distributed.tensor._dtensor_spec", "DTensorSpec",
                                  {text("mesh"), parts.mesh, text("placements"), parts.placements});
  const std::string state =
      tuple({kNone, dict({text("_local_tensor"), parts.local, text("_spec"), spec})});
  return reduce(symbol("torch._tensor", "_rebuild_from_type_v2"),
                {symbol("torch._utils", "_rebuild_wrapper_subclass"),
                 symbol(parts.module, "DTensor"), arguments, state});
}

std::string archive(std::string_view value) {
  return CheckpointBuilder(value)
      .storage("local", raw<float>({0, 1, 2, 3, 4, 5}))
      .storage("ranks", raw<std::int64_t>({0, 1, 2, 3}))
      .build();
}

Checkpoint file(std::string_view value) {
  const std::string content = archive(value);
  const auto* const bytes = reinterpret_cast<const std::byte*>(content.data());
  auto opened = Checkpoint::open(std::vector<std::byte>(bytes, bytes + content.size()));
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  return *std::move(opened);
}

// Its text, or the reason why it is none.
std::string described(const Parts& parts) {
  const Checkpoint checkpoint = file(distributed(parts));
  EXPECT_TRUE(checkpoint.issues().empty());
  for (const auto& use : checkpoint.symbols()) EXPECT_TRUE(use.is_known) << use.name;
  const auto whole = distributed_tensor(checkpoint.root());
  if (whole) return to_text(*whole);
  EXPECT_EQ(whole.error().code(), ErrorCode::kCorrupt);
  return std::string(whole.error().reason());
}

TEST(DistributedTensors, TellHowTheWholeIsDivided) {
  const Checkpoint checkpoint = file(distributed({}));
  const auto whole = distributed_tensor(checkpoint.root());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->shape[0], 4);
  EXPECT_EQ(whole->shape[1], 3);
  EXPECT_EQ(whole->local.tensor()->shape()[0], 2);
  EXPECT_EQ(whole->mesh.device_type, "cuda");
  EXPECT_TRUE(whole->mesh.names.empty());
  EXPECT_FALSE(whole->is_replicated());
  EXPECT_EQ(to_text(*whole), "Shard(0), Replicate on a cuda mesh [2, 2]");
  EXPECT_EQ(safe_load::summary(checkpoint.root()),
            "DTensor [4, 3], Shard(0), Replicate on a cuda mesh [2, 2]");
}

TEST(DistributedTensors, AreReadInEverySpelling) {
  const std::string names = tuple({text("dp"), text("tp")});
  const std::string axes = mesh_of_axes({flat(integers({2})), flat(integer(3))}, names);
  EXPECT_EQ(described({.mesh = axes}), "Shard(0), Replicate on a cpu mesh [2, 3]");
  const std::string one = mesh_of_axes({flat(")")}, kNone);
  EXPECT_EQ(described({.mesh = one, .placements = list({shard(0)})}), "Shard(0) on a cpu mesh [1]");
  EXPECT_EQ(described({.shape = list({integer(4), integer(3)})}), described({}));
  EXPECT_EQ(described({.shape = reduce(symbol("torch", "Size"), {integers({4, 3})})}),
            described({}));
  EXPECT_EQ(described({.module = "torch.distributed._tensor.api"}), described({}));
  const std::string strided =
      object(kTypes, "_StridedShard", {text("dim"), integer(0), text("split_factor"), integer(2)});
  EXPECT_EQ(described({.placements = tuple({strided, shard(0)})}),
            "StridedShard(0, 2), Shard(0) on a cuda mesh [2, 2]");
  const std::string partial = object(kTypes, "Partial", {text("reduce_op"), text("sum")});
  EXPECT_EQ(described({.placements = tuple({shard(0), partial})}),
            "Shard(0), Partial(sum) on a cuda mesh [2, 2]");
}

TEST(DistributedTensors, ThatContradictThemselvesAreErrors) {
  const auto names_fault = [](const Parts& parts, std::string_view words) {
    const std::string reason = described(parts);
    EXPECT_NE(reason.find(words), std::string::npos) << reason;
  };
  names_fault({.placements = tuple({shard(0)})}, "number of placements");
  names_fault({.placements = tuple({shard(2), shard(0)})}, "does not have");
  names_fault({.placements = tuple({shard(-1), shard(0)})}, "does not have");
  names_fault({.placements = tuple({kNone, shard(0)})}, "unknown kind");
  names_fault({.placements = std::string(kNone)}, "number of placements");
  names_fault({.mesh = std::string(kNone)}, "without a shape");
  names_fault({.mesh = mesh_of_axes({flat(integer(0)), flat(integer(2))}, kNone)},
              "without a shape");
  names_fault({.mesh = mesh_of_axes({flat(integer(2)), flat(integer(-2))}, kNone)},
              "without a shape");
  names_fault({.mesh = mesh_of_axes({flat(integers({1LL << 40, 1LL << 40}))}, kNone)},
              "without a shape");
  names_fault({.mesh = mesh_of_axes({flat(integer(2))}, tuple({text("a"), text("b")}))},
              "number of names");
  names_fault({.local = std::string(kNone)}, "without a local one");
  names_fault({.shape = integers({4, 3, 1})}, "no part");
  names_fault({.shape = integers({1, 3})}, "no part");
  names_fault({.shape = integers({4, 4})}, "no part");  // a dimension that nothing divides
}

TEST(DistributedTensors, AreNoOtherValues) {
  const Checkpoint checkpoint = file(tuple({integer(1), newobj(symbol("evil", "DTensor"), {})}));
  for (const int i : {0, 1})
    EXPECT_EQ(distributed_tensor(checkpoint.root()[i]).error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(distributed_tensor({}).error().code(), ErrorCode::kMismatch);
}

// ---- names of files

TEST(RankNames, AreThoseOfFsdpDeepSpeedAndLlama) {
  const auto fsdp = read_rank_name("optim_world_size_16_rank_3.pt");
  ASSERT_TRUE(fsdp);
  EXPECT_EQ(fsdp->stem, "optim");
  EXPECT_EQ(fsdp->world_size, 16u);
  EXPECT_EQ(fsdp->rank, 3u);
  EXPECT_EQ(fsdp->end, ".pt");
  for (const std::string_view name :
       {"mp_rank_00_model_states.pt", "zero_pp_rank_3_mp_rank_01_optim_states.pt",
        "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt", "consolidated.00.pth"})
    EXPECT_TRUE(read_rank_name(name)) << name;
  for (const std::string_view name : {"model_world_size_2_rank_2.pt",
                                      "_world_size_2_rank_0.pt",
                                      "model_world_size_x_rank_0.pt",
                                      "model_world_size_2_rank_.pt",
                                      "model_world_size_2_rank_0",
                                      "model_world_size_2.pt",
                                      "model_world_size_0_rank_0.pt",
                                      "config_world_size_2_rank_0.json",
                                      "mp_rank_00.pt",
                                      "mp_rank_x_model_states.pt",
                                      "amp_rank_00_model_states.pt",
                                      "mp_rank_00_model_states",
                                      "consolidated.pth",
                                      "consolidated.0.pth",
                                      "consolidated.000.pth",
                                      "consolidated.00.pt",
                                      "consolidated.00.pth.bak",
                                      "consolidated.x0.pth",
                                      "model.pt",
                                      ""})
    EXPECT_FALSE(read_rank_name(name)) << name;
}

// ---- folders

void fill(TemporaryFolder& folder) {
  const std::string plain = tensor(storage("local", 6), 0, {6}, {1});
  const std::string odd = tensor(storage("local", 6), 0, {3}, {1});
  const std::string copied =
      distributed({.placements = tuple({replicate(), replicate()}), .shape = integers({2, 3})});
  folder.file("model_world_size_2_rank_0.pt",
              archive(dict({text("w"), distributed({}), text("copy"), copied, text("buffer"), plain,
                            text("odd"), plain, text("only"), dict({integer(0), plain})})));
  folder.file("model_world_size_2_rank_1.pt",
              archive(dict({text("w"), distributed({}), text("copy"), copied, text("buffer"), plain,
                            text("odd"), odd})));
}

TEST(RankFiles, AreOneDictByFile) {
  TemporaryFolder folder;
  fill(folder);
  folder.file("config.json", "{}");
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->container().format, safe_load::Format::kRankFiles);
  EXPECT_EQ(opened->root().size(), 2u);
  EXPECT_TRUE(distributed_tensor(opened->root()["model_world_size_2_rank_1.pt"]["w"]));
  std::string text;
  for (const safe_load::RankTensor& row : rank_tensors(*opened)) {
    EXPECT_EQ(row.file, "model_world_size_2_rank_*.pt");
    text += row.name + ": " + row.placement + '\n';
  }
  EXPECT_EQ(text,
            "w: Shard(0), Replicate on a cuda mesh [2, 2]\n"
            "copy: Replicate, Replicate on a cuda mesh [2, 2]\n"
            "buffer: in every rank\n"
            "odd: not alike in the ranks\n"
            "only.0: in 1 of 2 ranks\n");
}

TEST(RankFiles, ThatAreMissingAreNamed) {
  TemporaryFolder folder;
  fill(folder);
  folder.remove("model_world_size_2_rank_0.pt");
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kTruncated);
  EXPECT_NE(
      opened.error().message.find("1 of 2 rank files are missing: model_world_size_2_rank_0.pt"),
      std::string::npos)
      << opened.error().message;
}

TEST(RankFiles, OfTwoRunsAreAmbiguous) {
  TemporaryFolder folder;
  fill(folder);
  folder.file("model_world_size_4_rank_0.pt", archive(kNone));
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kAmbiguous);
}

TEST(RankFiles, ThatAreNoCheckpointsAreErrors) {
  TemporaryFolder folder;
  fill(folder);
  folder.file("model_world_size_2_rank_1.pt", "<html></html>");
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("model_world_size_2_rank_1.pt"), std::string::npos);
}

TEST(RankFiles, ThatAreCutOffAnywhereAreErrors) {
  TemporaryFolder folder;
  fill(folder);
  const std::string whole = archive(dict({text("w"), distributed({})}));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    folder.file("model_world_size_2_rank_1.pt", std::string_view(whole).substr(0, size));
    const auto opened = Checkpoint::open(folder.path());
    ASSERT_FALSE(opened) << size;
    EXPECT_NE(opened.error().text().find("rank_1.pt"), std::string::npos) << opened.error().text();
  }
}

TEST(RankFiles, StandInTheOrderOfTheirRanks) {
  TemporaryFolder folder;
  for (int rank = 0; rank < 11; ++rank)
    folder.file("m_world_size_11_rank_" + std::to_string(rank) + ".pt", archive(integer(rank)));
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().text();
  for (int rank = 0; rank < 11; ++rank)
    EXPECT_EQ(opened->root().items()[static_cast<std::size_t>(2 * rank + 1)].get_or(-1), rank);
}

TEST(RankFiles, AloneSayThatThereAreMore) {
  TemporaryFolder folder;
  fill(folder);
  const auto opened = Checkpoint::open(folder.path("model_world_size_2_rank_0.pt"));
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_NE(opened->container().notes[0].find("open the folder"), std::string::npos);
}

TEST(RankFiles, OfDeepSpeedAreDescribed) {
  TemporaryFolder folder;
  const std::string version = text("0.14.2");
  folder.file("mp_rank_00_model_states.pt",
              archive(dict({text("module"), dict({}), text("param_shapes"), list({}),
                            text("ds_version"), version})));
  const std::string stage =
      reduce(symbol("deepspeed.runtime.zero.config", "ZeroStageEnum"), {integer(2)});
  for (const std::string_view rank : {"0", "1"})
    folder.file("zero_pp_rank_" + std::string(rank) + "_mp_rank_00_optim_states.pt",
                archive(dict(
                    {text("optimizer_state_dict"),
                     dict({text("zero_stage"), stage, text("partition_count"), list({integer(2)})}),
                     text("ds_version"), version})));
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->root().size(), 3u);
  const std::string report = to_text(*opened, "run");
  EXPECT_NE(
      report.find(
          "written by DeepSpeed 0.14.2: optimizer states of ZeRO stage 2, one of 2 partitions"),
      std::string::npos)
      << report;
  EXPECT_NE(report.find("written by DeepSpeed 0.14.2: model states"), std::string::npos) << report;
  for (const auto& use : opened->symbols()) EXPECT_TRUE(use.is_known) << use.name;
}

}  // namespace
