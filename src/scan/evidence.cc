#include "scan/evidence.h"

#include <algorithm>
#include <array>
#include <string>

namespace safe_load::scanner {
namespace {

constexpr std::size_t kMostLooked = 4096;

struct Sign {
  Evidence evidence;
  std::string_view text;  // in lower case
};

constexpr auto kSigns = std::to_array<Sign>({
    {Evidence::kPython, "__import__("},
    {Evidence::kPython, "exec("},
    {Evidence::kPython, "eval("},
    {Evidence::kPython, "open("},
    {Evidence::kPython, "compile("},
    {Evidence::kPython, "os.system"},
    {Evidence::kPython, "os.popen"},
    {Evidence::kPython, "subprocess"},
    {Evidence::kPython, "__builtins__"},
    {Evidence::kPython, "getattr("},
    {Evidence::kPython, "lambda "},
    {Evidence::kPython, "print("},
    {Evidence::kShell, "/bin/sh"},
    {Evidence::kShell, "/bin/bash"},
    {Evidence::kShell, "/dev/tcp/"},
    {Evidence::kShell, "| sh"},
    {Evidence::kShell, "|sh"},
    {Evidence::kShell, "| bash"},
    {Evidence::kShell, "|bash"},
    {Evidence::kShell, "bash -c"},
    {Evidence::kShell, "bash -i"},
    {Evidence::kShell, "sh -c"},
    {Evidence::kShell, "cmd.exe"},
    {Evidence::kShell, "cmd /c"},
    {Evidence::kShell, "powershell"},
    {Evidence::kShell, "calc.exe"},
    {Evidence::kShell, "nc -e"},
    {Evidence::kShell, "curl http"},
    {Evidence::kShell, "curl -"},
    {Evidence::kShell, "wget http"},
    {Evidence::kShell, "wget -"},
    {Evidence::kShell, "rm -rf"},
    {Evidence::kShell, "chmod +x"},
    {Evidence::kShell, "touch /"},
    {Evidence::kUrl, "http://"},
    {Evidence::kUrl, "https://"},
    {Evidence::kUrl, "ftp://"},
    {Evidence::kSensitivePath, "/etc/passwd"},
    {Evidence::kSensitivePath, "/etc/shadow"},
    {Evidence::kSensitivePath, "/proc/"},
    {Evidence::kSensitivePath, ".ssh"},
    {Evidence::kSensitivePath, ".aws"},
    {Evidence::kSensitivePath, ".bashrc"},
    {Evidence::kSensitivePath, "hkey_"},
    {Evidence::kSensitivePath, "/tmp/"},
});

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// "import os" or "from os import ..." where a statement can begin.
bool has_import(std::string_view text) {
  for (const std::string_view word : {"import ", "from "})
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
      const std::string_view before = text.substr(0, at);
      const std::size_t last = before.find_last_not_of(" \t");
      const bool begins = last == std::string_view::npos || before[last] == '\n' ||
                          before[last] == ';' || before[last] == ':';
      const std::string_view rest = text.substr(at + word.size());
      if (!begins || rest.empty() || !is_word(rest[0])) continue;
      if (word == "import " || rest.find(" import ") != std::string_view::npos) return true;
    }
  return false;
}

bool has_substitution(std::string_view text) {
  const std::size_t open = text.find("$(");
  return open != std::string_view::npos && text.find(')', open) != std::string_view::npos;
}

// 203.0.113.7:4444
bool has_host_port(std::string_view text) {
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (colon + 1 >= text.size() || !is_digit(text[colon + 1])) continue;
    std::size_t dots = 0;
    std::size_t begin = colon;
    while (begin > 0 && (is_digit(text[begin - 1]) || text[begin - 1] == '.'))
      dots += text[--begin] == '.';
    if (dots == 3) return true;
  }
  return false;
}

}  // namespace

std::string_view to_text(Evidence evidence) {
  constexpr std::string_view kTexts[] = {"python",    "shell",          "url",
                                         "host-port", "sensitive-path", "schema"};
  return kTexts[static_cast<std::size_t>(evidence)];
}

bool is_grave(Evidence evidence) {
  return evidence == Evidence::kPython || evidence == Evidence::kShell ||
         evidence == Evidence::kSensitivePath;
}

void collect_evidence(std::string_view text, std::vector<Evidence>& found) {
  std::string lower(text.substr(0, kMostLooked));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto add = [&](Evidence evidence) {
    if (std::find(found.begin(), found.end(), evidence) == found.end()) found.push_back(evidence);
  };
  for (const Sign& sign : kSigns)
    if (lower.find(sign.text) != std::string::npos) add(sign.evidence);
  if (has_import(lower)) add(Evidence::kPython);
  if (has_substitution(lower)) add(Evidence::kShell);
  if (has_host_port(lower)) add(Evidence::kHostPort);
}

}  // namespace safe_load::scanner
