"""inspect(): what is in a checkpoint, as plain data."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from . import _core
from ._source import Source, is_path, open_source


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What a checkpoint holds, as plain data.

    file: the path that was given, or what stands for it. container: its format, byte order, sizes in bytes.
    tensor_count: distinct tensors. storage_bytes: of all their storages. tensors: name, path, dtype, shape and
    strides in elements, place in the file in bytes. values: path, kind and text of all other values. origins:
    what wrote it, as far as its values tell. rank_tensors: of the files that several processes saved, what is
    divided among them and what is not.
    unknown_globals, known_globals: the names that the file asks for. issues: the values that cannot be built.
    schema, safe_load: the version of this form, and of the program.
    """

    file: str
    container: dict[str, Any]
    tensor_count: int
    storage_bytes: int
    tensors: list[dict[str, Any]]
    values: list[dict[str, Any]]
    origins: list[str]
    rank_tensors: list[dict[str, Any]]
    unknown_globals: list[dict[str, Any]]
    known_globals: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    schema: str
    safe_load: str

    def to_dict(self) -> dict[str, Any]:
        """The object that `safe-load --json` prints."""
        return dataclasses.asdict(self)


def inspect(
    f: Source,
    *,
    encoding: str = "utf-8",
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Inspection:
    """Looks into a checkpoint without reading a byte of its tensors; unknown classes are listed.

    The arguments are those of safe_load(). Raises Error if the file cannot be read as a checkpoint, and
    OSError for trouble with the operating system. Thread-safe.
    """
    checkpoint, title = open_source(f, None, encoding, limits, verify, byteorder)
    title = os.fsdecode(f) if is_path(f) else title
    return Inspection(**json.loads(checkpoint.to_json(title)))
