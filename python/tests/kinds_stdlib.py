"""Kinds of value: the standard library."""

from __future__ import annotations

import argparse
import array
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import logging
import operator
import pathlib
import random
import re
import time
import types
import typing
import uuid
import zoneinfo

import torch
from kind import inert, member, opaque, partly
from kinds_user import Access, Bits, Color, Level, Mode

UTC = datetime.timezone.utc
IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30), "IST")


def stream(stream: typing.Any) -> typing.Any:
    stream.seek(2)
    return stream


def drawn_from() -> random.Random:
    generator = random.Random(11)
    generator.gauss(0.0, 1.0)  # keeps a second number for the next call
    return generator


def phase() -> typing.Any:
    from kinds_user import Phase

    return Phase.WARMUP


STDLIB = {
    "SimpleNamespace": lambda: types.SimpleNamespace(lr=0.1, layers=[1, 2]),
    "Namespace": lambda: argparse.Namespace(lr=0.1, names=["a"]),
    "Namespace nested": lambda: argparse.Namespace(model=argparse.Namespace(width=8)),
    "Decimal": lambda: decimal.Decimal("-1.500E+3"),
    "Fraction": lambda: fractions.Fraction(-3, 7),
    "datetime": lambda: datetime.datetime(2024, 2, 29, 23, 59, 58, 999_999),
    "datetime utc": lambda: datetime.datetime(2024, 2, 29, 12, tzinfo=UTC),
    "datetime fold": partly(
        lambda: datetime.datetime(2024, 10, 27, 2, 30, fold=1),
        lambda value, protocol: value.replace(fold=0) if protocol < 4 else value,
        "protocols 2 and 3 have no place for the fold",
    ),
    "datetime offset": lambda: datetime.datetime(2024, 2, 29, 12, tzinfo=IST),
    "datetime zone": lambda: datetime.datetime(2024, 2, 29, 12, tzinfo=zoneinfo.ZoneInfo("UTC")),
    "date": lambda: datetime.date(1999, 12, 31),
    "time": lambda: datetime.time(1, 2, 3, 4),
    "time utc": lambda: datetime.time(1, 2, tzinfo=UTC),
    "timedelta": lambda: datetime.timedelta(-1, 86399, 5),
    "timezone": lambda: IST,
    "ZoneInfo": lambda: zoneinfo.ZoneInfo("UTC"),
    "ZoneInfo no cache": lambda: zoneinfo.ZoneInfo.no_cache("UTC"),
    "struct_time": lambda: time.gmtime(86_400),
    "UUID": lambda: uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "Path": inert(lambda: pathlib.PosixPath("runs/best.pt"), "PurePosixPath"),
    "PurePosixPath": lambda: pathlib.PurePosixPath("/runs/best.pt"),
    "PureWindowsPath": lambda: pathlib.PureWindowsPath("C:\\runs\\best.pt"),
    "Path type": lambda: pathlib.Path,
    "Pattern": inert(lambda: re.compile(r"layer(\d+)", re.IGNORECASE), "Pattern"),
    "enum": member(lambda: Color.RED, "kinds_user.Color", "RED"),
    "enum str value": member(lambda: Color.NAMED, "kinds_user.Color", "NAMED"),
    "enum IntEnum": member(lambda: Level.LOW, "kinds_user.Level", "LOW"),
    "enum str mixin": member(lambda: Mode.TRAIN, "kinds_user.Mode", "TRAIN"),
    "enum StrEnum": member(phase, "kinds_user.Phase", "WARMUP"),
    "enum Flag": member(lambda: Access.WRITE, "kinds_user.Access", "WRITE"),
    "enum Flag union": member(lambda: Access.READ | Access.WRITE, "kinds_user.Access", "READ", "WRITE"),
    "enum IntFlag union": member(lambda: Bits.LOW | Bits.HIGH, "kinds_user.Bits", "LOW", "HIGH"),
    "enum class": inert(lambda: Color, "GlobalRef kinds_user.Color"),
    "enum stdlib": member(lambda: uuid.SafeUUID.unsafe, "uuid.SafeUUID", "unsafe"),
    "partial": inert(lambda: functools.partial(print, 1, sep="-"), "Partial", "GlobalRef builtins.print"),
    "partial module class": inert(
        lambda: functools.partial(torch.nn.Linear, 4, bias=False),
        "Partial",
        "GlobalRef torch.nn.modules.linear.Linear",
    ),
    "itemgetter": opaque(lambda: operator.itemgetter(1, "a"), "operator.itemgetter"),
    "attrgetter": opaque(lambda: operator.attrgetter("a.b"), "operator.attrgetter"),
    "methodcaller": opaque(lambda: operator.methodcaller("split", ","), "operator.methodcaller"),
    "operator add": inert(lambda: operator.add, "GlobalRef _operator.add"),
    "BytesIO": lambda: stream(io.BytesIO(b"\x00\xffcontent")),
    "StringIO": lambda: stream(io.StringIO("first\nsecond")),
    "array int": lambda: array.array("i", [1, -2]),
    "array double": lambda: array.array("d", [0.5, float("nan")]),
    "array empty": lambda: array.array("H"),
    "array text": lambda: array.array("u", "täxt"),
    "IPv4Address": lambda: ipaddress.IPv4Address("192.0.2.1"),
    "IPv6Network": lambda: ipaddress.IPv6Network("2001:db8::/32"),
    "typing Any": lambda: typing.Any,
    "typing Optional": lambda: typing.Optional[str],
    "typing List": lambda: typing.List[float],
    "typing Union": lambda: typing.Union[int, str],
    "typing Callable": lambda: typing.Callable[[int, str], bool],
    "typing TypeVar": lambda: typing.AnyStr,
    "generic alias": lambda: dict[str, list[int]],
    "union bar": lambda: int | str | None,
    "random Random": drawn_from,
    "random state": lambda: drawn_from().getstate(),
    "logger": opaque(lambda: logging.getLogger("safe_load.kinds"), "logging.getLogger"),
    "random method": inert(lambda: random.Random(3).random, "AttrRef .random"),
}
