"""Makes docs/rules.md, the rules of `safe-load scan`, from what the program says of them.

    python tools/make_rules_page.py PROGRAM [--check]

--check writes nothing and ends with 1 if the page is not what it would write.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import made_files

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "rules.md"
SEVERITIES = {
    "danger": "DANGEROUS: what only an attacker writes, or a call that runs code",
    "incomplete": "INCOMPLETE: something that a reader could interpret was not read",
    "unknown": "UNKNOWN: something is not known, or readers disagree",
    "note": "Notes, which leave the verdict as it is",
}
HEAD = """# Rules

Every finding of [`safe-load scan`](guide/scan.md) carries the id of its rule; `safe-load scan --explain RULE` prints what is here.
The headings say what a finding makes of a file, if it is of the rule's usual severity.
"""


def scan(program: str, *arguments: str) -> str:
    return subprocess.run([program, "scan", *arguments], capture_output=True, text=True, check=True).stdout


def page(program: str) -> str:
    rules: dict[str, list[str]] = {severity: [] for severity in SEVERITIES}
    for row in scan(program, "--list-rules").splitlines():
        rule, severity, name = row.split(None, 2)
        _, *lines = scan(program, "--explain", rule).splitlines()
        text = re.sub(r"([|*_<])", r"\\\1", " ".join(line.strip() for line in lines))
        rules[severity].append(f"| {rule} | {name} | {text} |\n")
    parts = [HEAD]
    for severity, heading in SEVERITIES.items():
        if rules[severity]:
            parts.append(f"\n## {heading}\n\n| rule | name | what it is about |\n|---|---|---|\n{''.join(rules[severity])}")
    return "".join(parts)


if __name__ == "__main__":
    sys.exit(made_files.main(lambda program: {PAGE: page(program)}))
