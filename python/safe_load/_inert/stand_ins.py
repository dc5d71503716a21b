"""What stands for a value that somebody would have to call, compile or import something for."""

from __future__ import annotations

import itertools
from typing import Any

from .._errors import printable
from .words import short


class AttrRef:
    """getattr(target, name), never resolved: a bound method, a nested class or an enum member."""

    __slots__ = ("name", "target")

    def __init__(self, target: Any, name: str) -> None:
        self.target = target
        self.name = name

    def __repr__(self) -> str:
        return f"<AttrRef {short(self.target)}.{printable(self.name)}>"


class Partial:
    """A functools.partial: function, args, keywords and attributes, never called."""

    __slots__ = ("args", "attributes", "function", "keywords")

    def __init__(self) -> None:
        self.function: Any = None
        self.args: tuple[Any, ...] = ()
        self.keywords: dict[str, Any] = {}
        self.attributes: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Partial of {short(self.function)}>"


class Pattern:
    """A regular expression. Never compiled: a hostile one could take for ever. Equal to one of the same text and flags."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.pattern, self.flags) == (other.pattern, other.flags)

    def __hash__(self) -> int:
        return hash((self.pattern, self.flags))

    def __repr__(self) -> str:
        return f"Pattern(pattern={short(self.pattern)}, flags={self.flags})"


class TensorRecord:
    """A tensor that only torch can hold (sparse, nested, quantized), where torch is not used: its parts.

    kind: "sparse tensor", "nested tensor", "jagged tensor" or "quantized tensor". parts: by name, tensors among
    them.
    """

    __slots__ = ("__weakref__", "kind", "parts")

    def __init__(self, kind: str, parts: dict[str, Any]) -> None:
        self.kind = kind
        self.parts = parts

    def __repr__(self) -> str:
        names = ", ".join(printable(str(name)) for name in itertools.islice(self.parts, 8))
        return f"<TensorRecord {printable(self.kind)} of {names}>"


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
        return f"<StateRecord {printable(self.kind)}>"


__all__ = ["AttrRef", "Partial", "Pattern", "StateRecord", "TensorRecord"]
