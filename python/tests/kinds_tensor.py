"""Kinds of value: tensors of every element type, layout and class."""

from __future__ import annotations

from typing import Any

import torch
from kind import Kind, inert, opaque, partly

ELEMENTS = (
    "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 uint16 uint32 uint64 bool complex128 complex64 "
    "complex32 float8_e5m2 float8_e4m3fn float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu float4_e2m1fn_x2 "
    "bits8 bits16 bits1x8 bits2x4 bits4x2"
).split()

MASKED = "torch.masked.maskedtensor.core.MaskedTensor"
MESH = (
    "torch.distributed.device_mesh.DeviceMesh",
    "torch.distributed._mesh_layout._MeshLayout",
    "torch.distributed._mesh_layout._FlatLayout",
)


class TaggedTensor(torch.Tensor):
    pass


def of_type(name: str) -> torch.Tensor:
    """Three elements with other bits each."""
    dtype = getattr(torch, name)
    if dtype is torch.bool:
        return torch.tensor([True, False, True])
    return torch.arange(1, 3 * dtype.itemsize + 1, dtype=torch.uint8).view(dtype)


def ramp(*shape: int) -> torch.Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


def overlapping() -> list[torch.Tensor]:
    whole = ramp(6)
    return [whole, whole[2:], whole, whole.view(2, 3).t()]


def attributed(tensor: torch.Tensor) -> torch.Tensor:
    tensor.tag = ["kept"]
    return tensor


def with_gradient() -> torch.Tensor:
    leaf = torch.ones(2, requires_grad=True)
    (leaf * 3).sum().backward()
    return leaf


def hooked() -> torch.Tensor:
    leaf = torch.ones(2, requires_grad=True)
    leaf.register_hook(print)
    return leaf


def matrix() -> torch.Tensor:
    return torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4]])


def uncoalesced() -> torch.Tensor:
    return torch.sparse_coo_tensor([[1, 1, 0]], [1.0, 2.0, 3.0], (4,))


def hybrid() -> torch.Tensor:
    return torch.sparse_coo_tensor([[0, 2]], ramp(2, 3), (4, 3)).coalesce()


def quantized(dtype: torch.dtype, zero_point: int) -> torch.Tensor:
    return torch.quantize_per_tensor(ramp(2, 3), 0.25, zero_point, dtype)


def per_channel(dtype: torch.dtype, zero_points: list[Any]) -> torch.Tensor:
    kind = torch.float if isinstance(zero_points[0], float) else torch.double
    scales = torch.tensor([0.1, 0.2], dtype=kind)
    return torch.quantize_per_channel(ramp(2, 4), scales, torch.tensor(zero_points), 0, dtype)


def nested(layout: torch.layout) -> torch.Tensor:
    return torch.nested.nested_tensor([ramp(2, 3), ramp(1, 3) + 9], layout=layout)


def masked() -> Any:
    from torch.masked import masked_tensor

    return masked_tensor(ramp(3), torch.tensor([True, False, True]))


def mesh() -> Any:
    """A mesh of one process, which needs no network."""
    import torch.distributed as distributed
    from torch.distributed.device_mesh import init_device_mesh

    if not distributed.is_initialized():
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    return init_device_mesh("cpu", (1,))


def spread(placement: str, *args: Any) -> Kind:
    """A DTensor."""

    def make() -> Any:
        import torch.distributed.tensor as tensors

        return tensors.DTensor.from_local(ramp(2, 3), mesh(), [getattr(tensors, placement)(*args)])

    own = "torch.distributed.tensor"
    parts = [f"{own}._dtensor_spec.DTensorSpec", f"{own}._dtensor_spec.TensorMeta"]
    parts += [f"{own}._dtensor_spec.ShardOrderEntry"] if placement == "Shard" else []
    classes = (f"{own}.DTensor", *parts, f"{own}.placement_types.{placement}", *MESH)
    return inert(make, *(f"Opaque {name}" for name in classes), f"GlobalRef {own}.DTensor", refused=())


def alone(make: Any, lost: str) -> Kind:
    """A tensor with something that torch.save leaves out."""
    keep = lambda value, protocol: value.detach().requires_grad_()  # noqa: E731
    return partly(make, keep, f"torch.save leaves out {lost}")


TENSOR = {
    **{name: lambda name=name: of_type(name) for name in ELEMENTS},
    "zero dim": lambda: torch.tensor(1.5),
    "empty": lambda: torch.empty(0, 3),
    "view": lambda: ramp(6)[2:4],
    "shared views": overlapping,
    "transposed": lambda: ramp(2, 3).t(),
    "strided": lambda: ramp(3, 4)[:, ::2],
    "expanded": lambda: ramp(3, 1).expand(3, 5),
    "channels_last": lambda: ramp(2, 3, 2, 2).to(memory_format=torch.channels_last),
    "requires_grad": lambda: torch.ones(2, requires_grad=True),
    "leaf with grad": alone(with_gradient, "the gradient"),
    "non leaf": alone(lambda: torch.ones(2, requires_grad=True) * 2, "the operations that gave it"),
    "backward hook": alone(hooked, "its hooks"),
    "attribute": lambda: attributed(ramp(3)),
    "subclass": opaque(lambda: attributed(ramp(3).as_subclass(TaggedTensor)), "kinds_tensor.TaggedTensor"),
    "Parameter": lambda: torch.nn.Parameter(ramp(2, 2)),
    "Parameter frozen": lambda: torch.nn.Parameter(ramp(2), requires_grad=False),
    "Parameter attribute": lambda: attributed(torch.nn.Parameter(ramp(2))),
    "Buffer": lambda: torch.nn.Buffer(ramp(2), persistent=False),
    "conj": lambda: torch.tensor([1 + 2j, 3 - 4j]).conj(),
    "neg": lambda: torch.tensor([1 + 2j, 3 - 4j]).conj().imag,
    "meta": lambda: torch.empty(2, 3, device="meta"),
    "sparse coo": lambda: matrix().to_sparse_coo(),
    "sparse coo uncoalesced": uncoalesced,
    "sparse coo hybrid": hybrid,
    "sparse csr": lambda: matrix().to_sparse_csr(),
    "sparse csc": lambda: matrix().to_sparse_csc(),
    "sparse bsr": lambda: matrix().to_sparse_bsr((2, 2)),
    "sparse bsc": lambda: matrix().to_sparse_bsc((2, 2)),
    "quint8": lambda: quantized(torch.quint8, 3),
    "qint8": lambda: quantized(torch.qint8, -4).t(),
    "qint32": lambda: quantized(torch.qint32, 0),
    "quint4x2": lambda: per_channel(torch.quint4x2, [0.0, 1.0]),
    "q per channel": lambda: per_channel(torch.quint8, [0, 5]),
    "q per channel float": lambda: per_channel(torch.quint8, [0.5, 0.0]),
    "nested strided": lambda: nested(torch.strided),
    "nested jagged": lambda: nested(torch.jagged),
    "masked": inert(masked, f"Opaque {MASKED}", f"GlobalRef {MASKED}"),
    "DTensor Shard": spread("Shard", 0),
    "DTensor Replicate": spread("Replicate"),
    "DTensor Partial": spread("Partial"),
}
