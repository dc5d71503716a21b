"""Compiles every C++ example: those in the comments of public headers, and the blocks of README.md and docs/.

Usage: python3 tools/check_examples.py [COMPILER]

The blocks of a page with a main() are one program. Any other block, and each example of a header, is a few lines out of
some function: its #include lines go to the top, the rest into a function that returns an int.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-fsyntax-only", f"-I{ROOT / 'include'}"]
# What the reader of a few lines takes for granted.
PRELUDE = "".join(f"#include <{name}>\n" for name in ("safe_load/safe_load.h", "algorithm", "iostream", "memory", "vector"))


def examples_of_header(text):
    """Runs of comment lines that are indented by three."""
    for run in re.findall(r"(?:^//   .*\n(?:^//\n(?=//   ))?)+", text, re.MULTILINE):
        yield re.sub(r"^//(   )?", "", run, flags=re.MULTILINE)


def function_of(block):
    includes = re.findall(r"^#include.*\n", block, re.MULTILINE)
    body = re.sub(r"^#include.*\n", "", block, flags=re.MULTILINE)
    return PRELUDE + "".join(includes) + "int example() {\n" + body + "return 0;\n}\n"


def programs():
    for header in sorted(ROOT.glob("include/safe_load/*.h")):
        for example in examples_of_header(header.read_text()):
            yield header, function_of(example)
    for page in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        if any("int main(" in block for block in blocks):
            yield page, "".join(blocks)
        else:
            yield from ((page, function_of(block)) for block in blocks)


def main():
    compiler = sys.argv[1] if len(sys.argv) > 1 else "c++"
    files = set()
    failures = count = 0
    for file, program in programs():
        done = subprocess.run([compiler, *FLAGS, "-xc++", "-"], input=program, capture_output=True, text=True)
        if done.returncode != 0:
            complaints = re.findall(r"^.*error:.*$", done.stderr, re.MULTILINE)
            print(file.relative_to(ROOT), program, *complaints, sep="\n")
            failures += 1
        files.add(file)
        count += 1
    print(f"{count} examples in {len(files)} files: {failures} do not compile")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
