"""Inspection: what is in a checkpoint, as plain data."""

from __future__ import annotations

import dataclasses
import json
import threading
import weakref
from typing import TYPE_CHECKING, Any

from . import _core
from ._errors import counted, printable

_LONGEST_PATH = 120  # characters that are shown
_MOST_PENDING = 64  # listings that are still to be made, each of which keeps a file open


class _Listing:
    """The members of an Inspection, made when one of them is asked for first. Until then the file stays open."""

    def __init__(self, checkpoint: _core.Checkpoint, title: str) -> None:
        self._checkpoint: _core.Checkpoint | None = checkpoint
        self._title = title
        self._members: dict[str, Any] = {}
        self._making = threading.Lock()

    def members(self) -> dict[str, Any]:
        with self._making:
            if self._checkpoint is not None:
                self._members = json.loads(self._checkpoint.to_json(self._title))
                self._checkpoint = None
            return self._members


_pending: weakref.WeakSet[_Listing] = weakref.WeakSet()


@dataclasses.dataclass(frozen=True, repr=False)
class Inspection:
    """What a checkpoint holds, as plain data.

    file: the path that was given, or what stands for it. container: its format, byte order, sizes in bytes.
    tensor_count: distinct tensors. storage_bytes: of all their storages. tensors: name, path, dtype, shape and
    strides in elements, place in the file in bytes. values: path, kind and text of all other values. origins:
    what wrote it, as far as its values tell. rank_tensors: of the files that several processes saved, what is
    divided among them and what is not.
    unknown_globals, known_globals: the names that the file asks for. issues: the values that cannot be built.
    schema, safe_load: the version of this form, and of the program.

    inspect() only opens the file and gives the container. The rest is listed when the first of it is asked for,
    without reading the file again, which is closed then. Thread-safe.
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
        members = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        copy: dict[str, Any] = json.loads(json.dumps(members))
        return copy

    def __repr__(self) -> str:
        return (
            f"<Inspection of {printable(self.file, _LONGEST_PATH)}: {self.container['format']}, "
            f"{counted(self.tensor_count, 'tensor')} of {self.storage_bytes} bytes, "
            f"{counted(len(self.unknown_globals), 'unknown name')}, {counted(len(self.issues), 'damaged value')}>"
        )

    def _repr_html_(self) -> str:
        from . import _views

        self._list()
        return _views.inspection(self.file, vars(self))

    if not TYPE_CHECKING:  # or a type checker would take any name for an attribute

        def __getattr__(self, name: str) -> Any:
            """A member that is not there yet."""
            if name in type(self).__dataclass_fields__:
                self._list()
            if name not in vars(self):
                raise AttributeError(f"an Inspection has no attribute {name!r}")
            return vars(self)[name]

    def __getstate__(self) -> dict[str, Any]:
        self._list()
        return dict(vars(self))

    @classmethod
    def of(cls, checkpoint: _core.Checkpoint, title: str) -> Inspection:
        """One whose members are listed later, unless that is still to be done for many."""
        inspection, listing = cls.__new__(cls), _Listing(checkpoint, title)
        vars(inspection).update(container=checkpoint.container(), _listing=listing)
        if len(_pending) < _MOST_PENDING:
            _pending.add(listing)
        else:
            inspection._list()
        return inspection

    def _list(self) -> None:
        listing = vars(self).get("_listing")
        if listing is not None:
            for name, member in listing.members().items():
                vars(self).setdefault(name, member)
            vars(self).pop("_listing", None)  # only now: another thread may be looking
            _pending.discard(listing)


__all__ = ["Inspection"]
