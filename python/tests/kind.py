"""Kind: one kind of value that people save, and in which form it comes back."""

from __future__ import annotations

import dataclasses
import enum
import random
import warnings
from typing import Any, Callable

PROTOCOLS = (2, 3, 4, 5)
Names = tuple[str, ...]


class _Probe(enum.Enum):
    MEMBER = 1


MEMBERS_BY_NAME = _Probe.MEMBER.__reduce_ex__(2)[0] is getattr  # so it is in early versions of Python 3.11


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a kind of value is made, and what loading it gives.

    make: gives a new value at every call.
    forms: the inert forms that stand in the result, as tools/inert_forms.py writes them, that of the whole first;
        () means that it is equal.
    old_forms: those of protocols 2 and 3, where they are others.
    by_name: those where this Python pickles the members of an enumeration by their names.
    refused: the names for which strict loading refuses it; None: those of the Opaque and GlobalRef among the forms.
    old_refused: those of protocols 2 and 3, where they are others.
    keep: what a file of some protocol holds of the value, where that is less than the value: keep(value, protocol).
    loss: in words, what the file does not hold.
    protocols: those that torch.save takes.
    """

    make: Callable[[], Any]
    forms: Names = ()
    old_forms: Names | None = None
    by_name: Names | None = None
    refused: Names | None = None
    old_refused: Names | None = None
    keep: Callable[[Any, int], Any] | None = None
    loss: str = ""
    protocols: tuple[int, ...] = PROTOCOLS

    def value(self) -> Any:
        """A new value; the same in every process, so that one process can save it and another compare."""
        import numpy
        import torch

        random.seed(1)
        numpy.random.seed(1)
        torch.manual_seed(1)
        torch.utils.hooks.RemovableHandle.next_id = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.make()

    def expected(self, value: Any, protocol: int) -> Any:
        """What a file of this protocol can give back of a value."""
        return self.keep(value, protocol) if self.keep else value

    def forms_at(self, protocol: int) -> Names:
        if MEMBERS_BY_NAME and self.by_name is not None:
            return self.by_name
        return self.old_forms if protocol < 4 and self.old_forms is not None else self.forms

    def refused_at(self, protocol: int) -> set[str]:
        if protocol < 4 and self.old_refused is not None:
            return set(self.old_refused)
        if self.refused is not None:
            return set(self.refused)
        words = (form.split(" ") for form in self.forms_at(protocol))
        named = {name for kind, *names in words if kind in ("Opaque", "GlobalRef") for name in names}
        return named - {"_operator.or_"}  # a known function, inert because of what it is given


def inert(make: Callable[[], Any], *forms: str, **more: Any) -> Kind:
    """A kind that comes back as inert records."""
    return Kind(make, forms, **more)


def opaque(make: Callable[[], Any], *classes: str, **more: Any) -> Kind:
    """A kind that comes back as an Opaque of the first class, with those of the others in it."""
    return Kind(make, tuple(f"Opaque {name}" for name in classes), **more)


def member(make: Callable[[], Any], of: str, *names: str) -> Kind:
    """A member of an enumeration, or several of them joined."""
    joined = ("Opaque _operator.or_",) if len(names) > 1 else ()
    by_name = (*joined, *(f"AttrRef .{name}" for name in names), f"GlobalRef {of}")
    return opaque(make, of, by_name=by_name)


def partly(make: Callable[[], Any], keep: Callable[[Any, int], Any], loss: str) -> Kind:
    """A kind of which a file holds less than there is."""
    return Kind(make, keep=keep, loss=loss)
