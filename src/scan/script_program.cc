#include "scan/script_program.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/script_module.h"
#include "base/text.h"
#include "scan/script_lexer.h"
#include "scan/script_operators.h"

namespace safe_load::scanner {
namespace {

using Kind = ScriptToken::Kind;

constexpr std::string_view kNative = "__torch__.torch.classes.";
constexpr std::string_view kCompute = "aten";
constexpr std::size_t kMostName = 4096;  // with its dots

// What may stand before a parenthesis: built in functions, bases of classes and keywords. Sources:
// torch/csrc/jit/frontend/ir_emitter.cpp, Environment::getSugaredVar();
// torch/csrc/jit/serialization/import_source.cpp.
bool is_builtin(std::string_view name) {
  constexpr std::string_view kNames =
      " AssertionError abs all and annotate any assert awaitable bin bool chr complex del dict "
      "divmod elif else enumerate float for fork hasattr hash hex id if in int is isinstance len "
      "list max min not oct or ord pow print raise range rangelist return round sorted str sum "
      "tuple unchecked_cast uninitialized while with zip ";
  return kNames.find(' ' + std::string(name) + ' ') != std::string_view::npos;
}

// What values have besides operators: classes, members of enums, and packed weights.
bool is_usual_member(std::string_view name) {
  constexpr std::string_view kNames[] = {"__new__",        "bias",    "bit_rate", "dilation",
                                         "groups",         "name",    "padding",  "unpack",
                                         "output_padding", "version", "value",    "weight"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// "c0"
bool is_constant(std::string_view name) {
  return name.size() > 1 && name[0] == 'c' &&
         name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

std::string joined(std::string_view space, std::string_view name) {
  std::string text(space);
  return text.append("::").append(name);
}

// A value's method or property is an operator of these namespaces.
OperatorJudgement judge_method(std::string_view name) {
  const OperatorJudgement judgement = judge_operator(joined(kCompute, name));
  if (judgement.is_listed()) return judgement;
  return judge_operator(joined("prim", name));
}

}  // namespace

// Goes over the words of one source, with one word of foresight.
class ScriptProgram::Reader {
 public:
  Reader(ScriptProgram& program, std::string_view source, std::string_view qualifier,
         const std::string& member)
      : program_(program), lexer_(source), qualifier_(qualifier), member_(member) {
    token_ = lexer_.next();
    following_ = lexer_.next();
  }

  void run() {
    while (token_.kind != Kind::kEnd) {
      if (token_.kind == Kind::kOdd)
        read_odd();
      else if (token_.kind == Kind::kName)
        read_name();
      else if (token_.kind == Kind::kString)
        read_string();
      else
        read_sign();
    }
    if (!getattrs_.empty()) note_odd("a getattr without an end");
  }

 private:
  // getattr(value, "name") that is not closed yet.
  struct Getattr {
    std::size_t depth;  // of the parentheses inside it
    ScriptToken name;   // of its attribute, once it is there
  };

  void step() {
    previous_ = token_;
    token_ = following_;
    following_ = lexer_.next();
  }

  // Once of each source. What follows is read all the same, for what it names.
  void note_odd(std::string_view what) {
    if (!is_odd_)
      program_.odd_.push_back({Matter::kOdd, std::string(what), member_, token_.offset});
    is_odd_ = true;
  }

  void read_odd() {
    note_odd("a character that torch does not write");
    step();
  }

  void note(Uses& uses, std::string name, const ScriptToken& at) {
    uses.try_emplace(std::move(name), Use{member_, at.offset});
  }

  void read_sign() {
    if (token_.is_sign('(')) ++depth_;
    if (token_.is_sign(')')) {
      if (!getattrs_.empty() && getattrs_.back().depth == depth_) {
        const ScriptToken name = getattrs_.back().name;
        getattrs_.pop_back();
        if (name.kind == Kind::kString)
          note(program_.attributes_, std::string(content_of(name)), name);
        else
          note_odd("a getattr of a name that is no text");
      }
      depth_ -= depth_ == 0 ? 0 : 1;
    }
    const bool is_dot = token_.is_sign('.');
    step();
    if (!is_dot || token_.kind != Kind::kName) return;
    note(program_.attributes_, std::string(token_.text), token_);
    step();
  }

  static std::string_view content_of(const ScriptToken& string) {
    return string.text.substr(1, string.text.size() - 2);
  }

  // __annotations__["0"] declares a field, getattr(self, "0") reads it.
  void read_string() {
    if (previous_.is_sign('[') && following_.is_sign(']'))
      program_.fields_.emplace(content_of(token_));
    const bool is_attribute = !getattrs_.empty() && getattrs_.back().depth == depth_ &&
                              previous_.is_sign(',') && following_.is_sign(')');
    if (is_attribute) {
      if (token_.text.find('\\') != std::string_view::npos)
        note_odd("a getattr of a name with a backslash");
      getattrs_.back().name = token_;
    }
    step();
  }

  // A name that no dot stands before, with what follows it behind dots.
  void read_name() {
    const ScriptToken name = token_;
    if (name.text == "def" || name.text == "class") return read_definition();
    if (name.text == "import") return read_import();
    if (following_.is_sign(':') || following_.is_sign('=')) program_.fields_.emplace(name.text);
    if (following_.is_sign('=')) values_.emplace(name.text);
    if (following_.is_sign('(')) {
      if (name.text == "getattr")
        getattrs_.push_back({depth_ + 1, {}});
      else if (!is_builtin(name.text) && !values_.contains(name.text))
        note(program_.functions_, std::string(name.text), name);
    } else if (name.text == "getattr") {
      note_odd("getattr that is not called");
    }
    step();
    std::vector<ScriptToken> chain = {name};
    while (token_.is_sign('.') && following_.kind == Kind::kName) {
      step();
      chain.push_back(token_);
      step();
    }
    read_chain(chain);
  }

  void read_chain(const std::vector<ScriptToken>& chain) {
    const std::string_view head = chain[0].text;
    std::size_t next = 1;
    if (head == "__torch__") {
      std::string name(head);
      for (; next < chain.size(); ++next) name.append(".").append(chain[next].text);
      note(program_.references_, std::move(name), chain[0]);
    } else if (head == "CONSTANTS" && chain.size() > 1 && is_constant(chain[1].text)) {
      next = 2;
    } else if (head == "torch" || head == "ops") {
      next = read_operator(chain);
    }
    for (; next < chain.size(); ++next)
      note(program_.attributes_, std::string(chain[next].text), chain[next]);
  }

  // torch.add, ops.prim.abs; torch.autograd.grad is torch.grad. What follows the operator.
  std::size_t read_operator(const std::vector<ScriptToken>& chain) {
    const bool is_other = chain[0].text == "ops" && chain.size() > 1;
    std::string_view space = is_other ? chain[1].text : kCompute;
    std::size_t next = is_other ? 2 : 1;
    for (; next < chain.size() && chain[next].text == "autograd"; ++next) space = kCompute;
    if (next >= chain.size()) {
      note_odd("`torch` or `ops` without the name of an operator");
      return chain.size();
    }
    note(program_.operators_, joined(space, chain[next].text), chain[0]);
    return next + 1;
  }

  // import __torch__.torch.nn, as torch wrote it until 1.4: another source of the archive.
  void read_import() {
    step();
    if (!token_.is_name("__torch__")) return note_odd("an import of something else");
    step();
    while (token_.is_sign('.') && following_.kind == Kind::kName) {
      step();
      step();
    }
  }

  void read_definition() {
    const bool is_function = token_.text == "def";
    step();
    if (token_.kind != Kind::kName) return note_odd("a definition without a name");
    if (is_function) program_.methods_.emplace(token_.text);
    if (is_function) values_.clear();
    std::string name(qualifier_);
    name.append(".").append(token_.text);
    if (!is_function) program_.classes_.insert(name);
    program_.qualified_.insert(std::move(name));
    step();
  }

  ScriptProgram& program_;
  ScriptLexer lexer_;
  std::string_view qualifier_;
  const std::string& member_;
  ScriptToken previous_;
  ScriptToken token_;
  ScriptToken following_;
  std::size_t depth_ = 0;
  std::vector<Getattr> getattrs_;
  Names values_;  // names that the function has given so far
  bool is_odd_ = false;
};

void ScriptProgram::add(std::string_view source, std::string_view qualifier,
                        const std::string& member) {
  if (!base::is_script_module(qualifier))
    odd_.push_back({Matter::kOdd, "it is not in __torch__", member});
  Reader(*this, source, qualifier, member).run();
}

bool ScriptProgram::has_class(std::string_view module, std::string_view name) const {
  if (!base::is_script_module(module)) return false;
  std::string qualified(module);
  qualified.append(".").append(name);
  return classes_.contains(qualified) ||
         (qualified.starts_with(kNative) &&
          is_packed_weights(std::string_view(qualified).substr(kNative.size())));
}

std::vector<ScriptProgram::Doubt> ScriptProgram::doubts() const {
  std::vector<Doubt> doubts = odd_;
  for (const auto& [name, use] : operators_) {
    const OperatorJudgement judgement = judge_operator(name);
    if (judgement.effect == OperatorEffect::kComputes) continue;
    const bool is_file = judgement.effect == OperatorEffect::kFiles;
    doubts.push_back({is_file ? Matter::kFiles : Matter::kOperator,
                      base::escaped(name) + " " + std::string(judgement.does), use.member,
                      use.offset});
  }
  for (const auto& [name, use] : attributes_) judge_attribute(name, use, doubts);
  for (const auto& [name, use] : functions_)
    doubts.push_back({Matter::kName, base::escaped(name) + "() is a function that is not known",
                      use.member, use.offset});
  for (const auto& [name, use] : references_) judge_qualified(name, use, doubts);
  return doubts;
}

// What touches anything is no method of the program's own, whatever that defines.
void ScriptProgram::judge_attribute(std::string_view name, const Use& use,
                                    std::vector<Doubt>& doubts) const {
  const OperatorJudgement judgement = judge_method(name);
  if (judgement.effect == OperatorEffect::kComputes) return;
  const bool is_own = methods_.contains(name) || fields_.contains(name) || is_usual_member(name);
  if (!judgement.is_listed() && is_own) return;
  std::string text = ".";
  text.append(base::escaped(name));
  if (judgement.is_listed()) {
    text.append(" is the name of an operator that ").append(judgement.does);
  } else {
    text.append(" is neither an operator nor defined here");
  }
  doubts.push_back({judgement.is_listed() ? Matter::kOperator : Matter::kName, std::move(text),
                    use.member, use.offset});
}

void ScriptProgram::judge_qualified(std::string_view name, const Use& use,
                                    std::vector<Doubt>& doubts) const {
  std::string_view known = name.size() <= kMostName ? name : std::string_view();
  const auto is_known = [&](std::string_view part) {
    return qualified_.contains(part) ||
           (part.starts_with(kNative) && is_packed_weights(part.substr(kNative.size())));
  };
  while (!known.empty() && !is_known(known)) {
    const std::size_t dot = known.rfind('.');
    known = known.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  if (known.empty()) {
    doubts.push_back({Matter::kName, base::escaped(name) + " is not defined in the archive",
                      use.member, use.offset});
    return;
  }
  for (std::string_view rest = name.substr(known.size()); !rest.empty();) {
    rest.remove_prefix(1);
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    judge_attribute(rest.substr(0, dot), use, doubts);
    rest.remove_prefix(dot);
  }
}

}  // namespace safe_load::scanner
