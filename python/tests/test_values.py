"""Values that people save beside their weights come back as they were."""

import argparse
import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
import random
import types
import uuid

import pytest
from forge import call, forge, symbol, text

from safe_load import AttrRef, GlobalRef, Opaque, Partial, safe_load

UTC = datetime.timezone.utc
ODD_ZONE = datetime.timezone(datetime.timedelta(hours=5, minutes=30), "IST")

VALUES = {
    "none": None,
    "bools": [True, False],
    "small ints": [0, 1, -1, 255, 256, 65535, 65536, -(2**31), 2**31 - 1],
    "large ints": [2**31, -(2**31) - 1, 2**63 - 1, -(2**63), 2**63, 2**64, -(2**63) - 1, 2**100, -(2**3000)],
    "floats": [0.0, -0.0, 1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")],
    "complex": [complex(1, -2), complex(0.0, -0.0)],
    "texts": ["", "plain", "é€😀", "\ud800", "a\nb\0c", "x" * 300],
    "bytes": [b"", b"x", bytes(range(256)), b"y" * 300],
    "bytearrays": [bytearray(), bytearray(b"\x00\xff")],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),))],
    "lists": [[], [1], [[], [[]]]],
    "dicts": [{}, {"a": 1}, {1: 2, (1, "x"): None, None: 3, 1.5: 4, b"k": 5, True and "t": 6}],
    "sets": [set(), {1, "a", (2,)}, frozenset(), frozenset({1, 2})],
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "defaultdicts": [collections.defaultdict(list, {"a": [1]}), collections.defaultdict(None, {1: 2})],
    "counter": collections.Counter("abracadabra"),
    "deques": [collections.deque(), collections.deque([1, 2]), collections.deque([1, 2, 3], maxlen=3)],
    "range": [range(3), range(10, 0, -2), range(2**70)],
    "slice": [slice(None), slice(1, 2), slice(1, None, 3)],
    "datetimes": [
        datetime.datetime(2024, 2, 29, 23, 59, 58, 999999),
        datetime.datetime(1, 1, 1),
        datetime.datetime(2024, 1, 1, tzinfo=UTC),
        datetime.datetime(2024, 1, 1, tzinfo=ODD_ZONE),
    ],
    "dates and times": [datetime.date(9999, 12, 31), datetime.time(1, 2, 3, 4), datetime.time(5, tzinfo=UTC)],
    "spans": [datetime.timedelta(days=-1, microseconds=1), datetime.timedelta.max, UTC, ODD_ZONE],
    "namespaces": [argparse.Namespace(lr=0.1, name="x"), types.SimpleNamespace(a=[1]), argparse.Namespace()],
    "decimals": [decimal.Decimal(text) for text in ("1.50", "-0", "NaN", "Infinity", "1E+1000")],
    "fractions": [fractions.Fraction(-3, 4), fractions.Fraction(5)],
    "uuids": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678123456781234567812345678")],
    "ellipsis": [..., NotImplemented],
    "types": [int, str, dict, list, collections.OrderedDict, type(None)],
}


def same(a, b):
    from deep_equal import difference

    return difference(a, b)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", VALUES)
def test_value_comes_back_as_it_was(name, protocol, round_trip):
    assert same(round_trip(VALUES[name], protocol), VALUES[name]) is None


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_cpython_is_read(protocol, torch):
    for name, value in VALUES.items():
        found = same(safe_load(forge(pickle.dumps(value, protocol))), value)
        assert found is None, (name, found)


def random_value(rng: random.Random, depth: int, shared: list):
    kinds = ["int", "float", "str", "bytes", "bool", "none"] + (["list", "dict", "tuple", "set", "again"] if depth else [])
    kind = rng.choice(kinds)
    if kind == "again" and shared:
        return rng.choice(shared)
    value = {
        "int": lambda: rng.getrandbits(rng.choice([3, 31, 63, 64, 200])) * rng.choice([1, -1]),
        "float": lambda: rng.choice([rng.random(), rng.random() * 10.0 ** rng.randint(-300, 300)]),
        "str": lambda: "".join(rng.choice("aé€😀\n\\'\"") for _ in range(rng.randint(0, 300 if depth == 0 else 5))),
        "bytes": lambda: rng.randbytes(rng.choice([0, 3, 300])),
        "bool": lambda: rng.random() < 0.5,
        "none": lambda: None,
        "list": lambda: [random_value(rng, depth - 1, shared) for _ in range(rng.randint(0, 5))],
        "dict": lambda: {random_key(rng): random_value(rng, depth - 1, shared) for _ in range(rng.randint(0, 5))},
        "tuple": lambda: tuple(random_value(rng, depth - 1, shared) for _ in range(rng.randint(0, 5))),
        "set": lambda: {random_key(rng) for _ in range(rng.randint(0, 5))},
        "again": lambda: [],
    }[kind]()
    if kind in ("list", "dict", "tuple", "set"):
        shared.append(value)
    return value


