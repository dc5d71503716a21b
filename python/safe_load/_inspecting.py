"""inspect(): looking into a checkpoint."""

from __future__ import annotations

import os

from . import _core, _later
from ._source import Source, is_path, open_source


def inspect(
    f: Source,
    *,
    encoding: str = "utf-8",
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> _later.Inspection:
    """Looks into a checkpoint without reading a byte of its tensors; unknown classes are listed.

    The arguments are those of safe_load(). Raises Error if the file cannot be read as a checkpoint, and
    OSError for trouble with the operating system. Thread-safe.
    """
    opened = open_source(f, False, encoding, limits, verify, byteorder)
    return _later.Inspection.of(opened.checkpoint, os.fsdecode(f) if is_path(f) else opened.title)
