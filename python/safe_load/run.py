"""`python -m safe_load.run SCRIPT ARGUMENTS`: runs a script in which torch.load is safe_load().

The script runs as `python SCRIPT ARGUMENTS` would, and so does a module with `-m MODULE ARGUMENTS`, inside
as_torch_load(): no checkpoint that it or a library loads with torch.load can run code, and unknown classes come back
as inert records where the call says weights_only=False. Processes that it starts are not changed.
"""

from __future__ import annotations

import os
import runpy
import sys

from ._torch_load import as_torch_load

_USAGE = "usage: python -m safe_load.run SCRIPT [ARGUMENTS...]\n       python -m safe_load.run -m MODULE [ARGUMENTS...]"


def main(arguments: list[str]) -> int:
    """What the process exits with, unless the script says it itself."""
    is_module = arguments[:1] == ["-m"]
    rest = arguments[1:] if is_module else arguments
    if not rest or rest[0].startswith("-"):
        is_asked = rest[:1] in (["-h"], ["--help"])
        print(_USAGE, file=sys.stdout if is_asked else sys.stderr)
        return 0 if is_asked else 4
    sys.argv = rest
    with as_torch_load():
        if is_module:
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = os.path.dirname(os.path.realpath(rest[0]))
            runpy.run_path(rest[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
