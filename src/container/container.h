// Container: one way in which a file holds values. A value is opened in two steps: read() fetches
// the pickles, build() runs them and gives them meaning.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "container/failure.h"
#include "container/pickles.h"
#include "container/slice.h"
#include "safe_load/container_info.h"
#include "safe_load/open_options.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::container {

// Nodes from `first` on came from this member; offsets in it are `shift` larger than in the
// program.
struct Section {
  pickle::NodeId first;
  std::string member;
  std::uint64_t shift;
};

// Arrays that stand in the stream of a pickle between its opcodes, as joblib writes them.
struct StreamArrays {
  std::unordered_set<pickle::NodeId> objects;  // that describe them; the arrays took their places
  std::uint64_t first_at = 0;  // where in the pickle the first one stands, if there are any
};

class Container {
 public:
  // What is wrong with bytes of this storage, which everything else can do without.
  struct Damage {
    std::uint32_t storage;
    Failure failure;
  };
  using Report = std::function<void(const Failure&, const archive::ZipEntry&)>;

  Container(Slice slice, const OpenOptions& options)
      : slice_(std::move(slice)), options_(options) {}
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  virtual ~Container() = default;

  virtual Outcome<void> read(Pickles& pickles) = 0;
  // The node of the value. Storages that it adds have their places.
  virtual Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                        const Pickles& pickles) = 0;
  // Whether build() failed because read() fetched no more than Reach of the file.
  virtual bool wants_more() const { return false; }
  // Holds every record against its checksum, and reports those that differ.
  virtual void verify(const Report&) const {}

  const Slice& slice() const { return slice_; }
  ContainerInfo& info() { return info_; }
  const ContainerInfo& info() const { return info_; }
  // In the order of their nodes.
  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Damage>& damage() const { return damage_; }
  // Bytes behind what was read, which nothing in the container explains.
  const std::vector<Slice>& rests() const { return rests_; }
  const StreamArrays& stream_arrays() const { return stream_arrays_; }

 protected:
  const OpenOptions& options() const { return options_; }
  // Runs a program that stands alone and gives it meaning. Errors are placed in `member`.
  Outcome<pickle::Built> run(torch::TensorInterpreter& interpreter, const pickle::Program& program,
                             torch::PersistentIds& ids, std::string member, std::uint64_t shift);
  // Of a container in this one, whose value was built.
  void take_facts(Container& member);
  // `rest` follows `where`; it may be empty.
  void note_rest(Slice rest, std::string_view where);
  // What follows `end` in a program that was read from a member.
  Slice rest_of(const pickle::Program& program, std::uint64_t end, std::string member) const;

  Slice slice_;
  OpenOptions options_;
  ContainerInfo info_;
  std::vector<Section> sections_;
  std::vector<Damage> damage_;
  std::vector<Slice> rests_;
  StreamArrays stream_arrays_;
};

using ContainerPtr = std::unique_ptr<Container>;

}  // namespace safe_load::container
