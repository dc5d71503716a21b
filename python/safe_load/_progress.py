"""The line on a terminal that says how far a load is."""

from __future__ import annotations

import sys
import time

_SECONDS_BETWEEN = 0.1


class TerminalLine:
    """Rewrites one line of the standard error, ten times a second at most, if that is a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._has_begun = False
        self._next = 0.0

    def __call__(self, done: int, total: int, unit: str) -> None:
        if not self._is_shown or (done < total and time.monotonic() < self._next):
            return
        self._next = time.monotonic() + _SECONDS_BETWEEN
        self._has_begun = True
        sys.stderr.write(f"\rsafe_load: {done} of {total} {unit}")
        sys.stderr.flush()

    def end(self) -> None:
        if self._has_begun:
            sys.stderr.write("\n")


__all__ = ["TerminalLine"]
