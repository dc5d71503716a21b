"""Files that are made from what the program says of itself: written, or held against what is there."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Callable, Mapping

Files = Mapping[pathlib.Path, str]


def main(make: Callable[[str], Files]) -> int:
    """The command line of a tool: PROGRAM [--check]. make: what the files hold, from the program."""
    parser = argparse.ArgumentParser(description="Makes files from what the program says of itself.")
    parser.add_argument("program")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file is not what it would write")
    arguments = parser.parse_args()
    stale = {path: text for path, text in make(arguments.program).items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        if arguments.check:
            print(f"{path} is not what the program says: python {sys.argv[0]} PROGRAM")
        else:
            path.write_text(text)
    return 1 if stale and arguments.check else 0
