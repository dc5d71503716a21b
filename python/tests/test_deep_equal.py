"""The comparer that other tests trust sees every difference that it is there to see."""

import argparse
import array
import collections
import datetime
import functools
import io
import pathlib
import random
import re
import uuid

import pytest

pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")

import numpy as np
import torch
from deep_equal import difference
from kinds_user import Color, Config, Plain, plus_one

from safe_load import AttrRef, GlobalRef, Opaque, Partial
from safe_load._inert import Pattern, TypeExpr


def attributed(value, **attributes):
    vars(value).update(attributes)
    return value


def moved(generator, draws=1):
    for _ in range(draws):
        generator.random()
    return generator


def spawned(generator):
    generator.spawn(1)
    return generator


def at(stream, position):
    stream.seek(position)
    return stream


def with_gradient(tensor):
    tensor.grad = torch.ones(1)
    return tensor


def loop(depth):
    inner = []
    outer = inner
    for _ in range(depth):
        outer = [outer]
    inner.append(outer)
    return outer


def quantized(tensor, scale):
    return torch.quantize_per_tensor(tensor, scale, 0, torch.qint8)


def rows(*fields, **options):
    return np.zeros(1, np.dtype(list(fields), **options))


ONE = [1]
WEIGHT = torch.arange(4.0)
EYE = torch.eye(2)
COUNT = np.dtype("i4", metadata={"unit": "m"})

# Ours, theirs: alike to the eye, or equal to ==, and different.
DIFFERENT = {
    "bool for int": (True, 1),
    "int for float": (1, 1.0),
    "zero's sign": (0.0, -0.0),
    "imaginary zero's sign": (complex(1, 0.0), complex(1, -0.0)),
    "bytes for str": (b"a", "a"),
    "a number in a list": ([1, [2, 3]], [1, [2, 4]]),
    "a list for a tuple": ([1], (1,)),
    "a longer list": ([1, 1], [1]),
    "an int in a set": ({1, 2}, {True, 2}),
    "a frozenset for a set": (frozenset({1}), {1}),
    "order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "type of a key": ({1: 0}, {True: 0}),
    "dict for OrderedDict": ({"a": 1}, collections.OrderedDict(a=1)),
    "an attribute of an OrderedDict": (collections.OrderedDict(), attributed(collections.OrderedDict(), note=1)),
    "a default factory": (collections.defaultdict(list), collections.defaultdict(set)),
    "a maximal length": (collections.deque([1], 2), collections.deque([1], 3)),
    "a fold": (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, fold=1)),
    "a time zone": (datetime.time(1), datetime.time(1, tzinfo=datetime.timezone.utc)),
    "the name of a zone": (datetime.timezone(datetime.timedelta()), datetime.timezone(datetime.timedelta(), "X")),
    "safety of a UUID": (uuid.UUID(int=1), uuid.UUID(int=1, is_safe=uuid.SafeUUID.safe)),
    "a slice": (slice(1, 2), slice(1, 2, 1)),
    "a namespace": (argparse.Namespace(a=1), argparse.Namespace(a=1.0)),
    "code of an array": (array.array("i", [1]), array.array("l", [1])),
    "position of a stream": (io.BytesIO(b"ab"), at(io.BytesIO(b"ab"), 1)),
    "newline of a stream": (io.StringIO("a", newline="\r\n"), io.StringIO("a")),
    "state of random": (random.Random(1), moved(random.Random(1))),
    "copies for one list": ([[1], [1]], [ONE, ONE]),
    "one list for copies": ([ONE, ONE], [[1], [1]]),
    "length of a cycle": (loop(1), loop(2)),
    "dtype": (np.float32(1), np.float64(1)),
    "byte order": (np.array([1], ">i4"), np.array([1], "<i4")),
    "order of an array": (np.ones((2, 3)), np.asfortranarray(np.ones((2, 3)))),
    "shape of an array": (np.ones((2, 3)), np.ones((3, 2))),
    "bits of NaN": (np.array([0x7FF8000000000001]).view("f8"), np.array([np.nan])),
    "array for matrix": (np.ones((1, 1)), np.asmatrix([[1.0]])),
    "read-only array": (np.frombuffer(b"a", "u1"), np.array([97], "u1")),
    "an object in an array": (np.array([1, "a"], object), np.array([1, b"a"], object)),
    "names of fields": (rows(("a", "i4")), rows(("b", "i4"))),
    "title of a field": (rows(("a", "i4")), rows((("t", "a"), "i4"))),
    "place of a field": (rows(("a", "i1"), ("b", "i4")), rows(("a", "i1"), ("b", "i4"), align=True)),
    "void for record": (np.zeros(1, "i4,i4")[0], np.rec.array(np.zeros(1, "i4,i4"))[0]),
    "metadata": (np.dtype("i4"), COUNT),
    "metadata of an array": (np.zeros(1, "i4"), np.zeros(1, COUNT)),
    "a mask": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
    "what is masked": (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 3], mask=[0, 1])),
    "a fill value": (np.ma.array([1], fill_value=1), np.ma.array([1], fill_value=2)),
    "missing text": (np.dtypes.StringDType(), np.dtypes.StringDType(na_object=None)),
    "state of a generator": (np.random.default_rng(1), moved(np.random.default_rng(1))),
    "children of a generator": (np.random.default_rng(1), spawned(np.random.default_rng(1))),
    "seed of a generator": (np.random.PCG64(1).seed_seq, np.random.PCG64(2).seed_seq),
    "a second normal": (np.random.RandomState(1), moved(np.random.RandomState(1), 2)),
    "type of elements": (WEIGHT, WEIGHT.double()),
    "bits of a tensor": (torch.tensor([0.0]), torch.tensor([-0.0])),
    "stride": (torch.ones(2, 2), torch.ones(2, 2).t()),
    "offset": (WEIGHT[:2], WEIGHT[1:3]),
    "shape of a tensor": (WEIGHT, WEIGHT.view(2, 2)),
    "size of the storage": (WEIGHT[:2], WEIGHT[:2].clone()),
    "requires_grad": (torch.ones(1), torch.ones(1, requires_grad=True)),
    "gradient": (torch.ones(1), with_gradient(torch.ones(1))),
    "tensor for parameter": (torch.ones(1, requires_grad=True), torch.nn.Parameter(torch.ones(1))),
    "attribute of a tensor": (torch.ones(1), attributed(torch.ones(1), tag=1)),
    "conj bit": (torch.tensor([1j]).conj().clone(), torch.tensor([1j]).conj()),
    "storages apart": ([WEIGHT, WEIGHT[1:].clone()], [WEIGHT, WEIGHT[1:]]),
    "a storage that is shared": ([WEIGHT, WEIGHT.view(4)], [WEIGHT, WEIGHT.clone()]),
    "meta for cpu": (torch.ones(1, device="meta"), torch.ones(1)),
    "layout": (EYE.to_sparse_csr(), EYE.to_sparse_csc()),
    "coalesced": (EYE.to_sparse(), EYE.to_sparse()._coalesced_(False)),
    "sparse values": (EYE.to_sparse(), (EYE * 2).to_sparse()),
    "scale": (quantized(EYE, 0.5), quantized(EYE / 2, 0.25)),
    "nested sizes": (torch.nested.nested_tensor([WEIGHT]), torch.nested.nested_tensor([WEIGHT[:2], WEIGHT[2:]])),
    "type of a storage": (WEIGHT.storage(), WEIGHT.to(torch.int32).storage()),
    "bytes of a storage": (WEIGHT.untyped_storage(), (WEIGHT + 1).untyped_storage()),
    "state of a torch generator": (torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)),
    "torch.Size": ((1, 2), torch.Size([1, 2])),
    "attribute of an object": (Plain(1), Plain(2)),
    "class of an object": (Plain(1), Config()),
    "an inert record": (GlobalRef("kinds_user", "Plain"), Plain),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_difference_is_seen(name):
    ours, theirs = DIFFERENT[name]
    assert difference(ours, theirs) is not None
    assert difference(ours, ours) is None or isinstance(ours, GlobalRef)
    assert difference(theirs, theirs) is None