def random_key(rng: random.Random):
    return rng.choice([rng.randint(-5, 5), rng.random(), "k%d" % rng.randint(0, 9), (1, "x"), None, 1.0, True, b"b"])


def test_what_cpython_pickles_is_what_we_read(torch):
    rng = random.Random(3)
    for round_number in range(600):
        value = random_value(rng, 4, [])
        protocol = rng.randint(0, 5)
        found = same(safe_load(forge(pickle.dumps(value, protocol))), pickle.loads(pickle.dumps(value, protocol)))
        assert found is None, (round_number, protocol, value, found)


def test_aliases_and_cycles_survive(round_trip):
    inner = [1]
    cycle = {"a": inner, "b": inner}
    cycle["self"] = cycle
    loop = []
    loop.append((loop,))
    result = round_trip([cycle, loop])
    assert result[0]["a"] is result[0]["b"] and result[0]["self"] is result[0]
    assert result[1][0][0] is result[1]


def test_repeated_keys_keep_their_place_and_take_the_last_value():
    loaded = safe_load(forge(b"}(K\x01K\x0aX\x01\x00\x00\x00bK\x14\x88K\x1eG\x3f\xf0\x00\x00\x00\x00\x00\x00K\x28u."))
    assert list(loaded.items()) == [(1, 40), ("b", 20)]


def test_attributes_of_an_ordered_dict_survive(round_trip):
    value = collections.OrderedDict(a=1)
    value._metadata = {"version": 2}
    loaded = round_trip(value)
    assert loaded._metadata == {"version": 2} and list(loaded) == ["a"]


def test_paths_are_pure_whatever_wrote_them(round_trip):
    assert round_trip(pathlib.Path("/a/b")) == pathlib.PurePosixPath("/a/b")
    windows = forge(call("pathlib", "WindowsPath", text("C:\\"), text("x")) + b".")
    assert safe_load(windows) == pathlib.PureWindowsPath("C:/x")
    joined = forge(call("pathlib._local", "PosixPath", text("a/b")) + b".")
    assert safe_load(joined) == pathlib.PurePosixPath("a/b")


def test_functions_and_classes_are_references():
    loaded = safe_load(forge(symbol("os", "system") + b"."), unknown="opaque")
    assert loaded == GlobalRef("os", "system") and not callable(loaded)


def test_getattr_and_partial_are_references():
    target = call("builtins", "getattr", symbol("m", "Color"), text("RED"))
    partial = symbol("functools", "partial") + symbol("m", "f") + b"\x85R(" + symbol("m", "f") + b"K\x01\x85}Ntb"
    loaded = safe_load(forge(b"(" + target + partial + b"t."), unknown="opaque")
    assert isinstance(loaded[0], AttrRef) and loaded[0].name == "RED"
    assert isinstance(loaded[1], Partial) and loaded[1].args == (1,)


def test_objects_of_unknown_classes_keep_their_parts():
    made = symbol("pkg", "C") + b"K\x07\x85\x81}" + text("x") + b"K\x01sb"
    filled = symbol("pkg", "L") + b")\x81(K\x01K\x02e" + text("k") + b"K\x03s"
    first, second = safe_load(forge(b"(" + made + filled + b"t."), unknown="opaque")
    assert isinstance(first, Opaque) and (first.cls, first.how) == ("pkg.C", "newobj")
    assert first.args == (7,) and first.state == {"x": 1} and first.attributes() == {"x": 1}
    assert second.list_items == [1, 2] and second.dict_items == {"k": 3} and len(second) == 3
    assert first != Opaque("pkg.C", "newobj")


def test_defaultdict_with_another_factory_is_a_dict():
    loaded = safe_load(forge(call("collections", "defaultdict", symbol("os", "system")) + text("k") + b"K\x01s."), unknown="opaque")
    assert type(loaded) is dict and loaded == {"k": 1}
