"""What a checkpoint holds, as lines of text: tensors, values, and what is wrong."""

from __future__ import annotations

from typing import Any, Iterator

from ._errors import counted
from ._inspecting import inspect

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_Row = tuple[str, ...]


def listing(path: str) -> Iterator[str]:
    """The lines. Text from the file is escaped. Raises as inspect() does."""
    found = inspect(path)
    size = found.container["file_size"]
    yield f"{path}  {found.container['format']}, {counted(found.tensor_count, 'tensor')}, " + (
        f"{_size(found.storage_bytes)} of data in {_size(size)}"
    )
    yield from _section("tensors", [_tensor(row) for row in found.tensors])
    yield from _section("values", [(row["path"], row["text"]) for row in found.values])
    yield from _section("unknown names", [(row["name"], f"{row['count']}x") for row in found.unknown_globals])
    yield from _section("damaged values", [(row["text"],) for row in found.issues])
    yield from _section("notes", [(note,) for note in found.container["notes"]])


def _tensor(row: dict[str, Any]) -> _Row:
    return row["name"], row["dtype"], str(row["shape"])


def _section(title: str, rows: list[_Row]) -> Iterator[str]:
    if not rows:
        return
    yield title
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip()


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:
            break
        size /= 1024
    else:
        unit = _UNITS[-1]
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"


__all__ = ["listing"]
