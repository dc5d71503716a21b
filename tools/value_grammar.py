"""Random values over a grammar of torch, NumPy and Python, as torch.save takes them."""

from __future__ import annotations

import argparse
import array
import codecs
import collections
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import operator
import pathlib
import random
import re
import time
import types
import typing
import uuid
from typing import Any, Callable

import numpy as np
import torch

REAL = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
        torch.int8, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.complex128, torch.complex64,
        torch.complex32]
ODD = [torch.float8_e5m2, torch.float8_e4m3fn, torch.float8_e5m2fnuz, torch.float8_e4m3fnuz, torch.float8_e8m0fnu,
       torch.float4_e2m1fn_x2, torch.bits8, torch.bits16, torch.bits1x8, torch.bits2x4, torch.bits4x2]
TEXTS = ["", "a", "weight", "layer.0.bias", "naïve \N{SNOWMAN}", "\N{GRINNING FACE}", "a\udc80b", "\ud800", "\0",
         "x" * 300, "line\nbreak\r", "storage", "0", "'quoted\\"]
INTEGERS = [0, 1, -1, 5, 127, 128, 255, 256, 65535, 65536, (1 << 31) - 1, 1 << 31, -(1 << 31), -(1 << 31) - 1,
            1 << 45, (1 << 63) - 1, 1 << 63, -(1 << 63), 1 << 64, 1 << 100, -(1 << 99) - 1,
            (1 << 2039) - 1, -(1 << 2100) + 7]
FLOATS = [0.0, -0.0, 0.1, 1.5, -2.5, float("inf"), float("-inf"), float("nan"), 1e308, 5e-324, 1e16, 2.0**53]


