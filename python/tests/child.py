"""Runs code in a process of its own: a crash is then a result, not the end of the tests."""

import os
import pathlib
import subprocess
import sys

ATTACKS = pathlib.Path(__file__).resolve().parent.parent.parent / "attacks"


def run(code: str, *arguments: object, seconds: float = 60, megabytes: int | None = None) -> str:
    """What the code printed. Fails if it died, took longer, or ended with an exception."""
    if megabytes is not None:
        code = f"import resource\nresource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20,) * 2)\n{code}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
        env={**os.environ, "PYTHONPATH": str(ATTACKS)},
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout
