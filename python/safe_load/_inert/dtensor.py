"""The part of a DTensor that one process saved, read from its inert record. Sources: as distributed_tensor.h."""

from __future__ import annotations

import math
from typing import Any, Sequence, TypeGuard

from .._core import PLACEMENTS, RECORD_CLASSES
from .._distributed import DeviceMesh, DistributedTensor, Placement
from .._errors import Error, class_text, printable
from .record import Record
from .stand_ins import TensorRecord
from .tensors import array_types

_CLASSES = frozenset(name for name, _, _ in RECORD_CLASSES if name.endswith(".DTensor"))
_KINDS = dict(PLACEMENTS)
_SIZE = 2  # among the arguments: class, type, size, strides ...
_MOST_DIMS = 64
_LONGEST_TEXT = 200


def is_distributed(record: Record) -> bool:
    return record.cls in _CLASSES


def distributed_tensor(record: Record) -> DistributedTensor:
    """What Opaque.distributed_tensor() gives."""
    if not is_distributed(record):
        raise TypeError(f"no distributed tensor: {class_text(record.cls)}")
    attributes = record.attributes()
    local, spec = attributes.get("_local_tensor"), _attributes(attributes.get("_spec"))
    shape = record.args[_SIZE] if len(record.args) > _SIZE else None
    if not _is_dense(local):
        raise _odd("a distributed tensor without a local one")
    if not _is_ints(shape):
        raise _odd("a distributed tensor without a shape")
    mesh, placements = _mesh(_attributes(spec.get("mesh"))), spec.get("placements")
    if not isinstance(placements, (tuple, list)) or len(placements) != len(mesh.shape):
        raise _odd("a distributed tensor with another number of placements than its mesh has dimensions")
    found = tuple(_placement(placement, len(shape)) for placement in placements)
    divided = {placement.dim for placement in found}
    fits = len(local.shape) == len(shape) and all(
        part <= whole if dim in divided else part == whole for dim, (part, whole) in enumerate(zip(local.shape, shape))
    )
    if not fits:
        raise _odd("a local tensor that is no part of the distributed one")
    return DistributedTensor(local, tuple(shape), mesh, found)


def _mesh(attributes: dict[str, Any]) -> DeviceMesh:
    names = attributes.get("_mesh_dim_names", attributes.get("mesh_dim_names"))
    kind = _text(attributes.get("_device_type", attributes.get("device_type")))
    shape = _mesh_shape(attributes)
    if shape is None:
        raise _odd("a device mesh without a shape")
    if not isinstance(names, (tuple, list)):
        return DeviceMesh(kind, shape, None)
    if len(names) != len(shape):
        raise _odd("a device mesh with another number of names than dimensions")
    return DeviceMesh(kind, shape, tuple(_text(name) for name in names))


def _mesh_shape(attributes: dict[str, Any]) -> tuple[int, ...] | None:
    """torch up to 2.8 saves the ranks as a tensor, 2.9 and later a layout."""
    for name in ("mesh", "_mesh"):
        if _is_dense(attributes.get(name)):
            return tuple(attributes[name].shape)
    layout = _attributes(attributes.get("_layout"))
    has_axes = "axes" in layout
    extents = layout["axes"] if has_axes else layout.get("shape")
    row = extents if type(extents) is tuple and len(extents) <= _MOST_DIMS else (extents,)
    sizes = [_extent(_attributes(part).get("shape") if has_axes else part) for part in row]
    return tuple(sizes) if all(sizes) else None


def _extent(value: Any) -> int:
    """The processes of one dimension of a mesh: a number, or the factors of one; 0 if it is neither."""
    factors = value if isinstance(value, (tuple, list)) else [value]
    product = math.prod(factors) if _is_ints(factors) else 0
    return product if product < 1 << 63 else 0


def _placement(record: Any, dims: int) -> Placement:
    name = record.cls.rpartition(".")[2] if isinstance(record, Record) else ""
    attributes = _attributes(record)
    if name not in _KINDS:
        raise _odd("a placement of an unknown kind")
    if _KINDS[name] == "Replicate":
        return Placement("Replicate")
    if _KINDS[name] == "Partial":
        return Placement("Partial", reduction=_text(attributes.get("reduce_op")))
    dim, factor = attributes.get("dim"), attributes.get("split_factor")
    if type(dim) is not int or not 0 <= dim < dims:
        raise _odd("a shard of a dimension that the tensor does not have")
    if name == "Shard":
        return Placement("Shard", dim=dim)
    return Placement("StridedShard", dim=dim, split_factor=factor if type(factor) is int else 1)


def _attributes(value: Any) -> dict[str, Any]:
    return value.attributes() if isinstance(value, Record) else {}


def _text(value: Any) -> str:
    return printable(value, _LONGEST_TEXT) if isinstance(value, str) else ""


def _is_ints(value: Any) -> TypeGuard[Sequence[int]]:
    is_row = isinstance(value, (tuple, list)) and len(value) <= _MOST_DIMS
    return is_row and all(type(part) is int and 0 <= part < 1 << 63 for part in value)


def _is_dense(value: Any) -> TypeGuard[Any]:
    """A view of one storage: neither sparse nor nested, which have no strides."""
    if isinstance(value, TensorRecord) or not isinstance(value, array_types()):
        return False
    return str(getattr(value, "layout", "torch.strided")) == "torch.strided" and not getattr(value, "is_nested", False)


def _odd(reason: str) -> Error:
    return Error(f"safe_load: {reason}", code="corrupt")


__all__ = ["distributed_tensor", "is_distributed"]
