"""inspect(): what is in a checkpoint, as plain data."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from . import _core
from ._source import is_path, open_source


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What a checkpoint holds. to_dict() is what `safe-load --json` prints."""

    file: str
    container: dict[str, Any]
    tensor_count: int  # distinct ones
    storage_bytes: int
    tensors: list[dict[str, Any]]
    values: list[dict[str, Any]]
    unknown_globals: list[dict[str, Any]]
    known_globals: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    schema: str
    safe_load: str  # the version that looked

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def inspect(
    f: Any,
    *,
    encoding: str = "utf-8",
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Inspection:
    """Looks into a checkpoint without reading a byte of its tensors. Arguments as of safe_load()."""
    checkpoint, title = open_source(f, None, encoding, limits, verify, byteorder)
    title = os.fsdecode(f) if is_path(f) else title
    return Inspection(**json.loads(checkpoint.to_json(title)))
