"""What stands for objects whose classes are not known. Nothing here is ever called or looked up."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any, ItemsView, Iterator, KeysView, Sequence, ValuesView

from . import _record_classes
from ._errors import printable

if TYPE_CHECKING:
    from ._distributed import DistributedTensor


class Opaque:
    """An object of a class that is not in the table of known names: its parts, and nothing that runs.

    cls: the class, "module.name", escaped. how: the way the file makes it ("reduce", "newobj", ...).
    args, kwargs: what its class was called with. state: what BUILD gave it (None, or a list if there were
    several). list_items, dict_items, set_items: what was added to it.

    It behaves as what it stands for did. Of a subclass of dict, list or set, indexing, iterating, `in`, len()
    and keys(), values(), items(), get() go to the added items; of a named tuple, to its items; of a config
    container of a known package (omegaconf, easydict, yacs, ...), to its content, which attributes give too
    (cfg.model.lr). Other attributes
    are those of its state. The names of this class come first: attributes() has those that they hide, and no
    name is looked up that begins and ends with an underscore.

    Raises KeyError, IndexError and AttributeError as a dict, a list and an object do, and TypeError for keys()
    and the like of a sequence. Two are equal only if they are one object. It is pickled and copied as an
    Opaque, by protocol 2 or later. Reading it is thread-safe.
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
        for part in attribute_dicts(self):
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

    def to_container(self) -> Any:
        """A config container, or a subclass of dict or list, as plain dicts, lists and tuples, all the way down.

        Nodes of configs become their values; an interpolation stays the text that it is. What is shared or
        contains itself does so in the result. Classes and attributes are dropped; records of other objects,
        tensors and all other values stay the objects that they are. Raises TypeError if this record holds no
        items. Thread-safe.
        """
        from ._containers import to_container

        return to_container(self)

    def state_dict(self) -> dict[str, Any]:
        """The state_dict() of a module, as an OrderedDict, or of an optimizer, as a dict.

        Of a module: parameters and persistent buffers by their dotted names, in the order of torch, detached;
        shared ones under every name. A module inside itself is left out. What a class computes by code of its
        own (get_extra_state, hooks) is not there, for nothing is run. Of an optimizer: `state` and
        `param_groups`, parameters as numbers.

        Raises TypeError if this is neither, and Error if parts of it contradict each other. Thread-safe.
        """
        from ._modules import state_dict

        return state_dict(self)

    def distributed_tensor(self) -> DistributedTensor:
        """Of a DTensor of torch.distributed: the tensor of this process, the shape of the whole, mesh, placements.

        Raises TypeError if this is no DTensor, and Error if its parts contradict each other. Thread-safe.
        """
        from ._distributed import distributed_tensor

        return distributed_tensor(self)

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
        content = _content(self) or self.set_items
        return iter(content) if isinstance(content, dict) else map(value_of, content)

    def __len__(self) -> int:
        added = len(self.list_items) + len(self.dict_items) + len(self.set_items)
        return added or len(_content(self))

    def __bool__(self) -> bool:
        return True

    def __contains__(self, item: Any) -> bool:
        content = _content(self)
        return item in content if isinstance(content, dict) and content else item in list(self)

    def __getitem__(self, key: Any) -> Any:
        content = _content(self)
        if isinstance(content, (list, tuple)) and isinstance(key, slice):
            return type(content)(value_of(value) for value in content[key])
        return value_of(content[key])

    # ---- as an object

    def __getattr__(self, name: str) -> Any:
        if name in Opaque.__slots__ or (name.startswith("_") and name.endswith("_")):
            raise AttributeError(name)  # protocols of Python and of notebooks are not the file's to answer
        if self.cls in _record_classes.CONTAINERS:
            content = _content(self)
            if isinstance(content, dict) and name in content:
                return value_of(content[name])
        attributes = self.attributes()
        if name in attributes:
            return value_of(attributes[name])
        raise AttributeError(f"{printable(self.cls)} has no attribute {printable(name)!r}")

    def __dir__(self) -> list[str]:
        names = [*self.attributes(), *(self if self.cls in _record_classes.CONTAINERS else ())]
        return [*super().__dir__(), *(name for name in names if isinstance(name, str) and name.isidentifier())]

    def __repr__(self) -> str:
        from ._show import line

        return line(self)

    def _repr_html_(self) -> str:
        from ._show import tree

        return tree(self)


