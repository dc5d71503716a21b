"""What makes each sort of value. A fixed set: no name from a file ever chooses what is called here."""

from __future__ import annotations

import collections
import contextlib
import enum
import operator
from typing import Any, Callable, Iterable, Iterator

from .._errors import Error, printable
from .._inert import AttrRef, GlobalRef, Opaque, Partial, StateRecord, TensorRecord, _States
from . import containers, own_records, rebuild
from .beside import keep
from .passed import Classes, Constructors, checked_constructors, classes_by_name, is_built
from .scalars import plain_scalar

_JOIN = "_operator.or_"  # of members of an enumeration

Progress = Callable[[int, int, str], None]


class Makers:
    """What the engine calls while it builds. Subclasses add tensors of torch or of NumPy.

    The arguments of `record` and `stateful` were checked by the engine: counts, types, ranges.
    """

    has_torch = False
    makes_arrays = False
    c_abi: tuple[str, str] | None = None  # libraries of torch, whose C functions make tensors

    def __init__(
        self,
        has_numpy: bool = False,
        constructors: Constructors = None,
        classes: Classes = None,
        keeps_records: bool = False,
        progress: Progress | None = None,
    ) -> None:
        own = checked_constructors(constructors)
        passed = {name: cls for name, cls in classes_by_name(classes).items() if name not in own}
        self.classes = {name: cls for name, cls in passed.items() if is_built(cls)}
        self._class_ids = frozenset(map(id, self.classes.values()))
        self.constructors: dict[str, Callable[..., Any]] = {**self.classes, **own}  # what the engine asks for
        if any(issubclass(cls, enum.Flag) for cls in self.classes.values()):
            self.constructors.setdefault(_JOIN, operator.or_)
        # A class in another one may be spelled as an attribute of that, which then is a name in the file, too.
        self._around = {
            name.rsplit(".", i)[0]
            for name, cls in self.classes.items()
            for i in range(1, cls.__qualname__.count(".") + 1)
        }
        self._keeps_records = keeps_records  # of classes that could not be built
        self.progress = progress
        self._of_caller: BaseException | None = None
        self.has_numpy = has_numpy

    opaque = staticmethod(Opaque)

    @property
    def _numpy(self) -> Any:
        """What makes values of NumPy. REQUIRES: has_numpy."""
        from . import numpy

        return numpy

    def knows(self, name: str, is_called: bool) -> bool:
        """Whether the caller passed what a file calls by this name, or names."""
        return name in self.constructors or (name in self._around and not is_called)

    def symbol(self, module: str, name: str) -> Any:
        if self.classes and f"{module}.{name}" in self.classes:
            return self.classes[f"{module}.{name}"]
        if (module, name) in stdlib().SYMBOLS:
            return stdlib().SYMBOLS[module, name]
        if self.has_numpy and self._numpy.has_symbol(module, name):
            return self._numpy.symbol(module, name)
        return GlobalRef(module, name)

    def record(self, kind: str, fields: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        """A value that its arguments make; a mutable one is filled later."""
        if kind == "collections.defaultdict" and args and self._is_passed(args[0]):
            return collections.defaultdict(args[0])
        if kind in containers.RECORDS:
            return containers.RECORDS[kind](args)
        if kind in stdlib().RECORDS:
            return stdlib().RECORDS[kind](fields, args)
        if kind in own_records.CLASSES:
            return own_records.empty(kind)
        if kind == "attribute reference":
            target, name = args
            return self._attribute(target, name if isinstance(name, str) else name.decode("latin1"))
        if kind == "functools.partial":
            return Partial()
        if kind == "numpy.ma.masked":
            return self._numpy.masked_constant() if self.has_numpy else None
        return self.composite(kind, args)

    def _attribute(self, target: Any, name: str) -> Any:
        """A member of an enumeration that the caller passed; nothing else is looked up."""
        if isinstance(target, enum.EnumMeta) and self._is_passed(target) and name in target.__members__:
            return target.__members__[name]
        return AttrRef(target, name)

    def _is_passed(self, value: Any) -> bool:
        return id(value) in self._class_ids

    def stateful(self, kind: str, args: tuple[Any, ...], states: tuple[Any, ...]) -> Any:
        """A value that is complete only with its state."""
        state = states[0] if states else None
        if kind in stdlib().STATEFUL:
            return stdlib().STATEFUL[kind](args, state)
        if self.has_numpy and kind in self._numpy.STATEFUL:
            return self._numpy.STATEFUL[kind](args, state)
        return StateRecord(kind, args, state)

    def refused(self, reason: BaseException, kind: str, path: str, reads: bool) -> BaseException:
        """What to raise for a value that its own class refuses: an Error that says where.

        What the caller's own functions raise passes, with the place as a note. `reads`: making the value reads
        the file, so that trouble with the operating system is what it says.
        """
        if reason is self._of_caller:
            if hasattr(reason, "add_note"):
                reason.add_note(f"safe_load: at {path}")
            return reason
        passes = isinstance(reason, (Error, MemoryError)) or (reads and isinstance(reason, OSError))
        if passes or not isinstance(reason, Exception):
            return reason
        lines = str(reason).splitlines()
        text = printable(lines[0], 200) if lines else type(reason).__name__
        where = path or "a value"
        if isinstance(reason, rebuild.NotBuilt):
            text = f"safe_load: {where}: {kind} cannot be built here ({text}); {reason.hint}"
            error = Error(text, code="unsupported", hint=reason.hint)
        else:
            text = f"safe_load: {where}: {kind} cannot be built here ({text})"
            error = Error(text, hint="open it with safe_load.open() to reach the rest")
        error.__cause__ = reason
        return error

    @contextlib.contextmanager
    def _caller(self) -> Iterator[None]:
        """Around code of the caller's own, whose exceptions are his."""
        try:
            yield
        except Exception as error:
            self._of_caller = error
            raise

    def damaged(self, path: str) -> Any:
        raise Error(f"safe_load: {path} is damaged and cannot be built", code="corrupt")

    # ---- mutable objects, once their parts are there

    def set_attributes(self, target: Any, state: Any) -> None:
        """As pickle does it; the engine let no name through that begins and ends with two underscores."""
        vars(target).update(attributes_in(state))

    def set_tensor_attributes(self, target: Any, state: Any) -> None:
        """What a tensor had beside its elements. No setter of a tensor or an array is ever reached."""
        keep(target, attributes_in(state))

    def fill_opaque(
        self,
        target: Opaque,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        list_items: list[Any],
        dict_items: list[Any],
        set_items: list[Any],
        states: tuple[Any, ...],
    ) -> None:
        target.args = args
        target.kwargs = kwargs
        target.list_items = list_items
        target.dict_items = dict(zip(dict_items[::2], dict_items[1::2]))
        target.set_items = set_items
        if states:
            target.state = states[0] if len(states) == 1 else _States(states)

    def fill_partial(self, target: Partial, states: tuple[Any, ...]) -> None:
        if states and len(states[0]) == 4:
            target.function, target.args, keywords, attributes = states[0]
            target.keywords, target.attributes = keywords or {}, attributes or {}

    def fill_own_record(self, target: Any, items: list[Any], states: tuple[Any, ...]) -> None:
        own_records.fill(target, items, states)

    # ---- classes that the caller asked for

    def construct(self, name: str, how: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name in self.classes:
            try:
                return self.new_object(self.classes[name], name, how, args, kwargs)
            except rebuild.NotBuilt:
                if not self._keeps_records:
                    raise
        elif name == _JOIN and self.constructors[name] is operator.or_:
            joined = rebuild.joined_members(args)
            if joined is not None:
                return joined
        else:
            with self._caller():
                return self.constructors[name](*args, **kwargs)
        record = Opaque(name, how)
        record.args, record.kwargs = args, kwargs
        return record

    def new_object(self, cls: type, name: str, how: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """An object of a class that the caller passed, without state and items."""
        return rebuild.new_object(cls, name, how, args, kwargs)

    def set_state(self, target: Any, state: Any) -> None:
        rebuild.set_state(target, state)

    def apply(
        self,
        target: Any,
        list_items: list[Any],
        dict_items: list[Any],
        set_items: list[Any],
        states: tuple[Any, ...],
    ) -> None:
        """Adds items and state as pickle would."""
        if type(target) is Opaque:
            return self.fill_opaque(target, target.args, target.kwargs, list_items, dict_items, set_items, states)
        with contextlib.nullcontext() if self._is_passed(type(target)) else self._caller():
            rebuild.add_items(target, list_items, dict_items, set_items)
            for state in states:
                self.set_state(target, state)

    # ---- NumPy; without it a dtype is its text, an array an NdArray or a list, a scalar its value

    def plain_dtype(self, text: str, metadata: Any) -> Any:
        return self._numpy.plain_dtype(text, metadata) if self.has_numpy else text

    def struct_dtype(self, fields: Any, size: int, is_aligned: bool, is_record: bool, metadata: Any) -> Any:
        if self.has_numpy:
            return self._numpy.struct_dtype(fields, size, is_aligned, is_record, metadata)
        return f"|V{size}"

    def subarray_dtype(self, base: Any, shape: tuple[int, ...]) -> Any:
        return self._numpy.subarray_dtype(base, shape) if self.has_numpy else base

    def string_dtype(self, is_coerced: bool, missing: tuple[Any, ...]) -> Any:
        return self._numpy.string_dtype(is_coerced, missing) if self.has_numpy else "T"

    def array(self, dtype: Any, shape: Any, strides: Any, data: bytearray, class_name: str) -> Any:
        return self._numpy.array(dtype, shape, strides, data, class_name)

    def masked(self, data: Any, mask: bytearray, fill_value: Any) -> Any:
        return self._numpy.masked(data, mask, fill_value) if self.has_numpy else data

    def scalar(self, dtype: Any, data: bytearray) -> Any:
        return self._numpy.scalar(dtype, data) if self.has_numpy else plain_scalar(dtype, data)

    def object_scalar(self, holder: Any) -> Any:
        return holder[()] if self.has_numpy else holder[0]

    def object_array(self, dtype: Any, shape: tuple[int, ...], class_name: str, is_fortran: bool) -> Any:
        return self._numpy.object_array(dtype, shape, class_name, is_fortran) if self.has_numpy else []

    def fill_array(self, target: Any, elements: list[Any]) -> None:
        if self.has_numpy:
            self._numpy.fill(target, elements)
        else:
            target.extend(elements)

    # ---- tensors: without torch and NumPy the engine makes its own views

    def require_devices(self, locations: Iterable[str]) -> None:
        """Raises an Error if tensors saved from these locations go to a device that is not here."""

    def stays_here(self, location: str) -> bool:
        """Whether a storage saved from `location` comes into host memory, to stay there."""
        return location != "meta"

    def is_direct(self, location: str) -> bool:
        return False

    def makes(self, dtype: str) -> bool:
        return False

    def storage(self, storage: Any, unit: int) -> Any:
        return storage.memory(unit)

    def storage_value(self, storage: Any, dtype: str, is_untyped: bool) -> Any:
        return storage

    def composite(self, kind: str, args: tuple[Any, ...]) -> Any:
        """A sparse, nested or jagged tensor, or a Parameter around one."""
        if kind == "torch.nn.parameter.Parameter":
            return args[0]
        if kind == "sparse tensor":
            layout, parts, *_ = args  # requires_grad, which means nothing without torch
            names = ("indices", "values", "size", "is_coalesced")
            if layout != "torch.sparse_coo":
                names = ("compressed_indices", "plain_indices", "values", "size")
            return TensorRecord(kind, {"layout": layout, **dict(zip(names, parts))})
        if kind == "nested tensor":
            return TensorRecord(kind, dict(zip(("buffer", "sizes", "strides", "offsets"), args)))
        return TensorRecord(kind, args[0])

    def quantized(
        self,
        storage: Any,
        dtype: str,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        scale: float,
        zero_point: int,
        scales: Any,
        zero_points: Any,
        axis: int,
        has_float_points: bool,
        requires_grad: bool,
    ) -> Any:
        parts = {"storage": storage, "dtype": dtype, "offset": offset, "shape": shape, "strides": strides}
        if scales is None:
            return TensorRecord("quantized tensor", parts | {"scale": scale, "zero_point": zero_point})
        channels = {"scales": scales, "zero_points": zero_points, "axis": axis}
        return TensorRecord("quantized tensor", parts | channels)


def stdlib() -> Any:
    """What makes values of the standard library, many of whose modules take long to import."""
    from . import stdlib as module

    return module


def attributes_in(state: Any) -> dict[Any, Any]:
    """Of a dict of attributes, or of a pair of them (__dict__ and __slots__) of which each may be None."""
    found: dict[Any, Any] = {}
    for part in state if isinstance(state, tuple) else (state,):
        found.update(part or {})
    return found


__all__ = ["Makers", "attributes_in"]
