// plan_safetensors() and write(): what comes out opens again, and every failure is told.
#include "safe_load/write.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/bytes.h"
#include "support/checkpoint_builder.h"
#include "support/temporary_folder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::plan_safetensors;

class Memory final : public safe_load::Sink {
 public:
  explicit Memory(std::size_t room = ~std::size_t{0}) : room_(room) {}
  safe_load::Status write(std::span<const std::byte> bytes) override {
    if (bytes.size() > room_ - content.size())
      return safe_load::Error(ErrorCode::kIo, "no room left");
    content += safe_load::base::as_text(bytes);
    return {};
  }
  std::string content;

 private:
  std::size_t room_;
};

std::string a_checkpoint() {
  return CheckpointBuilder(dict({text("w"), tensor(storage("0", 6), 0, {2, 3}, {3, 1}),  //
                                 text("t"), tensor(storage("0", 6), 0, {3, 2}, {1, 3}), text("b"),
                                 tensor(storage("1", 2, "BoolStorage"), 0, {2}, {1})}))
      .storage("0", raw<float>({1, 2, 3, 4, 5, 6}))
      .storage("1", std::string("\0\2", 2))
      .build();
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Write, GivesAFileThatOpensAgain) {
  const std::string file = a_checkpoint();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto plan = plan_safetensors(*opened);
  ASSERT_TRUE(plan.ok()) << plan.error()[0];
  Memory memory;
  ASSERT_TRUE(write(*plan, memory).ok());
  EXPECT_EQ(memory.content.size(), plan->byte_count());
  const auto again = Checkpoint::open(safe_load::base::as_bytes(memory.content));
  ASSERT_TRUE(again.ok()) << again.error();
  const auto weights = again->state_dict();
  ASSERT_TRUE(weights.ok());
  std::vector<float> numbers(6);
  ASSERT_TRUE(weights->at("t")->copy_to(std::span(numbers)).ok());
  EXPECT_EQ(numbers, (std::vector<float>{1, 4, 2, 5, 3, 6}));
  std::vector<std::byte> bools(2);
  ASSERT_TRUE(weights->at("b")->copy_bytes_to(bools).ok());
  EXPECT_EQ(bools[1], std::byte{1});  // the file had 2
}

TEST(Write, TellsWhereverTheSinkFails) {
  const std::string file = a_checkpoint();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  ASSERT_TRUE(opened.ok());
  const auto plan = plan_safetensors(*opened);
  ASSERT_TRUE(plan.ok());
  for (std::size_t room = 0; room < plan->byte_count(); ++room) {
    Memory memory(room);
    const auto written = write(*plan, memory);
    ASSERT_FALSE(written.ok()) << room;
    EXPECT_EQ(written.error().code, ErrorCode::kIo);
    EXPECT_LE(memory.content.size(), room);
  }
}

TEST(Write, StopsWhenItIsToldTo) {
  const std::string file = a_checkpoint();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  ASSERT_TRUE(opened.ok());
  const auto plan = plan_safetensors(*opened);
  ASSERT_TRUE(plan.ok());
  for (int most = 0; most < 4; ++most) {
    int calls = 0;
    Memory memory;
    const auto written =
        write(*plan, memory, [&](std::uint64_t, std::uint64_t) { return calls++ < most; });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::kStopped);
    EXPECT_EQ(calls, most + 1);
  }
}

TEST(Write, LeavesWhatIsThere) {
  const TemporaryFolder folder;
  const std::string source = folder.path() + "/a.pt";
  const std::string target = folder.path() + "/a.safetensors";
  std::ofstream(source, std::ios::binary) << a_checkpoint();
  std::ofstream(target) << "precious";
  const auto opened = Checkpoint::open(source);
  ASSERT_TRUE(opened.ok());
  const auto plan = plan_safetensors(*opened);
  ASSERT_TRUE(plan.ok());
  const auto refused = write(*plan, target);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kMismatch);
  EXPECT_EQ(content_of(target), "precious");
  ASSERT_FALSE(write(*plan, source, {.overwrite = true}).ok());
  EXPECT_EQ(content_of(source), a_checkpoint());
  ASSERT_TRUE(write(*plan, target, {.overwrite = true}).ok());
  EXPECT_EQ(content_of(target).size(), plan->byte_count());
}

TEST(Write, ListsAllThatStandsAgainstIt) {
  const std::string file =
      CheckpointBuilder(
          dict({text("wide"), tensor(storage("0", 1, "ComplexDoubleStorage"), 0, {}, {}),
                text("__metadata__"), tensor(storage("1", 1), 0, {}, {}), text("spread"),
                tensor(storage("1", 1), 0, {1'000'000'000'000}, {0})}))
          .storage("0", std::string(16, '\0'))
          .storage("1", std::string(4, '\0'))
          .build();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto plan = plan_safetensors(*opened);
  ASSERT_FALSE(plan.ok());
  ASSERT_EQ(plan.error().size(), 3u);
  EXPECT_EQ(plan.error()[0].path, "wide");
  EXPECT_EQ(plan.error()[1].path, "__metadata__");
  EXPECT_EQ(plan.error()[2].code, ErrorCode::kLimit);
}

TEST(Write, FixesWhatWasNotPlain) {
  const std::string file =
      CheckpointBuilder(dict({text("w"), tensor(storage("0", 6), 2, {2}, {1}), text("t"),
                              tensor(storage("0", 6), 0, {2}, {3}), text("b"),
                              tensor(storage("1", 2, "BoolStorage"), 0, {2}, {1})}))
          .storage("0", raw<float>({1, 2, 3, 4, 5, 6}))
          .storage("1", std::string("\0\2", 2))
          .build();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto plan = safe_load::plan_torch(*opened);
  ASSERT_TRUE(plan.ok()) << plan.error()[0];
  EXPECT_TRUE(plan->changes().empty());
  Memory memory;
  ASSERT_TRUE(write(*plan, memory).ok());
  EXPECT_EQ(memory.content.size(), plan->byte_count());
  const auto again = Checkpoint::open(safe_load::base::as_bytes(memory.content));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_EQ(again->storage_count(), 2u);
  std::vector<float> numbers(2);
  ASSERT_TRUE(again->state_dict()->at("t")->copy_to(std::span(numbers)).ok());
  EXPECT_EQ(numbers, (std::vector<float>{1, 4}));
  for (std::size_t room = 0; room < plan->byte_count(); ++room) {
    Memory small(room);
    ASSERT_FALSE(write(*plan, small).ok()) << room;
  }
  for (int most = 0; most < 8; ++most) {
    int calls = 0;
    Memory stopped;
    const auto written =
        write(*plan, stopped, [&](std::uint64_t, std::uint64_t) { return calls++ < most; });
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::kStopped);
  }
}

}  // namespace
