"""Opaque: a record that behaves as the object did, by what the other files of this folder read from it.

Those are imported where they are used: most files hold no record, and most records are only looked at.
"""

from __future__ import annotations

from typing import Any, ItemsView, Iterator, KeysView, ValuesView

from .. import _later
from .._errors import class_text, printable
from . import classes
from .content import indexed, value_of
from .record import Record

_SHOWN = 4  # attributes in a message
_LONGEST_NAME = 30


class Opaque(Record):
    """An object of a class that is not in the table of known names: its parts, and nothing that runs.

    cls: the class, "module.name", escaped. how: the way the file makes it ("reduce", "newobj", ...).
    args, kwargs: what its class was called with. state: what BUILD gave it (None, or a list if there were
    several). list_items, dict_items, set_items: what was added to it.

    It behaves as what it stands for did. Of a subclass of dict, list or set, indexing, iterating, `in`, len()
    and keys(), values(), items(), get() go to the added items; of a named tuple, to its items; of a config
    container of a known package (omegaconf, easydict, yacs, ...), to its content, which attributes give too
    (cfg.model.lr). A member of an enumeration of a known package is hashed and compared as its value, so that it is
    found as a key (meta["affine"]). Other attributes are those of its state. The names of this class come first: attributes()
    has those that they hide, and no name is looked up that begins and ends with an underscore.

    Raises KeyError, IndexError and AttributeError as a dict, a list and an object do, and TypeError for keys()
    and the like of a sequence. All others are equal only if they are one object. It is pickled and copied as an
    Opaque, by protocol 2 or later. Reading it is thread-safe.
    """

    __slots__ = ("__weakref__",)

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
        return {name: part for name, part in parts.items() if name == "cls" or (part is not None and _is_there(part))}

    def to_container(self) -> Any:
        """A config container, or a subclass of dict or list, as plain dicts, lists and tuples, all the way down.

        Nodes of configs become their values; an interpolation stays the text that it is. What is shared or
        contains itself does so in the result. Classes and attributes are dropped; records of other objects,
        tensors and all other values stay the objects that they are. Raises TypeError if this record holds no
        items. Thread-safe.
        """
        from . import containers

        return containers.to_container(self)

    def to_columns(self, *, index: bool = False) -> dict[Any, Any]:
        """The columns of a pandas DataFrame by their labels, of a Series its one column, of an Index its labels.

        Each is an array of NumPy of the type that pandas kept, views of what the file holds where that can be; a masked
        array for pandas' nullable numbers; an array of objects, None for what is missing, for texts and categories; a range
        for a RangeIndex. Dates with a zone are those of UTC. What is of another kind (periods, intervals) stays a record. index: whether the labels of the rows come first, under the name of
        the index or "index". pandas is not needed.

        Raises TypeError if this is none of these, and Error: code "ambiguous" if two columns have one label, "corrupt" if
        its parts are not those that pandas writes. Thread-safe.
        """
        from . import frames

        return frames.columns(self, index)

    def state_dict(self) -> dict[str, Any]:
        """The state_dict() of a module, as an OrderedDict, or of an optimizer, as a dict.

        Of a module: parameters and persistent buffers by their dotted names, in the order of torch, detached;
        shared ones under every name. What a class computes by code of its own (get_extra_state, hooks) is not
        there, for nothing is run. Of an optimizer: `state` and `param_groups`, parameters as numbers.

        Raises TypeError if this is neither, and Error if parts of it contradict each other, such as a module
        inside itself, two weights of one name, or a child that is not a module. Thread-safe.
        """
        from . import modules

        return modules.state_dict(self)

    def load_into(self, target: Any, *, strict: bool = True, assign: bool = False) -> Any:
        """Loads the state_dict() of this record into a real module, and returns what its load_state_dict() does.

        target: a torch.nn.Module for the record of a module, and an optimizer, which takes neither strict nor
        assign, for that of an optimizer.

        Raises TypeError if they are neither, what state_dict() raises, and what load_state_dict() raises, such as a
        RuntimeError for names that do not match.
        """
        from . import modules

        return modules.load_into(self, target, {"strict": strict, "assign": assign})

    def distributed_tensor(self) -> _later.DistributedTensor:
        """Of a DTensor of torch.distributed: the tensor of this process, the shape of the whole, mesh, placements.

        Raises TypeError if this is not a DTensor, and Error if its parts contradict each other. Thread-safe.
        """
        from . import dtensor

        return dtensor.distributed_tensor(self)

    # ---- as a key

    def __eq__(self, other: object) -> bool:
        value = _member_value(self)
        if value is None:
            return self is other
        other = _member_value(other) if isinstance(other, Opaque) else other
        return isinstance(other, (str, int)) and value == other

    def __hash__(self) -> int:
        value = _member_value(self)
        return object.__hash__(self) if value is None else hash(value)

    # ---- as a mapping or a sequence

    def keys(self) -> KeysView[Any]:
        """The keys of a mapping; TypeError for a sequence."""
        return _pairs(self).keys()

    def values(self) -> ValuesView[Any]:
        """The values of a mapping; TypeError for a sequence."""
        return _values(self).values()

    def items(self) -> ItemsView[Any, Any]:
        """The pairs of a mapping; TypeError for a sequence."""
        return _values(self).items()

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key of a mapping, or the default; TypeError for a sequence."""
        return value_of(_pairs(self).get(key, default))

    def __iter__(self) -> Iterator[Any]:
        held = indexed(self) or self.set_items
        return iter(held) if isinstance(held, dict) else map(value_of, held)

    def __len__(self) -> int:
        added = len(self.list_items) + len(self.dict_items) + len(self.set_items)
        return added or len(indexed(self))

    def __bool__(self) -> bool:
        return True

    def __contains__(self, item: Any) -> bool:
        held = indexed(self)
        return item in held if isinstance(held, dict) and held else item in list(self)

    def __getitem__(self, key: Any) -> Any:
        held = indexed(self)
        if isinstance(held, (list, tuple)) and isinstance(key, slice):
            return type(held)(value_of(value) for value in held[key])
        return value_of(held[key])

    # ---- as an object

    def __getattr__(self, name: str) -> Any:
        if name in Record.__slots__ or (name.startswith("_") and name.endswith("_")):
            raise AttributeError(name)  # protocols of Python and of notebooks are not the file's to answer
        if self.cls in classes.CONTAINERS:
            held = indexed(self)
            if isinstance(held, dict) and name in held:
                return value_of(held[name])
        attributes = self.attributes()
        if name in attributes:
            return value_of(attributes[name])
        raise AttributeError(
            f"{class_text(self.cls)} has no attribute '{printable(name)}': this is an inert record of an object, "
            f"without the code of its class; it has {_offers(self)}, and safe_load(..., classes=[...]) "
            "gives the object itself",
            name=name,
            obj=self,
        )

    def __dir__(self) -> list[str]:
        names = [*self.attributes(), *(self if self.cls in classes.CONTAINERS else ())]
        return [*super().__dir__(), *(name for name in names if isinstance(name, str) and name.isidentifier())]

    def __repr__(self) -> str:
        from . import show

        return show.line(self)

    def _repr_html_(self) -> str:
        from . import show

        return show.tree(self)


def _member_value(record: Opaque) -> str | int | None:
    """What a member of an enumeration is, if it is one of a known class."""
    is_member = record.cls in classes.MEMBERS and len(record.args) == 1 and isinstance(record.args[0], (str, int))
    return record.args[0] if is_member else None


def _offers(record: Opaque) -> str:
    """What a record has in the place of the methods of its class, in words."""
    from . import dtensor, frames, modules

    held = indexed(record)
    found: list[str] = []
    if modules.is_module(record):
        found += ["state_dict()", "load_into(module)"]
    elif modules.is_optimizer(record):
        found += ["state_dict()", "load_into(optimizer)"]
    elif dtensor.is_distributed(record):
        found.append("distributed_tensor()")
    elif frames.is_frame(record):
        found.append("to_columns()")
    elif held and not isinstance(held, tuple):
        found.append("to_container()")
    names = [name for name in record.attributes() if isinstance(name, str) and not name.startswith("_")]
    shown = ", ".join(f".{printable(name, _LONGEST_NAME)}" for name in names[:_SHOWN])
    if shown:
        found.append(shown + (", ..." if len(names) > _SHOWN else ""))
    return ", ".join([*found, "attributes()"])


def _pairs(record: Opaque) -> dict[Any, Any]:
    held = indexed(record)
    if not isinstance(held, dict):
        raise TypeError(f"{class_text(record.cls)} is a sequence and has no keys")
    return held


def _values(record: Opaque) -> dict[Any, Any]:
    return {key: value_of(value) for key, value in _pairs(record).items()}


def _is_there(part: Any) -> bool:
    """Whether a part of an Opaque holds anything; a state that is no container does."""
    return not isinstance(part, (tuple, list, dict)) or len(part) > 0


__all__ = ["Opaque"]
