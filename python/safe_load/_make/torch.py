"""Tensors of torch, and where they go."""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Any, Callable, Iterable, MutableMapping

import torch

from .._errors import Error
from .._warn import warn
from .makers import Makers, attributes_in

_QSCHEMES = (
    "per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric "
    "per_channel_affine_float_qparams"
).split()
_FORMATS = ("preserve_format", "contiguous_format", "channels_last", "channels_last_3d")
_ALIASES = "half float double short int long cfloat cdouble chalf".split()
_LAYOUTS = "strided sparse_coo sparse_csr sparse_csc sparse_bsr sparse_bsc _mkldnn jagged".split()

_DTYPES = {str(value)[6:]: value for value in vars(torch).values() if isinstance(value, torch.dtype)}

# Bound once, when torch was imported; what a file names is only ever a key.
_SYMBOLS: dict[tuple[str, str], Any] = {
    **{("torch", name): value for name, value in _DTYPES.items()},
    **{("torch", name): getattr(torch, name) for name in _ALIASES},
    **{("torch", name): getattr(torch, name) for name in _QSCHEMES},
    **{("torch._utils", f"torch.{name}"): getattr(torch, name) for name in _FORMATS},
    ("torch", "Tensor"): torch.Tensor,
    ("torch", "Size"): torch.Size,
    ("torch", "device"): torch.device,
    ("torch.nn.parameter", "Parameter"): torch.nn.Parameter,
}
_LAYOUT_VALUES = {f"torch.{name}": getattr(torch, name) for name in _LAYOUTS if hasattr(torch, name)}

# Kept by torch as tensors without elements, whose first size says it.
_SEQUENCE_LENGTHS = ("min_seqlen", "max_seqlen")

Location = str | torch.device | dict[Any, Any] | Callable[[Any, str], Any] | None

# What torch raises for a device that this machine does not have, by its kind.
_NOT_HERE = (RuntimeError, AssertionError, NotImplementedError, AttributeError, ImportError)


# The versions of torch with whose C functions our tests ran. In all others tensors go by DLPack.
_TESTED_C_ABI = ("2.13",)


def _c_abi() -> tuple[str, str] | None:
    """Where the functions of the running torch are: of the engine, and of its objects of Python."""
    if ".".join(torch.__version__.split(".")[:2]) not in _TESTED_C_ABI:
        return None
    folder = os.path.join(os.path.dirname(torch.__file__), "lib")
    return os.path.join(folder, "libtorch_cpu.so"), os.path.join(folder, "libtorch_python.so")


