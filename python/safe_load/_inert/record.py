"""Record: the parts of an object whose class is not known, as the file has them. Plain data."""

from __future__ import annotations

from typing import Any, Iterator


class Record:
    """What an Opaque is made of. Whatever reads records below Opaque takes them as these."""

    __slots__ = ("args", "cls", "dict_items", "how", "kwargs", "list_items", "set_items", "state")

    def __init__(self, cls: str, how: str) -> None:
        self.cls = cls
        self.how = how
        self.args: tuple[Any, ...] = ()
        self.kwargs: dict[str, Any] = {}
        self.state: Any = None
        self.list_items: list[Any] = []
        self.dict_items: dict[Any, Any] = {}
        self.set_items: list[Any] = []

    def attributes(self) -> dict[str, Any]:
        """The attributes that the object had: its state, or what of it is a dict of attributes."""
        found: dict[str, Any] = {}
        for part in attribute_dicts(self):
            found.update(part)
        return found


class _States(list[Any]):
    """The states of an object that was given several."""


def attribute_dicts(record: Record) -> Iterator[dict[str, Any]]:
    """The dicts of attributes in its state; of equal names the last counts."""
    states = record.state if isinstance(record.state, _States) else [record.state]
    for state in states:
        # The form (attributes, slots) is what classes with __slots__ give.
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        for part in parts:
            if isinstance(part, dict):
                yield from _without_wrapping(part)


# Source: pydantic/main.py, BaseModel.__getstate__; pydantic/v1/main.py.
_PYDANTIC_MARKS = ("__pydantic_fields_set__", "__fields_set__")
_PYDANTIC_DICTS = ("__dict__", "__pydantic_extra__", "__pydantic_private__", "__private_attribute_values__")


def _without_wrapping(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The dicts of attributes that the state of a pydantic model holds; any other state as it is."""
    if not isinstance(state.get("__dict__"), dict) or not any(mark in state for mark in _PYDANTIC_MARKS):
        yield state
        return
    held = {name: state[name] for name in _PYDANTIC_DICTS if isinstance(state.get(name), dict)}
    yield {name: value for name, value in state.items() if name not in held}
    yield from held.values()


__all__ = ["Record", "_States", "attribute_dicts"]
