"""What a record holds where it stands for a mapping, a sequence or one value."""

from __future__ import annotations

from typing import Any

from . import classes
from .record import Record

Content = dict[Any, Any] | list[Any] | tuple[Any, ...]

_MOST_NODES = 16  # that a config has, each the value of the one before
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray)


def indexed(record: Record) -> Content:
    """What indexing goes to."""
    held = _kept_by(record)
    if isinstance(held, Record):
        held = _kept_by(held)
    if isinstance(held, (dict, list)):
        return held
    added = record.list_items or record.dict_items
    return record.args if not added and _is_named_tuple(record) else added


def _kept_by(record: Record) -> Any:
    """What a container of a known package keeps its items in, which may be a container of its own."""
    if record.cls in classes.CONTENT:
        return record.attributes().get(classes.CONTENT[record.cls])
    return record.args[0] if record.cls in classes.MADE_FROM_DICT and record.args else None


def _is_named_tuple(record: Record) -> bool:
    """Made by its class from values alone. One plain value is rather that of an enumeration or of a text."""
    is_plain = len(record.args) == 1 and isinstance(record.args[0], _PLAIN)
    is_made_so = record.how == "newobj" and record.state is None and not record.set_items
    return is_made_so and bool(record.args) and not is_plain


def content_of(record: Record) -> Content | None:
    """The content of a mapping or a sequence; None for a record that is neither, or a set."""
    held = indexed(record)
    if held or record.cls not in classes.CONTAINERS:
        return held or None
    is_there = record.cls not in classes.CONTENT or classes.CONTENT[record.cls] in record.attributes()
    return held if is_there else None


def value_of(value: Any) -> Any:
    """What a node of a config or a member of an enumeration stands for; any other value as it is.

    A chain of nodes is followed no further than any config goes.
    """
    for _ in range(_MOST_NODES):
        if not isinstance(value, Record):
            break
        attributes = value.attributes()
        if value.cls in classes.MEMBERS and len(value.args) == 1:
            value = value.args[0]
        elif value.cls in classes.VALUE and classes.VALUE[value.cls] in attributes:
            value = attributes[classes.VALUE[value.cls]]
        elif value.cls in classes.CONTENT and classes.CONTENT[value.cls] in attributes:
            held = attributes[classes.CONTENT[value.cls]]
            return held if held is None or isinstance(held, str) else value
    return value


__all__ = ["Content", "content_of", "indexed", "value_of"]
