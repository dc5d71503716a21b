"""Kinds of value beyond the common list: corners that each of the other groups leaves out."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import io
import ipaddress
import typing
import uuid
import zoneinfo
from typing import Any

import numpy as np
import torch
from kind import Kind, inert
from kinds_tensor import ramp
from kinds_user import Config

CUBE = np.arange(24).reshape(2, 3, 4)


def ring() -> tuple:
    inner: list[Any] = [1]
    ring = (inner, inner)
    inner.append(ring)
    return ring


def with_attribute(value: Any) -> Any:
    value.note = ["kept"]
    return value


def with_storage(tensor: torch.Tensor) -> list[Any]:
    return [tensor[1:], tensor.storage(), tensor]


def keyed_by_tensors() -> dict[Any, Any]:
    tensor = ramp(2)
    return {tensor: "first", "again": tensor, ramp(1): {tensor}}


def fortran_objects() -> Any:
    return np.asfortranarray(np.array([["a", 1, [2]], [None, 3.5, ()]], object))


def masked_grid() -> Any:
    """Structures with a grid and an object in each; the mask has a flag for every number of the grid."""
    made = np.ma.zeros((2, 3), [("grid", "f4", (2, 2)), ("inner", [("n", ">i2"), ("what", "O")])])
    made["inner"]["what"] = [[["text"], None, 2], [(), 4.5, "end"]]
    made["grid"].mask[1, 2, 0] = True
    made.mask["inner"]["n"][0] = True
    return made


MORE = {
    "tuple in itself": ring,
    "tensors as keys": keyed_by_tensors,
    "Decimal signalling NaN": lambda: decimal.Decimal("-sNaN123"),
    "UUID safe": lambda: uuid.UUID(int=3, is_safe=uuid.SafeUUID.safe),
    "datetime latest": lambda: datetime.datetime.max,
    "ZoneInfo city": lambda: datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "IPv6Interface": lambda: ipaddress.IPv6Interface("2001:db8::1/64"),
    "range beyond 64 bits": lambda: range(-(1 << 70), 1 << 70, 1 << 65),
    "OrderedDict with attribute": lambda: with_attribute(collections.OrderedDict(a=1)),
    "UserDict with attribute": lambda: with_attribute(collections.UserDict(a=1)),
    "Namespace with odd names": lambda: argparse.Namespace(**{"a b": 1, "": 2}),
    "BytesIO with attribute": lambda: with_attribute(io.BytesIO(b"abc")),
    "StringIO with newlines": lambda: io.StringIO("a\r\nb", newline="\r\n"),
    "typing Optional of unknown": inert(
        lambda: typing.Optional[Config], "TypeExpr", "GlobalRef kinds_user.Config"
    ),
    "generic alias of unknown": inert(lambda: dict[str, Config], "TypeExpr", "GlobalRef kinds_user.Config"),
    "array axes 1 2 0": lambda: CUBE.transpose(1, 2, 0).copy(order="K"),
    "array datetime64 big endian": lambda: np.array(["2024", "NaT"], ">M8[Y]"),
    "array with metadata": lambda: np.zeros(2, np.dtype("i4", metadata={"unit": "m"})),
    "array masked fortran": lambda: np.ma.array(np.asfortranarray(CUBE[0]), mask=np.asfortranarray(CUBE[0] % 2 == 0)),
    "array masked structured": lambda: np.ma.array([(1, 2.0)], mask=[(True, False)], dtype=[("a", "i4"), ("b", "f8")]),
    "array masked nested": masked_grid,
    "array masked object": lambda: np.ma.array([1, None], mask=[False, True], dtype=object),
    "array masked object fortran": lambda: np.ma.array(fortran_objects(), mask=np.asfortranarray(CUBE[0, :2, :3] > 3)),
    "array object fortran": fortran_objects,
    "array StringDType missing": lambda: np.array(["a", np.nan], np.dtypes.StringDType(na_object=np.nan)),
    "dtype StringDType missing": lambda: np.dtypes.StringDType(na_object=None, coerce=False),
    "dtype with gaps": lambda: np.dtype(
        {"names": ["x", "y"], "formats": ["i4", "i2"], "offsets": [8, 0], "itemsize": 20}
    ),
    "dtype aligned inside aligned": lambda: np.dtype(
        [("a", "i1"), ("b", np.dtype([("c", "i1"), ("d", "f8")], align=True))], align=True
    ),
    "RandomState PCG64": lambda: np.random.RandomState(np.random.PCG64(5)),
    "memory_format": Kind(lambda: torch.channels_last_3d, protocols=(4, 5)),
    "tensor bits of NaN": lambda: torch.tensor([0x7FC00001, -1, 0x7F800001], dtype=torch.int32).view(torch.float32),
    "tensor quantized view": lambda: torch.quantize_per_tensor(ramp(6), 0.5, 1, torch.quint8)[2:],
    "tensor nested jagged lengths": lambda: torch.nested.nested_tensor_from_jagged(
        ramp(6, 2), torch.tensor([0, 3, 6]), lengths=torch.tensor([2, 1])
    ),
    "Parameter complex": lambda: torch.nn.Parameter(torch.tensor([1 + 2j])),
    "storage shared": lambda: with_storage(ramp(4)),
}