class Forged:
    """Is saved as any call of a known name, with state and items."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


class Grammar:
    """Random values. `plain` ones hold only what torch's restricted reader knows.

    Left out is what we read otherwise on purpose, or torch not at all: big-endian arrays, which NumPy makes native;
    generators in legacy files, which torch restores before it has their state.
    """

    def __init__(self, chance: random.Random, plain: bool, is_zip: bool) -> None:
        self.chance, self.plain, self.is_zip = chance, plain, is_zip
        self.has_forged = False
        self.integers = INTEGERS[: -1 if plain else None]  # the restricted reader has no opcode for the last
        self.made: list[Any] = []  # what can be met again
        self.bases: list[torch.Tensor] = []

    # Python

    def text(self) -> str:
        return self.chance.choice(TEXTS)

    def atom(self) -> Any:
        choose = self.chance.choice
        return choose([lambda: None, lambda: choose([True, False]), lambda: choose(self.integers),
                       lambda: choose(self.integers[:6]), lambda: choose(FLOATS), self.text, self.blob,
                       lambda: complex(choose(FLOATS), choose(FLOATS))])()

    def blob(self) -> bytes:
        return self.chance.randbytes(self.chance.choice([0, 1, 3, 40, 300]))

    def key(self) -> Any:
        """Something with a hash; most keys are texts."""
        choose = self.chance.choice
        kind = self.chance.random()
        if kind < 0.5:
            return self.text()
        if kind < 0.75:
            return choose(self.integers + FLOATS + [True, None])
        if kind < 0.85:
            return tuple(self.key() for _ in range(self.chance.randrange(3)))
        return self.frozen() if kind < 0.95 or self.plain else self.record_key()

    def frozen(self) -> Any:
        choose = self.chance.choice
        return choose([lambda: complex(choose(FLOATS), 1), self.blob, lambda: torch.Size([2, 3]),
                       lambda: torch.float16,
                       lambda: torch.device("cpu")])()

    def record_key(self) -> Any:
        choose = self.chance.choice
        return choose([lambda: frozenset([1, "a"]), lambda: decimal.Decimal("1.50"), lambda: uuid.UUID(int=7),
                       lambda: datetime.datetime(2020, 1, 2), lambda: fractions.Fraction(1, 3),
                       lambda: np.float32(1.5),
                       lambda: np.str_("a"), lambda: np.int64(3), lambda: pathlib.PurePosixPath("a/b"),
                       lambda: range(3), lambda: np.dtype("f4"), lambda: datetime.timedelta(1), lambda: int,
                       lambda: np.datetime64("2020-01-01")])()

    def keys(self) -> list[Any]:
        return [self.key() for _ in range(self.chance.choice([0, 1, 1, 2, 3, 5]))]

    def parts(self, depth: int) -> list[Any]:
        return [self.value(depth - 1) for _ in range(self.chance.choice([0, 1, 2, 2, 3, 5]))]

    def container(self, depth: int) -> Any:
        choose = self.chance.choice
        pairs = lambda: [(key, self.value(depth - 1)) for key in self.keys()]  # noqa: E731
        makers: list[Callable[[], Any]] = [
            lambda: dict(pairs()), lambda: dict(pairs()), lambda: dict(pairs()), lambda: self.parts(depth),
            lambda: self.parts(depth), lambda: tuple(self.parts(depth)), lambda: collections.OrderedDict(pairs()),
            lambda: self.attributed(collections.OrderedDict(pairs()), depth), lambda: set(self.keys()),
            lambda: collections.Counter({key: choose(self.integers) for key in self.keys()}), lambda: self.loop(depth)]
        if not self.plain:
            makers += [
                lambda: collections.defaultdict(choose([None, list, dict, int, float, set, str]), pairs()),
                lambda: collections.deque(self.parts(depth), choose([None, 0, 2, 100])),
                lambda: frozenset(self.keys()), lambda: collections.ChainMap(dict(pairs()), dict(pairs())),
                lambda: collections.UserDict(dict(pairs())), lambda: collections.UserList(self.parts(depth)),
                lambda: slice(self.atom(), self.value(depth - 1), None),
                lambda: argparse.Namespace(**{self.name(): self.value(depth - 1) for _ in range(2)}),
                lambda: types.SimpleNamespace(**{self.name(): self.value(depth - 1) for _ in range(2)}),
                lambda: self.attributed(collections.Counter(self.text()), depth),
            ]
        return choose(makers)()

    def name(self) -> str:
        return self.chance.choice(["lr", "note", "weight", "tag_1", "größe", "class"])

    def attributed(self, value: Any, depth: int) -> Any:
        setattr(value, self.name(), self.value(depth - 1))
        return value

    def loop(self, depth: int) -> Any:
        """A list or dict that holds itself, at once or through others."""
        outer: Any = self.chance.choice([list, dict, collections.OrderedDict])()
        inner: Any = self.chance.choice([outer, [outer, 1], {"up": outer}, (outer, 2)])
        items = self.parts(depth - 1) + [inner]
        if isinstance(outer, list):
            outer.extend(items)
        else:
            outer.update(enumerate(items))
        return outer

    # the standard library

    def record(self) -> Any:
        choose = self.chance.choice
        west = datetime.timezone(datetime.timedelta(hours=-3, minutes=7), choose(["X", ""]))
        zone = choose([None, datetime.timezone.utc, west])
        whole = self.chance.randrange(1, 29)
        return choose([
            lambda: datetime.datetime(whole * 300, 12, whole, 23, 59, 58, 999_999, zone, fold=choose([0, 1])),
            lambda: datetime.date(whole * 300, 2, whole),
            lambda: datetime.time(whole % 24, 2, 3, whole, zone, fold=choose([0, 1])),
            lambda: datetime.timedelta(choose([-999_999_999, -1, 0, 5, 999_999_999]), whole, whole), lambda: zone,
            lambda: decimal.Decimal(choose(["-1.500E+3", "NaN", "sNaN5", "-Infinity", "0E-20", "1" * 60, "-0"])),
            lambda: fractions.Fraction(choose(self.integers), choose([1, 7, 1 << 70])),
            lambda: uuid.UUID(int=self.chance.getrandbits(128)),
            lambda: pathlib.PurePosixPath(choose(["", "/", "//a/b", "a/../b", "/runs/ö.pt", "./x"])),
            lambda: pathlib.PureWindowsPath(choose(["", "C:\\a\\b", "C:a", "\\\\host\\share\\x", "a/b"])),
            lambda: range(choose(self.integers), choose(self.integers), choose([1, -3, 1 << 65])),
            lambda: bytearray(self.blob()),
            lambda: array.array(choose("bBhHiIlLqQfd"), range(whole)), lambda: array.array("u", "täxt"),
            lambda: io.BytesIO(self.blob()), lambda: io.StringIO("first\nsecond"), lambda: time.gmtime(whole * 10**7),
            lambda: ipaddress.ip_address(choose(["192.0.2.1", "2001:db8::1"])),
            lambda: ipaddress.ip_network("10.0.0.0/8"), lambda: collections.UserString("text"),
            lambda: choose([..., NotImplemented, int, type(None), dict, typing.Any]),
            lambda: choose([typing.Optional[str], typing.List[float], dict[str, list[int]], int | None,
                            typing.Callable[[int], str]]),
            lambda: choose([len, np.zeros, operator.add, torch.relu, torch.nn.Linear]),
            lambda: re.compile(choose(["a+", b"\xff"]), re.S),
            lambda: functools.partial(print, 1, sep="-"), lambda: ValueError("wrong", whole),
            lambda: operator.itemgetter(1),
            lambda: uuid.SafeUUID.unsafe, lambda: random.Random(whole), lambda: object(), lambda: iter([1, 2]),
        ])()

    def forged(self, depth: int) -> Any:
        """A call of a known name that its own reduce method would not write; we may refuse these."""
        self.has_forged = True
        choose, parts = self.chance.choice, self.parts(depth)
        pairs = [choose([tuple, list])((key, self.value(0))) for key in self.keys()]
        sequence = choose([list, tuple])(parts)
        number, text, data = choose(self.integers), self.text(), self.blob()
        function, *arguments = choose([
            (collections.OrderedDict, pairs), (dict, pairs), (dict, dict([(1, 2)])), (list, sequence),
            (tuple, sequence), (set, self.keys()),
            (frozenset, tuple(self.keys())), (collections.deque, sequence, choose([None, 0, 1, 2])),
            (collections.deque, sequence), (collections.Counter, {"a": number}), (collections.Counter, pairs),
            (collections.defaultdict, choose([None, list, int, tuple])),
            (collections.defaultdict,), (bytes, [number % 300]), (bytes, data), (bytes,), (bytearray, data),
            (bytearray, text, "latin-1"),
            (bytearray, text, "utf-8"), (bytearray,), (int, number), (float, choose(FLOATS)), (str, text),
            (bool, number), (int, "12"), (complex, choose(FLOATS), choose(FLOATS)), (complex, 1, 2), (complex, "1j"),
            (decimal.Decimal, choose(["1_0", " 2 ", "infinity", "x", "1e5"])),
            (decimal.Decimal, number), (decimal.Decimal, (1, (1, 2), -3)), (fractions.Fraction, "3/6"),
            (fractions.Fraction, number, choose([1, -4, 6])),
            (fractions.Fraction, " 1.5e2 "), (range, 5), (range, 1, 9, choose([2, -1, True])), (slice, number),
            (slice, number, text), (type, None),
            (datetime.timedelta, number % 10**6, number % 10**9, -number % 10**12), (datetime.timedelta, 1.5, 2),
            (datetime.date, 2020, 2, 3),
            (datetime.date, self.chance.randbytes(4)), (datetime.datetime, b"\x07\xe4" + self.chance.randbytes(8)),
            (datetime.datetime, bytes([7, 228, choose([1, 12, 140]), 2, 3, 4, 5, 0, 0, 9])),
            (datetime.time, bytes([choose([1, 129, 151]), 2, 3, 0, 0, 5])),
            (datetime.timezone, datetime.timedelta(0, number % 90_000 - 1, number % 3)),
            (datetime.timezone, datetime.timedelta(0), text),
            (pathlib.PurePosixPath, text.replace("\0", "-"), choose(["b", "/c", "..", ".", ""])),
            (pathlib.PureWindowsPath, "c:\\", choose(["d:b", "\\b", ".", "b/c"])),
            (torch.Size, [1, 2]), (torch.Size, ()), (torch.device, "cuda", 1), (torch.device, "cpu:0"),
            (torch.device, "meta"),
            (array.array, choose("bBhHiIlLqQfd"), [1, 2]), (array.array, "d", [1.5, float("nan")]),
            (array.array, "u", "ab"),
            (ipaddress.IPv4Address, "10.0.0.1"), (ipaddress.IPv4Address, number), (ipaddress.IPv6Address, number),
            (ipaddress.IPv6Address, "::ffff:1.2.3.4"),
            (ipaddress.IPv4Network, choose(["10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/255.0.0.0", "1.2.3.4"])),
            (ipaddress.IPv6Interface, "fe80::1%eth0/64"),
            (np.dtype, choose(["f4", "<f8", "i4,f8", "U", "M8", "m8[D]", "O", "?", "S7", "(2,3)f4", "float32",
                               "complex", ">u2"]), choose([False, True]), True),
            (codecs.encode, text, choose(["latin1", "utf-8", "ascii", "latin-1"])),
            (torch.serialization._get_layout, "torch.sparse_csr"),
            (types.SimpleNamespace,), (argparse.Namespace,), (collections.UserString, text), (collections.ChainMap,),
            (time.struct_time, tuple(range(9))), (time.struct_time, tuple(range(11))), (getattr, text, "upper"),
            (time.struct_time, (2020, 1, 2, 3, 4, 5, 6, 7, 0), {"tm_zone": "X", "tm_gmtoff": 5}),
            (torch._utils._rebuild_parameter, self.view(), self.chance.random() < 0.5, collections.OrderedDict()),
        ])
        state, items, entries = self.extras(function)
        return Forged(function, tuple(arguments), state, items, entries)

    def extras(self, function: Any) -> tuple[Any, Any, Any]:
        """State, list items, dict items; often none."""
        choose = self.chance.choice
        if self.chance.random() < 0.5:
            return None, None, None
        attributes = {self.name(): self.atom()}
        if function in (collections.OrderedDict, collections.Counter, types.SimpleNamespace, argparse.Namespace):
            attributes = choose([attributes, (attributes, {"slot": 1}), (None, {"slot": 2}), {}, (attributes, None)])
        if function in (list, collections.deque):
            return None, iter([self.atom(), 1]), None
        if function in (dict, collections.OrderedDict, collections.Counter, collections.defaultdict):
            state = choose([None, attributes]) if function is not dict else None
            return state, None, iter([("a", 1), ("b", self.atom()), ("a", 3)])
        return attributes if function in (types.SimpleNamespace, argparse.Namespace) else None, None, None

    def rebuilt(self) -> Any:
        """A tensor by the functions that files call for it, with arguments of all kinds, which may contradict."""
        self.has_forged = True
        choose = self.chance.choice
        base, hooks, grad = self.base(), collections.OrderedDict(), self.chance.random() < 0.3
        n = base.numel()
        shape, stride = choose([((n,), (1,)), ((n, 1), (1, 1)), ((2, 2), (1, 1)), ((2, 3), (3, 1)), ((), ()),
                                ((0,), (7,)), ((3,), (0,)),
                                ((2, 0, 5), (1, 1, 1)), ((1, n), (99, 1)), ((2, 2), (1, 2)), ((1 << 40,), (0,)),
                                ((n,), (2,))])
        shape, stride = choose([(shape, stride), (torch.Size(shape), stride), (list(shape), list(stride))])
        offset = choose([0, 0, 0, 1, n, n + 1])
        more = choose([(), (), (None,), ({},), ({"conj": True},), ({"neg": True},), ({"conj": False, "neg": True},)])
        utils = torch._utils
        dense, matrix = self.view(), torch.tensor([[0, 1], [1, 0]])
        function, *arguments = choose([
            (utils._rebuild_tensor, base.storage(), offset, shape, stride),
            (utils._rebuild_tensor_v2, base.storage(), offset, shape, stride, grad, hooks, *more),
            (utils._rebuild_tensor_v2, base.storage(), offset, shape, stride, grad, hooks, *more),
            (utils._rebuild_tensor_v3, base.storage(), offset, shape, stride, grad, hooks, choose(REAL + ODD), *more),
            (utils._rebuild_tensor_v3, base.untyped_storage(), offset, shape, stride, grad, hooks,
             choose([*REAL, base.dtype]), *more),
            (utils._rebuild_parameter, dense, grad, hooks),
            (utils._rebuild_parameter, torch.nn.Parameter(dense.detach(), False), grad, hooks),
            (utils._rebuild_parameter_with_state, dense, grad, hooks,
             choose([{"note": 1}, ({"note": 1}, {"slot": 2}), {}, None, (None, {"s": 1})])),
            (utils._rebuild_meta_tensor_no_storage, base.dtype, shape, stride, grad),
            (utils._rebuild_sparse_tensor, torch.sparse_coo,
             (matrix, torch.ones(2), (2, 2), *choose([(), (True,), (False,)]))),
            (utils._rebuild_sparse_tensor, torch.sparse_coo,
             (matrix, dense, torch.Size([2, 2]), *choose([(), (None,)]))),
            (utils._rebuild_sparse_tensor, choose([torch.sparse_csr, torch.sparse_csc]),
             (torch.tensor([0, choose([1, 2]), 2], dtype=choose([torch.int32, torch.int64])), torch.tensor([1, 0]),
              torch.ones(2), (2, 2))),
            (torch._tensor._rebuild_from_type_v2, utils._rebuild_tensor_v2,
             torch.Tensor if grad else torch.nn.Parameter, (base.storage(), 0, (n,), (1,), grad, hooks),
             choose([{"note": [1]}, {}, None, ({"note": 1}, {"slot": 2})])),
            (torch._tensor._rebuild_from_type_v2, utils._rebuild_parameter, torch.nn.Parameter, (dense, grad, hooks),
             {"note": 2}),
        ] + ([] if self.plain else [
            (utils._rebuild_device_tensor_from_numpy, np.arange(3.0), choose([torch.float64, torch.float32]), "cpu",
             grad),
            (utils._rebuild_nested_tensor, torch.ones(9), torch.tensor([[2, 3], [1, 3]]),
             torch.tensor([[3, 1], [3, 1]]), torch.tensor([0, 6])),
            (torch.Tensor, shape), (torch.FloatTensor, [1.0, 2.0]),
        ]))
        return Forged(function, tuple(arguments))

    # NumPy

    def numpy(self) -> Any:
        choose = self.chance.choice
        kind = self.chance.random()
        if kind < 0.25:
            return self.numpy_scalar()
        if kind < 0.35:
            return self.numpy_dtype()
        array = self.numpy_array()
        if kind < 0.45 and array.dtype.kind in "fiuc":
            return np.ma.array(array, mask=self.chance.randrange(2), fill_value=choose([None, 1]))
        if kind < 0.5:
            return choose([lambda: np.random.RandomState(3), lambda: np.random.default_rng(4),
                           lambda: np.random.SeedSequence(5),
                           lambda: np.ma.masked, lambda: np.float32, lambda: np.asmatrix([[1, 2]]),
                           lambda: np.char.array(["a", "bc"]),
                           lambda: np.rec.array([(1, 0.5)], names="count,loss"), lambda: np.dtypes.Float64DType])()
        return array

    def numpy_scalar(self) -> Any:
        choose = self.chance.choice
        return choose([
            lambda: np.dtype(choose("?bBhHiIlLqQefdgFDG")).type(choose([0, 1, 77])),
            lambda: np.float64(choose(FLOATS)),
            lambda: np.str_(choose(["", "täxt", "a\0b"])), lambda: np.bytes_(choose([b"", b"\xffab"])),
            lambda: np.void(b"\0ab"),
            lambda: np.datetime64(choose(["2024-02-29T12", "NaT"]), choose(["s", "h", "ns", "25s"])),
            lambda: np.timedelta64(-5, "ms"), lambda: np.array([(1, 0.5)], [("count", "i4"), ("loss", "f8")])[0],
            lambda: np.array([(1, [2])], [("count", "i4"), ("what", "O")])[0],
        ])()

    def numpy_dtype(self) -> Any:
        fields = [(f"f{i}", self.chance.choice(["i4", ">f8", "U3", "S2", "O", "M8[s]", "?", ("f4", (2, 3)),
                                                [("in", "i2")]]))
                  for i in range(self.chance.randrange(1, 4))]
        return self.chance.choice([
            lambda: np.dtype(fields), lambda: np.dtype(fields, align=True),
            lambda: np.dtype(self.chance.choice(["f8", ">i4", "U3", "O"])),
            lambda: np.dtype("M8[25s]"), lambda: np.dtype("f8", metadata={"unit": "m"}),
            lambda: np.dtype([(("title", "a"), "i4")]),
            lambda: np.dtype({"names": ["b", "a"], "formats": ["i4", "f8"], "offsets": [8, 0], "itemsize": 24}),
            lambda: np.dtypes.StringDType()])()

    def numpy_array(self) -> Any:
        choose = self.chance.choice
        shape = choose([(), (0,), (3,), (2, 3), (0, 2), (2, 1, 3), (1, 1)])
        dtype = np.dtype(choose(list("?bBhHiIlLqQefdFDg") + ["M8[s]", "m8[ns]", "S3", "U2", "V5", "i4,f8", ">i2,f8"]))
        kind = self.chance.random()
        size = int(np.prod(shape))
        if kind < 0.15:
            out = np.empty(size, object)
            for i in range(size):
                out[i] = self.value(0)
            out = out.reshape(shape)
        elif kind < 0.2:
            out = np.array(["a", "läng" * 9], np.dtypes.StringDType())
        elif dtype.char in "?SUg":
            out = np.arange(size).reshape(shape).astype(dtype)
        else:
            out = np.frombuffer(self.chance.randbytes(size * dtype.itemsize), dtype).reshape(shape).copy()
        return choose([lambda: out, lambda: out, lambda: np.asfortranarray(out), lambda: out.T,
                       lambda: out[::-1] if out.ndim else out,
                       lambda: np.broadcast_to(out, (2, *out.shape))])()

    # torch

    def base(self) -> torch.Tensor:
        """A tensor of one dimension, new or made before."""
        if self.bases and self.chance.random() < 0.35:
            return self.chance.choice(self.bases)
        kind = self.chance.random()
        dtype = torch.bool if kind < 0.08 else self.chance.choice(REAL if kind < 0.85 else ODD)
        size = self.chance.choice([0, 1, 2, 6, 12, 12, 24])
        if dtype is torch.bool:
            made = torch.tensor([self.chance.random() < 0.5 for _ in range(size)], dtype=dtype)
        else:
            made = torch.frombuffer(bytearray(self.chance.randbytes(size * dtype.itemsize or 1)), dtype=torch.uint8)
            made = made[: size * dtype.itemsize].clone().view(dtype)
        self.bases.append(made)
        return made

    def view(self) -> torch.Tensor:
        base, choose = self.base(), self.chance.choice
        n = base.numel()
        shape = choose([s for s in [(n,), (1, n), (n, 1), (2, n // 2), (n // 3, 3),
                                    (n // 6, 2, 3)] if np.prod(s) == n])
        whole = base.view(shape)
        return choose([
            lambda: base, lambda: whole, lambda: whole.t() if whole.dim() == 2 else whole.transpose(-1, 0),
            lambda: whole[..., ::2], lambda: base[1:], lambda: base[1:3],
            lambda: whole.unsqueeze(0).expand(3, *whole.shape),
            lambda: base[0] if n else base, lambda: base.as_strided((2, 2), (1, 1), 0) if n > 2 else base,
            lambda: base.as_strided((n // 2, 1, 2), (2, 77, 0), n % 2) if n else base, lambda: base[:0],
            lambda: whole.unfold(0, 1, 1) if whole.shape[0] else whole, lambda: whole.detach()])()

    def tensor(self) -> Any:
        kind = self.chance.random()
        try:
            if kind < 0.15:
                return self.rebuilt()
            if kind < 0.65:
                return self.dressed(self.view())
            makers = [self.sparse, self.compressed, self.quantized, self.conjugated, self.meta, self.storage,
                      self.nested]
            return self.chance.choice(makers)()
        except (RuntimeError, NotImplementedError):  # an operation that this element type does not have
            return torch.zeros(2)

    def dressed(self, made: torch.Tensor) -> torch.Tensor:
        kind = self.chance.random()
        is_float = made.is_floating_point() or made.is_complex()
        if kind < 0.15:
            made = torch.nn.Parameter(made, requires_grad=is_float and self.chance.random() < 0.6)
        elif kind < 0.25 and is_float:
            made = made.detach().requires_grad_()
        elif kind < 0.28 and not self.plain:
            made = torch.nn.Buffer(made, persistent=self.chance.random() < 0.5)
        if self.chance.random() < 0.08:
            setattr(made, self.name(), self.atom())
        return made

    def sparse(self) -> torch.Tensor:
        count = self.chance.randrange(4)
        indices = torch.tensor([[self.chance.randrange(3) for _ in range(count)] for _ in range(2)],
                               dtype=torch.int64).reshape(2, count)
        values = torch.arange(count * 2, dtype=self.chance.choice([torch.float32, torch.int16,
                                                                   torch.complex64])).reshape(count, 2)
        hybrid = self.chance.random() < 0.4
        made = torch.sparse_coo_tensor(indices, values if hybrid else values[:, 0], (3, 4, 2) if hybrid else (3, 4))
        return self.chance.choice([made, made.coalesce(), torch.sparse_coo_tensor(size=(2, 3))])

    def compressed(self) -> torch.Tensor:
        dense = torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 2], [0, 0, 0, 0], [3, 0, 0, 4]]) * self.chance.randrange(3)
        return self.chance.choice([dense.to_sparse_csr, dense.to_sparse_csc, lambda: dense.to_sparse_bsr((2, 2)),
                                   lambda: dense.to_sparse_bsc((2, 2))])()

    def quantized(self) -> torch.Tensor:
        dense = torch.arange(6.0).reshape(2, 3)
        dtype = self.chance.choice([torch.quint8, torch.qint8, torch.qint32])
        made = torch.quantize_per_tensor(dense, 0.25, 3, dtype)
        scales, zeros = torch.tensor([0.1, 0.2], dtype=torch.double), torch.tensor([0, 5])
        return self.chance.choice([lambda: made, made.t, lambda: made[1:],
                                   lambda: torch.quantize_per_channel(dense, scales, zeros, 0, dtype),
                                   lambda: torch.quantize_per_channel(dense, scales.float(), zeros.float(), 0,
                                                                      torch.quint8)])()

    def conjugated(self) -> torch.Tensor:
        made = torch.tensor([[1 + 2j, 3 - 4j]], dtype=self.chance.choice([torch.complex64, torch.complex128]))
        return self.chance.choice([made.conj(), made.conj().imag, made.t().conj(), torch._neg_view(torch.ones(3))])

    def meta(self) -> torch.Tensor:
        return self.chance.choice([torch.empty(2, 3, device="meta"),
                                   torch.empty(2, 0, device="meta", dtype=torch.int8).t()])

    def nested(self) -> torch.Tensor:
        return torch.nested.nested_tensor([torch.ones(2, 3), torch.zeros(1, 3)])

    def storage(self) -> Any:
        base = self.base()
        if not base.numel():  # torch makes an empty one anew each time it is named
            return base
        return base.untyped_storage() if self.chance.random() < 0.1 else base.storage()

    def small(self) -> Any:
        choose = self.chance.choice
        return choose([lambda: torch.Size(choose([[], [2, 3], [0], [1 << 40]])),
                       lambda: torch.device(choose(["cpu", "meta", "cuda:1", "mps"])),
                       lambda: choose(REAL + ODD + [torch.bool]), lambda: torch.device("cuda"),
                       lambda: choose([torch.strided, torch.sparse_coo, torch.sparse_csr]),
                       lambda: choose([torch.per_tensor_affine]),
                       lambda: choose([torch.channels_last, torch.preserve_format]),
                       lambda: torch.Generator().manual_seed(5) if self.is_zip else None])()

    # all of it

    def value(self, depth: int) -> Any:
        kind = self.chance.random()
        if self.made and kind < 0.1:
            return self.chance.choice(self.made)
        if depth > 0 and kind < 0.55:
            made = self.container(depth)
        elif kind < 0.65:
            return self.atom()
        elif kind < 0.87 or self.plain:
            made = self.tensor() if self.chance.random() < 0.85 else self.small()
        else:
            made = self.chance.choice([self.record, self.numpy, lambda: self.forged(depth - 1)])()
        self.made.append(made)
        return made
