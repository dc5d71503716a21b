// ScriptProgram: what the sources of a TorchScript archive define, and what they name.
//
// Nothing is parsed beyond words. Whatever a source does with an operator, a method or a class it
// must write its name, and `torch`, `ops` and `__torch__` can stand for nothing else than the
// beginning of one. So a program whose names are all known computes and does nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace safe_load::scanner {

class ScriptProgram {
 public:
  // Reads one source, the module `qualifier` ("__torch__.torch.nn"), from the record `member`.
  void add(std::string_view source, std::string_view qualifier, const std::string& member);

  enum class Matter : std::uint8_t {
    kFiles,     // an operator that touches files
    kOperator,  // any other that does not only compute, or nobody knows
    kName,      // of a method, an attribute, a function or a class that nobody knows
    kOdd,       // source that is not understood
  };
  // What is not proved to compute and nothing else, and where it stands first.
  struct Doubt {
    Matter matter;
    std::string text;
    std::string member;
    std::uint64_t offset = 0;
  };
  // REQUIRES: all sources were added.
  std::vector<Doubt> doubts() const;

  // Whether a source defines this class, or it is one of packed weights. A name outside of
  // __torch__ is none: where the archive is taken for another kind, it is one of Python's.
  bool has_class(std::string_view module, std::string_view name) const;

 private:
  class Reader;
  struct Use {
    std::string member;
    std::uint64_t offset = 0;
  };
  using Uses = std::map<std::string, Use, std::less<>>;
  using Names = std::set<std::string, std::less<>>;

  void judge_attribute(std::string_view name, const Use& use, std::vector<Doubt>& doubts) const;
  void judge_qualified(std::string_view name, const Use& use, std::vector<Doubt>& doubts) const;

  Names qualified_;  // classes and functions: "__torch__.torch.nn.Linear"
  Names classes_;    // without the functions
  Names methods_;    // and functions
  Names fields_;
  Uses operators_;   // "aten::add"
  Uses attributes_;  // names behind a dot
  Uses functions_;   // called, and neither defined in the function around nor built in
  Uses references_;  // "__torch__.torch.nn.Linear"
  std::vector<Doubt> odd_;
};

}  // namespace safe_load::scanner