class TorchMakers(Makers):
    """Makes tensors that share storages as the file says, each storage moved once.

    map_location: as in torch.load, except that None puts tensors of a device that is not there into host
    memory, with one warning. A device that was asked for and is not there is an Error.
    """

    has_torch = True
    tensor_class = torch.Tensor
    c_abi = _c_abi()
    from_dlpack = staticmethod(getattr(torch._C, "_from_dlpack", None) or torch.utils.dlpack.from_dlpack)

    def __init__(self, map_location: Location = None, is_lazy: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._map_location = map_location
        self._is_lazy = is_lazy
        # A handle must not keep what nobody else has any more.
        self._storages: MutableMapping[tuple[int, int], torch.UntypedStorage] = (
            weakref.WeakValueDictionary() if is_lazy else {}
        )
        self._missing: set[str] = set()
        self._is_fake = _is_in_fake_mode()
        if isinstance(map_location, (str, torch.device)):
            require_device(map_location)
        elif not (map_location is None or isinstance(map_location, dict) or callable(map_location)):
            kind = type(map_location).__name__
            raise TypeError(f"map_location must be a device, a dict, a callable or None, not {kind}")

    # ---- small values

    def symbol(self, module: str, name: str) -> Any:
        return _SYMBOLS[module, name] if (module, name) in _SYMBOLS else super().symbol(module, name)

    def record(self, kind: str, fields: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        if kind == "torch.Size":
            return torch.Size(fields)
        if kind == "torch.device":
            return torch.device(*args)
        if kind == "torch.layout":
            return _LAYOUT_VALUES[args[0]]
        if kind == "torch.memory_format":
            return _SYMBOLS["torch._utils", f"torch.{args[1]}"]
        if kind == "torch.torch_version.TorchVersion":
            return torch.torch_version.TorchVersion(args[0])
        if kind == "torch.nn.parameter.UninitializedParameter":
            return torch.nn.parameter.UninitializedParameter(*args)
        if kind == "torch.nn.parameter.UninitializedBuffer":
            return torch.nn.parameter.UninitializedBuffer(*args)
        return super().record(kind, fields, args)

    def stateful(self, kind: str, args: tuple[Any, ...], states: tuple[Any, ...]) -> Any:
        if kind == "torch.Generator":
            try:
                return self._generator(args[0], *states[0])
            except _NOT_HERE:
                if args[0].type == "cpu":
                    raise
        return super().stateful(kind, args, states)

    def _generator(self, device: torch.device, seed: int, offset: int | None, state: torch.Tensor) -> Any:
        generator = torch.Generator(device)
        generator.manual_seed(seed)
        if offset is not None:
            generator.set_offset(offset)
        generator.set_state(state.cpu())
        return generator

    # ---- storages and tensors

    def require_devices(self, locations: Iterable[str]) -> None:
        if isinstance(self._map_location, dict):
            for location in sorted(locations):
                require_device(self._map_location.get(location, location))

    def stays_here(self, location: str) -> bool:
        if location == "meta" or callable(self._map_location) or self._is_fake:
            return False
        if isinstance(self._map_location, dict):
            target = self._map_location.get(location, location)
        else:
            target = location if self._map_location is None else self._map_location
        return str(target) == "cpu"

    def is_direct(self, location: str) -> bool:
        """Whether a tensor saved from `location` stays where it is: in host memory."""
        if self._is_lazy or self._is_fake or callable(self._map_location) or isinstance(self._map_location, dict):
            return False
        target = location if self._map_location is None else self._map_location
        return str(target) == "cpu" and location != "meta"

    def storage(self, storage: Any, unit: int) -> torch.UntypedStorage:
        key = (storage.id, unit)
        placed = self._storages.get(key)
        if placed is None:
            placed = self._storages[key] = self._placed(storage, unit)
        return placed

    def _placed(self, storage: Any, unit: int) -> torch.UntypedStorage:
        location = storage.location
        target = self._map_location
        if str(target) == "meta" or location == "meta" or self._is_fake:
            empty = torch.UntypedStorage(storage.nbytes, device="meta")
            if self._is_fake and not callable(target):
                said = target.get(location, location) if isinstance(target, dict) else target or location
                with contextlib.suppress(RuntimeError):  # a device that torch does not know
                    empty._fake_device = torch.device(said)
            return empty
        own = torch.UntypedStorage(0)
        if storage.nbytes:
            own = torch.frombuffer(storage.memory(unit), dtype=torch.uint8).untyped_storage()
        if callable(target):
            with self._caller():
                placed = target(own, location)
                if placed is not None:
                    return _untyped(placed, own)
            return self._restored(own, location)
        if isinstance(target, dict):
            return _moved(own, target.get(location, location))
        return self._restored(own, location) if target is None else _moved(own, target)

    def _restored(self, own: torch.UntypedStorage, location: str) -> torch.UntypedStorage:
        """Back to the device it was saved from, or host memory if that is not here."""
        if location == "cpu":
            return own
        if location not in self._missing:
            try:
                return _moved(own, location)
            except _NOT_HERE:
                if not self._missing:
                    warn(
                        f"safe_load: the file was saved on {location[:40]!r}, which this machine does not "
                        'have; its tensors are in host memory. device="cpu" says so without a warning'
                    )
                self._missing.add(location)
        return own

    def tensor(
        self,
        storage: torch.UntypedStorage,
        dtype: str,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        is_conjugated: bool,
        is_negated: bool,
    ) -> torch.Tensor:
        tensor = torch.empty(0, dtype=_DTYPES[dtype], device=storage.device)
        tensor = tensor.set_(storage, offset, shape, strides)
        if self._is_fake and storage._fake_device is not None:
            tensor.fake_device = torch.device(storage._fake_device)  # type: ignore[attr-defined]
        if is_conjugated:
            tensor = torch._conj(tensor)
        return torch._neg_view(tensor) if is_negated else tensor

    def finish(self, tensor: torch.Tensor, is_parameter: bool, requires_grad: bool) -> torch.Tensor:
        if is_parameter:
            return torch.nn.Parameter(tensor, requires_grad)
        return tensor.requires_grad_(requires_grad)

    def new_object(self, cls: type, name: str, how: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """That of a subclass of Tensor is the tensor itself, as torch._tensor._rebuild_from_type_v2 makes it."""
        if issubclass(cls, torch.Tensor) and len(args) == 1 and type(args[0]) in (torch.Tensor, torch.nn.Parameter):
            return torch.Tensor.as_subclass(args[0], cls)
        return super().new_object(cls, name, how, args, kwargs)

    def set_state(self, target: Any, state: Any) -> None:
        if isinstance(target, torch.Tensor) and type(target).__setstate__ is torch.Tensor.__setstate__:
            self.set_tensor_attributes(target, state)
        else:
            super().set_state(target, state)

    def set_tensor_attributes(self, target: torch.Tensor, state: Any) -> None:
        own = vars(target)  # what a jagged tensor was built with, and the engine has checked, stays
        attributes = {name: value for name, value in attributes_in(state).items() if name not in own}
        for name in attributes:
            if hasattr(torch.Tensor, name) or hasattr(torch.nn.Parameter, name):
                raise AttributeError(f"it has an attribute named {name!r}, as every tensor has")
        own.update(attributes)

    # ---- tensors of several parts, which the engine checked against each other

    def composite(self, kind: str, args: tuple[Any, ...]) -> Any:
        if kind == "torch.nn.parameter.Parameter":
            return torch.nn.Parameter(args[0], args[1])
        if kind == "sparse tensor":
            return _sparse(*args)
        if kind == "nested tensor":
            buffer, sizes, strides, offsets = args
            if isinstance(offsets, list):
                offsets = torch.tensor(offsets, dtype=torch.int64)
            if not buffer.is_meta:  # torch reads these by their address, whatever device they are on
                sizes, strides, offsets = sizes.cpu(), strides.cpu(), offsets.cpu()
            return torch._nested_view_from_buffer(buffer, sizes, strides, offsets)
        return _jagged(args[0])

    def quantized(
        self,
        storage: torch.UntypedStorage,
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
    ) -> torch.Tensor:
        options: dict[str, Any] = {"dtype": _DTYPES[dtype], "device": storage.device}
        if scales is None:
            tensor = torch._empty_affine_quantized(shape, scale=scale, zero_point=zero_point, **options)
        else:
            number = torch.float32 if has_float_points else torch.float64
            point = torch.float32 if has_float_points else torch.int64
            tensor = torch._empty_per_channel_affine_quantized(
                shape,
                scales=torch.as_tensor(scales, dtype=number, device=storage.device),
                zero_points=torch.as_tensor(zero_points, dtype=point, device=storage.device),
                axis=axis,
                **options,
            )
        typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=_DTYPES[dtype], _internal=True)
        return tensor.set_(typed, offset, shape, strides).requires_grad_(requires_grad)

    def storage_value(self, storage: torch.UntypedStorage, dtype: str, is_untyped: bool) -> Any:
        if is_untyped:
            return storage
        return torch.storage.TypedStorage(wrap_storage=storage, dtype=_DTYPES[dtype], _internal=True)


def _is_in_fake_mode() -> bool:
    """Whether tensors are made without data, as in torch._subclasses.FakeTensorMode."""
    modes = getattr(torch._C, "_len_torch_dispatch_stack", None)
    return modes is not None and modes() > 0 and torch._guards.detect_fake_mode(None) is not None


def _sparse(layout: torch.layout, parts: tuple[Any, ...], requires_grad: bool = False) -> torch.Tensor:
    return _sparse_of(layout, parts).requires_grad_(requires_grad)


def _sparse_of(layout: torch.layout, parts: tuple[Any, ...]) -> torch.Tensor:
    """Where its values are, whatever torch.set_default_device() says, which would lose them on "meta"."""
    if layout is torch.sparse_coo:
        indices, values, size, *is_coalesced = parts
        made = torch.sparse_coo_tensor(indices, values, size, device=values.device, check_invariants=False)
        return made._coalesced_(is_coalesced[0] and _are_ascending(indices)) if is_coalesced else made
    compressed, plain, values, size = parts
    return torch.sparse_compressed_tensor(
        compressed, plain, values, size, layout=layout, device=values.device, check_invariants=False
    )


def _are_ascending(indices: torch.Tensor) -> bool:
    """Whether the columns stand in row-major order, each once: a file may only claim it."""
    if indices.is_meta:
        return True
    before, after = indices[:, :-1], indices[:, 1:]
    is_less = torch.zeros(before.shape[1], dtype=torch.bool, device=indices.device)
    is_equal = ~is_less
    for a, b in zip(before, after):
        is_less |= is_equal & (a < b)
        is_equal &= a == b
    return bool(is_less.all())


def _jagged(parts: dict[str, Any]) -> torch.Tensor:
    cache = parts.get("_metadata_cache") or {}
    made = torch.nested.nested_tensor_from_jagged(
        parts["values"],
        parts["offsets"],
        parts.get("lengths"),
        jagged_dim=parts["_ragged_idx"],
        **{name: tensor.shape[0] for name, tensor in cache.items() if name in _SEQUENCE_LENGTHS},
    )
    return made.requires_grad_(bool(parts.get("requires_grad")))


def _untyped(placed: Any, own: torch.UntypedStorage) -> torch.UntypedStorage:
    """What map_location made of a storage, if it is one of the same size."""
    if isinstance(placed, torch.storage.TypedStorage):
        placed = placed._untyped_storage
    if not isinstance(placed, torch.UntypedStorage):
        raise TypeError(f"map_location must return a storage or None, not {type(placed).__name__}")
    if placed.nbytes() != own.nbytes():
        raise ValueError(f"map_location returned {placed.nbytes()} bytes for a storage of {own.nbytes()}")
    return placed


def _moved(storage: torch.UntypedStorage, target: Any) -> torch.UntypedStorage:
    device = torch.device(target)
    if device.type == "meta":
        return torch.UntypedStorage(storage.nbytes(), device="meta")
    if device.type == "cpu":
        return storage
    moved: torch.UntypedStorage = storage.to(device=torch.empty(0, device=device).device)  # numbered: the current one
    return moved


def require_device(target: Any) -> None:
    """Raises an Error if the device is not here, before any byte of a tensor is read."""
    try:
        device = torch.device(target)
        torch.empty(0, device=device)
    except (*_NOT_HERE, TypeError) as reason:
        line = str(reason).splitlines()[0][:200]
        raise Error(
            f"safe_load: the device {str(target)[:40]!r} was asked for and is not available here ({line})",
            code="device",
            hint='pass device="cpu", or another device that torch has on this machine',
        ) from None
