"""Views of torch's values: tensors of every layout bit for bit, storages, generators, small values."""

from __future__ import annotations

from typing import Any

import torch
from views import BASES, EXACT, Parts, View, mutable

_COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices"),
    torch.sparse_bsr: ("crow_indices", "col_indices"),
    torch.sparse_csc: ("ccol_indices", "row_indices"),
    torch.sparse_bsc: ("ccol_indices", "row_indices"),
}


class _Bytes:
    """The content of a storage, compared where it lies."""

    def __init__(self, storage: torch.UntypedStorage) -> None:
        self._tensor = torch.empty(0, dtype=torch.uint8, device=storage.device)
        self._tensor.set_(storage, 0, (len(storage),), (1,))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bytes) and torch.equal(self._tensor, other._tensor)

    def __repr__(self) -> str:
        return f"bytes {self._tensor[:12].tolist()}..."


def _untyped_storage(value: torch.UntypedStorage) -> View:
    """One per piece of memory: tensors that share theirs share this."""
    own: dict[str, Any] = {"size": len(value), "device": str(value.device)}
    if value.device.type == "meta" or not len(value):
        return View(own)
    try:
        pointer = value.data_ptr()
    except RuntimeError:  # of a tensor that wraps others, which are in its __dict__
        return View(own)
    own["content"] = _Bytes(value)
    return View(own, [], ("storage", pointer), True, value)


def _typed_storage(value: torch.storage.TypedStorage) -> View:
    return mutable(value, {"dtype": value.dtype}, [(".untyped", value.untyped())])


def _tensor(value: torch.Tensor) -> View:
    own = {"dtype": value.dtype, "device": value.device, "layout": value.layout}
    own |= {"requires_grad": value.requires_grad, "is_leaf": value.is_leaf}
    own["hooks"] = len(value._backward_hooks or ())
    add_layout = _layout_of(value)
    parts: Parts = [(".__dict__", vars(value))] if vars(value) else []
    parts += [(".grad", value.grad)] if value.is_leaf and value.grad is not None else []
    with torch.no_grad():
        add_layout(value, own, parts)
    return mutable(value, own, parts)


def _without_shape(value: Any) -> View:
    """A parameter of a lazy module, before its first input."""
    return mutable(value, {"dtype": value.dtype, "device": value.device}, [(".__dict__", vars(value))])


def _layout_of(value: torch.Tensor) -> Any:
    if value.layout is torch.jagged:
        return _add_jagged
    if value.is_nested:
        return _add_nested
    if value.layout is torch.sparse_coo:
        return _add_coordinates
    return _add_compressed if value.layout in _COMPRESSED else _add_strided


def _add_strided(value: torch.Tensor, own: dict[str, Any], parts: Parts) -> None:
    own |= {"shape": value.shape, "stride": value.stride(), "offset": value.storage_offset()}
    own |= {"is_conj": value.is_conj(), "is_neg": value.is_neg()}
    parts.append((".storage", value.untyped_storage()))
    if value.is_quantized:
        _add_quantizer(value, own, parts)


def _add_quantizer(value: torch.Tensor, own: dict[str, Any], parts: Parts) -> None:
    own["qscheme"] = value.qscheme()
    if value.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        own |= {"scale": value.q_scale(), "zero_point": value.q_zero_point()}
        return
    own["axis"] = value.q_per_channel_axis()
    parts += [(".scales", value.q_per_channel_scales()), (".zero_points", value.q_per_channel_zero_points())]


def _add_coordinates(value: torch.Tensor, own: dict[str, Any], parts: Parts) -> None:
    own |= {"shape": value.shape, "is_coalesced": value.is_coalesced()}
    parts += [(".indices", value._indices()), (".values", value._values())]


def _add_compressed(value: torch.Tensor, own: dict[str, Any], parts: Parts) -> None:
    own["shape"] = value.shape
    parts += [("." + name, getattr(value, name)()) for name in _COMPRESSED[value.layout]]
    parts.append((".values", value.values()))


def _add_nested(value: torch.Tensor, own: dict[str, Any], parts: Parts) -> None:
    parts += [(".buffer", value.values()), (".sizes", value._nested_tensor_size())]
    parts.append((".strides", value._nested_tensor_strides()))
    parts.append((".offsets", value._nested_tensor_storage_offsets()))


def _add_jagged(value: Any, own: dict[str, Any], parts: Parts) -> None:
    """Its ragged size is a symbol that every process makes anew; the offsets say the same."""
    own |= {"dim": value.dim(), "ragged": value._ragged_idx}
    own["shape"] = [size for size in value.shape if isinstance(size, int)]
    own["lengths"] = (value._maybe_min_seqlen, value._maybe_max_seqlen)
    parts.clear()  # its __dict__ holds these, and a cache
    parts += [(".values", value._values), (".offsets", value._offsets), (".lengths", value._lengths)]


def _generator(value: torch.Generator) -> View:
    drawn = value.clone_state()
    numbers = [torch.rand(3, generator=drawn), torch.randn(17, generator=drawn), torch.randperm(9, generator=drawn)]
    own = {"device": value.device, "seed": value.initial_seed()}
    return mutable(value, own, [(".state", value.get_state()), (".next", numbers)])


def _constant(value: Any) -> View:
    return View({"value": value, "text": repr(value)})


EXACT.update(
    {
        **dict.fromkeys([torch.dtype, torch.device, torch.layout, torch.qscheme, torch.memory_format], _constant),
        torch.Size: lambda value: View({"value": tuple(value)}),
        torch.torch_version.TorchVersion: lambda value: View({"value": str.__str__(value)}),
        torch.UntypedStorage: _untyped_storage,
        torch.storage.TypedStorage: _typed_storage,
        torch.Generator: _generator,
    }
)
BASES[:0] = [
    (torch.storage.TypedStorage, _typed_storage),
    (torch.nn.parameter.UninitializedTensorMixin, _without_shape),
    (torch.Tensor, _tensor),
]
