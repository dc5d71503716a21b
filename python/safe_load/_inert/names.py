"""Names and types that a file mentions. They stay words: nothing is looked up by them."""

from __future__ import annotations

from typing import Any, Sequence

from .._errors import printable

_MOST_TYPES = 60  # that are printed of one type


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
        return f"<GlobalRef {printable(f'{self.module}.{self.name}')}>"


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
    """The text of a type, as a person would write it; of a large one the beginning."""
    text: list[str] = []
    waiting: list[Any] = [value]  # values, and what stands between them
    while waiting and len(text) < _MOST_TYPES:
        part = waiting.pop()
        if isinstance(part, _Between):
            text.append(part)
        elif isinstance(part, TypeExpr):
            parts = part.parts if isinstance(part.parts, tuple) else (part.parts,)
            waiting += _in_brackets(parts)
            waiting.append(part.origin)
        elif isinstance(part, list):
            waiting += _in_brackets(part)
        else:
            text.append(_type_name(part))
    return "".join(text) + ("..." if waiting else "")


class _Between(str):
    """Brackets and commas."""


def _in_brackets(parts: Sequence[Any]) -> list[Any]:
    """In the order in which a stack gives them back."""
    row: list[Any] = [_Between("[")]
    for i, part in enumerate(parts[:_MOST_TYPES]):
        row += [_Between(", "), part] if i else [part]
    return [*row, _Between("]")][::-1]


def _type_name(value: Any) -> str:
    if isinstance(value, GlobalRef):
        return printable(f"{value.module}.{value.name}")
    return printable(value.__name__ if isinstance(value, type) else str(value)[:200])


__all__ = ["GlobalRef", "TypeExpr", "type_text"]
