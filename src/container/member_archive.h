// MemberArchive: a zip file whose members are containers of their own: .npz, and the checkpoints of
// libraries that zip several. Its value is a dict from the members' names to their values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "container/zip_file.h"

namespace safe_load::container {

class MemberArchive final : public Container {
 public:
  struct Member {
    std::string key;
    ContainerPtr container;
  };

  // Empty if no member is a container; members that are none are named in the notes.
  static Outcome<std::unique_ptr<MemberArchive>> open(ZipFile file, const OpenOptions& options,
                                                      std::uint64_t reach);

  Outcome<void> read(Pickles& pickles) override;
  Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                const Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  MemberArchive(ZipFile file, const OpenOptions& options)
      : Container(file.slice(), options), file_(std::move(file)) {}

  ZipFile file_;
  std::vector<Member> members_;
};

}  // namespace safe_load::container
