"""How records look: one line for a terminal, a folded tree for a notebook. All text from a file is escaped."""

from __future__ import annotations

import argparse
import dataclasses
import html
import itertools
import types
from typing import Any, Iterator

from .._errors import class_text, counted
from . import classes
from .content import content_of, value_of
from .modules import Module, read_module
from .record import Record, attribute_dicts
from .stand_ins import AttrRef, Partial
from .words import cut, short

_LONGEST_LINE = 240
_PARTS_IN_A_LINE = 4
_WIDEST = 50  # rows of one value in a tree
_DEEPEST = 6
_MOST_ROWS = 500
_SHOWN_BEFORE = ("._parameters", "._buffers", "._modules")  # of a module, by its weights and children

Row = tuple[str, Any]  # a step of an object path, and what is there


def line(record: Record) -> str:
    """`<Opaque pkg.Config .lr: 0.1, .layers: list of 3>`: printable, and of bounded length."""
    every = (row for row in _rows(record) if not isinstance(row[1], _Internals))
    rows = [f"{step}: {short(part)}" for step, part in itertools.islice(every, _PARTS_IN_A_LINE + 1)]
    if len(rows) > _PARTS_IN_A_LINE:
        rows[_PARTS_IN_A_LINE] = "..."
    text = f"Opaque {class_text(record.cls)} {', '.join(rows)}".rstrip()
    return f"<{text}>" if len(text) <= _LONGEST_LINE else f"<{text[:_LONGEST_LINE]}...>"


def tree(record: Record) -> str:
    """HTML of nested <details>, without scripts, of bounded depth, width and size."""
    return _Tree().node("", record, ())


def _rows(value: Any) -> Iterator[Row]:
    """What lies directly inside a value, by the steps of object paths."""
    if isinstance(value, Record):
        module = read_module(value)
        yield from _record_rows(value) if module is None else _module_rows(value, module)
    elif isinstance(value, _Internals):
        yield from value.rows
    elif isinstance(value, dict):
        yield from ((f"[{short(key)}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{i}]", part) for i, part in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from (("{}", part) for part in value)
    elif isinstance(value, (argparse.Namespace, types.SimpleNamespace)):
        yield from _attribute_rows(vars(value))
    elif isinstance(value, AttrRef):
        yield f".{cut(value.name)} of", value.target
    elif isinstance(value, Partial):
        yield from ((".function", value.function), (".args", value.args), (".keywords", value.keywords))


@dataclasses.dataclass(frozen=True)
class _Internals:
    """What a module keeps besides its weights and its children."""

    rows: list[Row]


def _module_rows(record: Record, module: Module) -> Iterator[Row]:
    """As torch prints it: children by their names, here with weights before them, and what else it keeps behind them."""
    yield from ((f".{_name(key)}", weight) for key, weight in module.weights)
    yield from ((f"({_name(key)})", child) for key, child in module.children)
    others = [row for row in _record_rows(record) if row[0] not in _SHOWN_BEFORE]
    if others:
        yield "others", _Internals(others)


def _name(key: Any) -> str:
    return cut(key) if isinstance(key, str) else short(key)


def _record_rows(record: Record) -> Iterator[Row]:
    """Of a config container its content, of any other record all its parts."""
    if record.cls in classes.CONTAINERS:
        yield from ((step, value_of(part)) for step, part in _rows(content_of(record)))
        return
    yield from ((f".args{step}", part) for step, part in _rows(record.args))
    yield from ((f".kwargs{step}", part) for step, part in _rows(record.kwargs))
    dicts = list(attribute_dicts(record))
    yield from itertools.chain.from_iterable(_attribute_rows(part) for part in dicts)
    if record.state is not None and not any(dicts) and not isinstance(record.state, dict):
        yield ".state", record.state
    yield from _rows(record.list_items)
    yield from _rows(record.dict_items)
    yield from (("{}", part) for part in record.set_items)


def _attribute_rows(attributes: dict[Any, Any]) -> Iterator[Row]:
    for name, part in attributes.items():
        yield f".{_name(name)}", value_of(part)


class _Tree:
    """Rows of a tree, as many as there may be. Its recursion is as deep as the tree that it writes."""

    def __init__(self) -> None:
        self._rows_left = _MOST_ROWS

    def node(self, step: str, value: Any, above: tuple[int, ...]) -> str:
        words = counted(len(value.rows), "value") if isinstance(value, _Internals) else short(value)
        label = html.escape(f"{step}: {words}" if step else words)
        if id(value) in above:
            return f"{label} (see above)"
        inside = self._inside(value, (*above, id(value)))
        if not inside:
            return label
        return f"<details{'' if above else ' open'}><summary>{label}</summary><ul>{inside}</ul></details>"

    def _inside(self, value: Any, above: tuple[int, ...]) -> str:
        rows = _rows(value)
        shown: list[str] = []
        for step, part in rows:
            if len(above) > _DEEPEST or len(shown) == _WIDEST or self._rows_left == 0:
                shown.append("<li>...</li>")
                break
            self._rows_left -= 1
            shown.append(f"<li>{self.node(step, part, above)}</li>")
        return "".join(shown)


__all__ = ["line", "tree"]
