"""`python -m safe_load`: the command safe-load, or a listing of files where that is not installed."""

from __future__ import annotations

import os
import shutil
import sys

from ._errors import Error
from ._listing import listing

_USAGE = """\
usage: python -m safe_load FILE...        what is in checkpoints; nothing in them is run
       python -m safe_load.run SCRIPT...  runs a script in which torch.load is safe_load

The command safe-load does more (show, explain, scan, report); where it is installed, this is the same."""
_WORDS = ("show", "explain", "scan", "report")  # of the command alone


def main(arguments: list[str]) -> int:
    """What the process exits with."""
    command = shutil.which("safe-load")
    if command is not None:
        sys.stdout.flush()
        os.execv(command, [command, *arguments])
    if arguments[:1] == ["ls"]:
        arguments = arguments[1:]
    if arguments[:1] and arguments[0] in _WORDS and not os.path.exists(arguments[0]):
        print(f"safe_load: {arguments[0]} needs the command safe-load, which is not on the PATH", file=sys.stderr)
        return 4
    if not arguments or arguments[0].startswith("-"):
        is_asked = arguments[:1] in (["-h"], ["--help"])
        print(_USAGE, file=sys.stdout if is_asked else sys.stderr)
        return 0 if is_asked else 4
    return max(map(_show, arguments))


def _show(path: str) -> int:
    try:
        print("\n".join(listing(path)), flush=True)
    except BrokenPipeError:  # the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (Error, OSError) as error:
        print(error if isinstance(error, Error) else f"safe_load: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