def record(cls="kinds_user.Plain", how="newobj", args=(), state=None, list_items=()):
    made = Opaque(cls, how)
    made.args, made.state, made.list_items = args, state, list(list_items)
    return made


def partial(function, args=(), keywords=None):
    made = Partial()
    made.function, made.args, made.keywords = function, args, keywords or {}
    return made


PRINT = GlobalRef("builtins", "print")
PARTIAL = functools.partial(print, 1, sep="")

# Inert records that do not hold what the value gives to pickle.
WRONG_RECORDS = {
    "another class": (record("kinds_user.Config", state={"value": 3}), Plain()),
    "another way": (record(how="reduce", state={"value": 3}), Plain()),
    "no state": (record(), Plain()),
    "another state": (record(state={"value": True}), Plain(1)),
    "items that are not there": (record(state={"value": 3}, list_items=[1]), Plain()),
    "an argument of another type": (record("kinds_user.Color", "reduce", (True,)), Color.RED),
    "a record for a function": (record("kinds_user.plus_one"), plus_one),
    "another function": (GlobalRef("kinds_user", "minus_one"), plus_one),
    "a name for an object": (GlobalRef("kinds_user", "Plain"), Plain()),
    "another method": (AttrRef(record(state={"value": 3}), "triple"), Plain().double),
    "a method of another object": (AttrRef(record(state={"value": 4}), "double"), Plain().double),
    "a partial without keywords": (partial(PRINT, (1,)), PARTIAL),
    "a partial of another function": (partial(GlobalRef("builtins", "len"), (1,), {"sep": ""}), PARTIAL),
    "flags of a pattern": (Pattern("a", 32), re.compile("a", re.I)),
    "a type of other parts": (TypeExpr(list, (int,)), list[Config]),
    "no type": (TypeExpr(Plain, ()), Plain()),
}


@pytest.mark.parametrize("name", WRONG_RECORDS)
def test_wrong_record_is_seen(name):
    assert difference(*WRONG_RECORDS[name], forms=set()) is not None


def test_right_records_are_named():
    forms = set()
    ours = [record(state={"value": 3}), partial(PRINT, (1,), {"sep": ""}), Pattern("a", 34)]
    theirs = [Plain(), PARTIAL, re.compile("a", re.I)]
    assert difference(ours, theirs, forms=forms) is None
    assert forms == {"Opaque kinds_user.Plain", "Partial", "GlobalRef builtins.print", "Pattern"}


def test_a_path_that_touches_files_is_no_inert_form():
    assert difference(pathlib.PosixPath("a/b"), pathlib.PosixPath("a/b")) is None
    assert difference(pathlib.PurePosixPath("a/b"), pathlib.PosixPath("a/b")) is not None


def test_the_first_difference_has_its_path():
    found = difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]})
    assert found == "$['a'][1]['b']: 2 instead of 3"


def test_depth_does_not_matter():
    assert difference(nest(100_000, 1), nest(100_000, 1)) is None
    assert difference(nest(100_000, 1), nest(100_000, 2)) is not None


def nest(depth, value):
    for _ in range(depth):
        value = [value]
    return value
