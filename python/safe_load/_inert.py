"""What stands for objects whose classes are not known. Nothing here is ever called or looked up."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator


class Opaque:
    """An object of a class that is not in the table of known names: its parts, and nothing that runs.

    cls: the class, "module.name", escaped. how: the way the file makes it ("reduce", "newobj", ...).
    args, kwargs: what its class was called with. state: what BUILD gave it (None, or a list if there were
    several). list_items, dict_items, set_items: what was added to it.

    Indexing, iterating and len() go to the added items. Two are equal only if they are one object. It is
    pickled and copied as an Opaque, by protocol 2 or later.
    """

    __slots__ = ("args", "cls", "dict_items", "how", "kwargs", "list_items", "set_items", "state", "__weakref__")

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
        states = self.state if isinstance(self.state, _States) else [self.state]
        for state in states:
            # The form (attributes, slots) is what classes with __slots__ give.
            parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
            for part in parts:
                if isinstance(part, dict):
                    found.update(part)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The parts that are there, by name. They are the objects themselves, not copies."""
        parts = {
            "cls": self.cls,
            "args": self.args,
            "kwargs": self.kwargs,
            "state": self.state,
            "list_items": self.list_items,
            "dict_items": self.dict_items,
            "set_items": self.set_items,
        }
        return {name: part for name, part in parts.items() if name == "cls" or (part is not None and len_of(part))}

    def __iter__(self) -> Iterator[Any]:
        return iter(self.list_items or self.dict_items or self.set_items)

    def __len__(self) -> int:
        return len(self.list_items) + len(self.dict_items) + len(self.set_items)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, key: Any) -> Any:
        return self.list_items[key] if self.list_items else self.dict_items[key]

    def __repr__(self) -> str:
        names = list(self.attributes())[:4]
        shown = f" with {', '.join(str(name)[:40] for name in names)}" if names else ""
        return f"<Opaque {self.cls}{shown}>"


class _States(list[Any]):
    """The states of an object that was given several."""


def len_of(part: Any) -> bool:
    """Whether a part of an Opaque holds anything; a state that is no container does."""
    return not isinstance(part, (tuple, list, dict)) or len(part) > 0


class GlobalRef:
    """A class or function that the file names and does not call: its module and name. Equal if both are."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobalRef) and (self.module, self.name) == (other.module, other.name)

    def __hash__(self) -> int:
        return hash((self.module, self.name))

    def __repr__(self) -> str:
        return f"<GlobalRef {self.module}.{self.name}>"


class AttrRef:
    """getattr(target, name), never resolved: a bound method, a nested class or an enum member."""

    __slots__ = ("name", "target")

    def __init__(self, target: Any, name: str) -> None:
        self.target = target
        self.name = name

    def __repr__(self) -> str:
        return f"<AttrRef {self.target!r}.{self.name}>"


class Partial:
    """A functools.partial: function, args, keywords and attributes, never called."""

    __slots__ = ("args", "attributes", "function", "keywords")

    def __init__(self) -> None:
        self.function: Any = None
        self.args: tuple[Any, ...] = ()
        self.keywords: dict[str, Any] = {}
        self.attributes: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Partial of {self.function!r}>"


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A regular expression. Never compiled: a hostile one could take for ever."""

    pattern: str | bytes
    flags: int


class TypeExpr:
    """A type such as Optional[Config] with parts that are not known here; str() shows it."""

    __slots__ = ("origin", "parts")

    def __init__(self, origin: Any, parts: Any) -> None:
        self.origin = origin
        self.parts = parts

    def __repr__(self) -> str:
        return f"<TypeExpr {type_text(self)}>"

    def __str__(self) -> str:
        return type_text(self)


def type_text(value: Any) -> str:
    """The text of a type, as a person would write it."""
    if isinstance(value, TypeExpr):
        parts = value.parts if isinstance(value.parts, tuple) else (value.parts,)
        return f"{type_text(value.origin)}[{', '.join(type_text(part) for part in parts)}]"
    if isinstance(value, list):
        return f"[{', '.join(type_text(part) for part in value)}]"
    if isinstance(value, GlobalRef):
        return f"{value.module}.{value.name}"
    return value.__name__ if isinstance(value, type) else str(value)


class TensorRecord:
    """A tensor that only torch can hold (sparse, nested, quantized), where torch is not used: its parts.

    kind: "sparse tensor", "nested tensor", "jagged tensor" or "quantized tensor". parts: by name, tensors among
    them.
    """

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, parts: dict[str, Any]) -> None:
        self.kind = kind
        self.parts = parts

    def __repr__(self) -> str:
        return f"<TensorRecord {self.kind} of {', '.join(self.parts)}>"


class StateRecord:
    """The state of an object that only its own package can hold, where that package is missing.

    kind: "numpy.random.RandomState", "torch.Generator", ... args: what it was made with. state: its state.
    """

    __slots__ = ("args", "kind", "state")

    def __init__(self, kind: str, args: tuple[Any, ...], state: Any) -> None:
        self.kind = kind
        self.args = args
        self.state = state

    def __repr__(self) -> str:
        return f"<StateRecord {self.kind}>"