def attribute_dicts(record: Opaque) -> Iterator[dict[str, Any]]:
    """The dicts of attributes in its state; of equal names the last counts."""
    states = record.state if isinstance(record.state, _States) else [record.state]
    for state in states:
        # The form (attributes, slots) is what classes with __slots__ give.
        parts = state if isinstance(state, tuple) and len(state) == 2 else (state,)
        yield from (part for part in parts if isinstance(part, dict))


Content = dict[Any, Any] | list[Any] | tuple[Any, ...]

_MOST_NODES = 16  # that a config has, each the value of the one before
_MOST_TYPES = 60  # that are printed of one type
_PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray)


def _content(record: Opaque) -> Content:
    """What indexing goes to."""
    held: Any = None
    if record.cls in _record_classes.CONTENT:
        held = record.attributes().get(_record_classes.CONTENT[record.cls])
    elif record.cls in _record_classes.MADE_FROM_DICT and record.args:
        held = record.args[0]
    if isinstance(held, (dict, list)):
        return held
    added = record.list_items or record.dict_items
    return record.args if not added and _is_named_tuple(record) else added


def _is_named_tuple(record: Opaque) -> bool:
    """Made by its class from values alone. One plain value is rather that of an enumeration or of a text."""
    is_plain = len(record.args) == 1 and isinstance(record.args[0], _PLAIN)
    is_made_so = record.how == "newobj" and record.state is None and not record.set_items
    return is_made_so and bool(record.args) and not is_plain


def content_of(record: Opaque) -> Content | None:
    """The content of a mapping or a sequence; None for a record that is neither, or a set."""
    content = _content(record)
    return content if content or record.cls in _record_classes.CONTAINERS else None


def _pairs(record: Opaque) -> dict[Any, Any]:
    content = _content(record)
    if not isinstance(content, dict):
        raise TypeError(f"{printable(record.cls)} is a sequence and has no keys")
    return content


def _values(record: Opaque) -> dict[Any, Any]:
    return {key: value_of(value) for key, value in _pairs(record).items()}


class _States(list[Any]):
    """The states of an object that was given several."""


def value_of(value: Any) -> Any:
    """What a node of a config or a member of an enumeration stands for; any other value as it is.

    A chain of nodes is followed no further than any config goes.
    """
    for _ in range(_MOST_NODES):
        if not isinstance(value, Opaque):
            break
        attributes = value.attributes()
        if value.cls in _record_classes.MEMBERS and len(value.args) == 1:
            value = value.args[0]
        elif value.cls in _record_classes.VALUE and _record_classes.VALUE[value.cls] in attributes:
            value = attributes[_record_classes.VALUE[value.cls]]
        elif value.cls in _record_classes.CONTENT and _record_classes.CONTENT[value.cls] in attributes:
            held = attributes[_record_classes.CONTENT[value.cls]]
            return held if held is None or isinstance(held, str) else value
    return value


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
        return f"<GlobalRef {printable(f'{self.module}.{self.name}')}>"


class AttrRef:
    """getattr(target, name), never resolved: a bound method, a nested class or an enum member."""

    __slots__ = ("name", "target")

    def __init__(self, target: Any, name: str) -> None:
        self.target = target
        self.name = name

    def __repr__(self) -> str:
        from ._show import short

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
        from ._show import short

        return f"<Partial of {short(self.function)}>"


@dataclasses.dataclass(frozen=True)
class Pattern:
    """A regular expression. Never compiled: a hostile one could take for ever."""

    pattern: str | bytes
    flags: int

    def __repr__(self) -> str:
        from ._show import short

        return f"Pattern(pattern={short(self.pattern)}, flags={self.flags})"


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
