"""Config containers as plain dicts, lists and tuples."""

from __future__ import annotations

from typing import Any

from .._errors import class_text
from .content import Content, content_of, value_of
from .record import Record


def to_container(record: Record) -> Any:
    """What Opaque.to_container() gives."""
    value = value_of(record)
    if isinstance(value, Record) and _content(value) is None:
        raise TypeError(f"{class_text(record.cls)} holds no items: it is neither a mapping nor a sequence here")
    return _Copies().copy(value)


def _content(value: Any) -> Content | None:
    """The content of a container, None for any other value."""
    if isinstance(value, Record):
        return content_of(value)
    return value if isinstance(value, (dict, list)) or type(value) is tuple else None


class _Copies:
    """Plain copies of containers by their identity, so that what is shared stays shared.

    Without recursion: a container is opened when it is met and closed when all that lies inside it is copied.
    Only a tuple needs the latter; one that contains itself, by way of a list or dict, stays as it is in there.
    """

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}
        self._waiting: list[tuple[Any, bool]] = []

    def copy(self, root: Any) -> Any:
        self._waiting.append((root, False))
        while self._waiting:
            value, is_open = self._waiting.pop()
            content = _content(value)
            if content is not None and is_open:
                self._close(value, content)
            elif content is not None and id(value) not in self._copies:
                self._open(value, content)
        return self._copy_of(root)

    def _open(self, value: Any, content: Any) -> None:
        self._copies[id(value)] = value if isinstance(content, tuple) else {} if isinstance(content, dict) else []
        self._waiting.append((value, True))
        parts = content.values() if isinstance(content, dict) else content
        self._waiting += [(value_of(part), False) for part in parts]

    def _close(self, value: Any, content: Any) -> None:
        if isinstance(content, dict):
            self._copies[id(value)].update((key, self._copy_of(part)) for key, part in content.items())
        elif isinstance(content, list):
            self._copies[id(value)].extend(self._copy_of(part) for part in content)
        else:
            self._copies[id(value)] = tuple(self._copy_of(part) for part in content)

    def _copy_of(self, part: Any) -> Any:
        value = value_of(part)
        return self._copies.get(id(value), value)


__all__ = ["to_container"]
