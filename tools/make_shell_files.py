"""Makes the completions for bash, zsh and fish and the man page in cli/shell/ from what the program says of itself.

    python tools/make_shell_files.py PROGRAM [--check]

--check writes nothing and ends with 1 if a file is not what it would write.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
import subprocess
import sys

import made_files

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "cli" / "shell"


@dataclasses.dataclass
class Option:
    names: list[str]
    value: str  # "" for a flag
    text: str

    @property
    def choices(self) -> list[str]:
        found = re.match(r"(?:\w+, )*\w+ or \w+", self.text)
        return re.split(r", | or ", found[0]) if found and self.value else []


@dataclasses.dataclass
class Command:
    name: str
    text: str
    options: list[Option]


def output(program: str, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


def options_of(help_text: str) -> list[Option]:
    """The rows below "Options:", each with its text, which may begin on the next line."""
    section = re.split(r"^Options:.*\n|^OPTIONS:.*\n", help_text, flags=re.MULTILINE)[1].split("\n\n")[0]
    found: list[Option] = []
    for line in section.splitlines():
        row = re.match(r"  (-\S+(?:,\s+--\S+)?)(?: ([A-Z]+)\S*(?: in \[[^]]*\])?(?: \.\.\.)?)?(?:\s{2,}(.*))?$", line)
        if row:
            found.append(Option(re.split(r",\s*", row[1]), row[2] or "", row[3] or ""))
        elif found and line.strip():
            found[-1].text = f"{found[-1].text} {line.strip()}".strip()
    return found


def commands_of(program: str) -> list[Command]:
    text = output(program, "-h")
    rows = re.findall(r"^  ([a-z]+)\s{2,}(.*)$", text.split("Commands:")[1].split("\n\n")[0], re.MULTILINE)
    return [Command(name, words, options_of(output(program, name, "-h"))) for name, words in rows]


def bash(commands: list[Command]) -> str:
    cases = "".join(f'    {each.name}) words="{" ".join(name for option in each.options for name in option.names)}" ;;\n'
                    for each in commands)
    choices = "".join(f'    {"|".join(option.names)}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$word")); return ;;\n'
                      for option in distinct(commands) if option.choices)
    names = " ".join(each.name for each in commands)
    return f"""# Completion of safe-load for bash. Made by tools/make_shell_files.py.
_safe_load() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD - 1]}}" command="" words="" each
  COMPREPLY=()
  for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$each" in {names.replace(" ", "|")}) command="$each"; break ;; esac
  done
  case "$before" in
{choices}  esac
  case "$command" in
{cases}    *) words="-h --help --version" ;;
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")); return ;;
  esac
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
  [ -n "$command" ] || COMPREPLY+=($(compgen -W "{names}" -- "$word"))
}}
complete -F _safe_load safe-load
"""


def distinct(commands: list[Command]) -> list[Option]:
    found: dict[str, Option] = {}
    for command in commands:
        for option in command.options:
            found.setdefault(option.names[-1], option)
    return list(found.values())


def quoted(text: str) -> str:
    return text.replace("'", "'\\''")


def zsh(commands: list[Command]) -> str:
    def argument(option: Option) -> str:
        text = re.sub(r"([\[\]:])", r"\\\1", quoted(option.text))
        value = ""
        if option.value:
            value = f":{option.value}:" + (f"({' '.join(option.choices)})" if option.choices else "_files")
        head = f"({' '.join(option.names)})'{{{','.join(option.names)}}}'" if len(option.names) > 1 else option.names[0]
        return f"'{head}[{text}]{value}'"

    rows = "".join(f"    '{each.name}:{quoted(each.text)}'\n" for each in commands)
    cases = "".join(f"    {each.name}) _arguments " + " ".join(argument(option) for option in each.options) + " '*:file:_files' ;;\n"
                    for each in commands)
    return f"""#compdef safe-load
# Completion of safe-load for zsh. Made by tools/make_shell_files.py.
_safe_load() {{
  local -a commands=(
{rows}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _files
    return
  fi
  local command="${{words[2]}}"
  (( CURRENT-- ))
  shift words
  case "$command" in
{cases}    *) _files ;;
  esac
}}
_safe_load "$@"
"""


def fish(commands: list[Command]) -> str:
    names = " ".join(each.name for each in commands)
    lines = ["# Completion of safe-load for fish. Made by tools/make_shell_files.py."]
    for each in commands:
        lines.append(f"complete -c safe-load -n 'not __fish_seen_subcommand_from {names}' -a {each.name} -d '{fish_quoted(each.text)}'")
    for each in commands:
        for option in each.options:
            flags = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
            value = f" -x -a '{' '.join(option.choices)}'" if option.choices else " -r" if option.value else ""
            lines.append(f"complete -c safe-load -n '__fish_seen_subcommand_from {each.name}' {flags}{value} -d '{fish_quoted(option.text)}'")
    return "\n".join(lines) + "\n"


def fish_quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)


def man(program: str, commands: list[Command]) -> str:
    version = output(program, "--version").split()[-1]
    examples = output(program, "-h").split("\n\n")[0].removeprefix("Examples:\n")
    parts = [f""".\\" Made by tools/make_shell_files.py.
.TH SAFE\\-LOAD 1 "" "safe_load {version}" "User Commands"
.SH NAME
safe\\-load \\- look into PyTorch checkpoints, and scan them, without running any of them
.SH SYNOPSIS
.B safe\\-load
.I FILE...
.br
.B safe\\-load
.I COMMAND
[\\fIOPTIONS\\fR] ...
.SH DESCRIPTION
Opens any PyTorch checkpoint, whoever made it, and runs none of it.
A file alone is listed, as by
.BR "safe\\-load ls" .
"""]
    for each in commands:
        usage = re.search(r"^Usage: (.*)$", output(program, each.name, "-h"), re.MULTILINE)
        parts.append(f'.SH "{each.name.upper()}"\n.B {roff(usage[1] if usage else each.name)}\n.PP\n{roff(each.text)}.\n')
        for option in each.options:
            value = f" \\fI{option.value}\\fR" if option.value else ""
            parts.append(f".TP\n\\fB{roff(', '.join(option.names))}\\fR{value}\n{roff(option.text)}\n")
    codes = " ".join(output(program, "scan", "-h").split("Exit codes:")[1].split())
    parts.append(f'.SH EXIT STATUS\n0 done, 2 a file could not be read, 4 wrong usage. Of scan: {roff(codes)}\n'
                 f".SH EXAMPLES\n.nf\n{roff(examples)}\n.fi\n")
    return "".join(parts)


def files(program: str) -> made_files.Files:
    commands = commands_of(program)
    return {FOLDER / "safe-load.bash": bash(commands), FOLDER / "_safe-load": zsh(commands),
            FOLDER / "safe-load.fish": fish(commands), FOLDER / "safe-load.1": man(program, commands)}


if __name__ == "__main__":
    sys.exit(made_files.main(files))
