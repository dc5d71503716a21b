"""What a value costs Python is bounded before it is built: for every kind that can hold another, and in every place.

300,000 levels, 60 doublings, and a part of 1 MB that is shared 3,000 times: each is loaded, printed and freed in a
child of its own, in seconds and in little memory; or it is an Error.
"""

import struct

import child
import pytest
from assembler import symbol, text

LEVELS = 300_000
SHARED = 3_000
NAME = text("x")
METADATA = b"}" + NAME
DTYPE = symbol("numpy", "dtype") + text("f8") + b"\x89\x88\x87R(K\x04" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
OBJECT = symbol("numpy", "dtype") + text("O8") + b"\x89\x88\x87R(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
SHELL = symbol("numpy._core.multiarray", "_reconstruct") + b"(" + symbol("numpy", "ndarray") + b"K\x00\x85C\x01btR"
OWN = symbol("safe_load._inert", "Opaque")
OWN_STATE = text("cls") + text("m.C") + text("how") + text("newobj") + text("args") + b")" + text("kwargs") + b"}"
OWN_STATE += text("list_items") + b"]" + text("dict_items") + b"}" + text("set_items") + b"]" + text("state")

# What stands before and behind the part; h\x00 gives whatever "memo" is.
HOLDERS = {
    "list": (b"", b"]", b"a"),
    "tuple": (b"", b"", b"\x85"),
    "dict": (b"", b"}K\x01", b"s"),
    "frozenset": (b"", b"(", b"\x91"),
    "set": (b"", b"\x8f(", b"\x90"),
    "OrderedDict": (symbol("collections", "OrderedDict"), b"h\x00)RK\x01", b"s"),
    "defaultdict": (symbol("collections", "defaultdict"), b"h\x00)RK\x01", b"s"),
    "Counter": (symbol("collections", "Counter"), b"h\x00)RK\x01", b"s"),
    "deque": (symbol("collections", "deque"), b"h\x00)R", b"a"),
    "list of a call": (symbol("builtins", "list"), b"h\x00]", b"a\x85R"),
    "ChainMap": (symbol("collections", "ChainMap"), b"h\x00)\x81}" + text("maps") + b"]}K\x01", b"sasb"),
    "UserDict": (symbol("collections", "UserDict"), b"h\x00)\x81}" + text("data") + b"}K\x01", b"ssb"),
    "UserList": (symbol("collections", "UserList"), b"h\x00)\x81}" + text("data") + b"]", b"asb"),
    "slice": (symbol("builtins", "slice"), b"h\x00", b"\x85R"),
    "Namespace": (symbol("argparse", "Namespace"), b"h\x00)\x81}" + NAME, b"sb"),
    "SimpleNamespace": (symbol("types", "SimpleNamespace"), b"h\x00)R}" + NAME, b"sb"),
    "BytesIO": (symbol("_io", "BytesIO"), b"h\x00)\x81(C\x01aK\x00}" + NAME, b"stb"),
    "partial": (symbol("functools", "partial"), b"h\x00" + symbol("m", "f") + b"\x85R(" + symbol("m", "f"), b"\x85}Ntb"),
    "attribute": (symbol("builtins", "getattr"), b"h\x00", NAME + b"\x86R"),
    "type": (symbol("types", "GenericAlias"), b"h\x00" + symbol("builtins", "list"), b"\x86R"),
    "typing": (symbol("_operator", "getitem"), b"h\x00" + symbol("typing", "List"), b"\x86R"),
    "record, argument": (symbol("m", "C"), b"h\x00", b"\x85R"),
    "record, keyword": (symbol("m", "C"), b"h\x00)}" + NAME, b"s\x92"),
    "record, state": (symbol("m", "C"), b"h\x00)\x81", b"b"),
    "record, attribute": (symbol("m", "C"), b"h\x00)\x81}" + NAME, b"sb"),
    "record, item": (symbol("m", "C"), b"h\x00)\x81", b"a"),
    "record, key": (symbol("m", "C"), b"h\x00)\x81", b"K\x01s"),
    "saved record": (OWN, b"h\x00)\x81N}(" + OWN_STATE, b"u\x86b"),
    "object array": (OBJECT, SHELL + b"(K\x01K\x01\x85h\x00\x89]", b"atb"),
    "object scalar": (OBJECT, symbol("numpy._core.multiarray", "scalar") + b"h\x00" + SHELL + b"(K\x01)h\x00\x89]", b"atb\x86R"),
    "dtype metadata": (b"N", DTYPE[:-2] + METADATA, b"sK\x00tb"),
}
# Holders that cannot hold any value: these take only their own kind, or a type.
LEAVES = {"type": symbol("builtins", "int"), "typing": symbol("builtins", "int")}

PLACES = {
    "value": lambda value: value,
    "key": lambda value: b"}" + value + b"K\x01s",
    "member": lambda value: b"(" + value + b"\x91",
}

PROGRAM = """
import re, resource, sys, time
import safe_load
framework = sys.argv[2]
start = time.process_time()
resource.setrlimit(resource.RLIMIT_STACK, (8 << 20, 8 << 20))
try:
    value = safe_load.safe_load(sys.argv[1], framework=framework, unknown="opaque")
    said = type(value).__name__
    try:
        said += str(len(repr(value)) if type(value).__module__.startswith("safe_load") else 0)
    except RecursionError:
        said += "deep"
    del value
except safe_load.Error as error:
    assert len(str(error)) < 20_000, len(str(error))
    said = error.code
# Of this program alone: ru_maxrss would begin with what the process had that started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10
print(said, round(time.process_time() - start, 1), peak)
"""


def pickle_of(memo: bytes, value: bytes) -> bytes:
    begin = memo + b"q\x000" if memo else b""
    return b"\x80\x04" + begin + value + b"."


def outcome(data: bytes, tmp_path, framework: str, megabytes: int = 1200) -> None:
    path = tmp_path / "value.pkl"
    path.write_bytes(data)
    said, seconds, peak = child.run(PROGRAM, path, framework).split()
    assert float(seconds) < 20 and int(peak) < megabytes, (said, seconds, peak)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("holder", HOLDERS)
def test_many_levels(holder, place, tmp_path):
    memo, before, behind = HOLDERS[holder]
    leaf = LEAVES.get(holder, b"N")
    levels = LEVELS if len(before + behind) < 60 else LEVELS // 4
    outcome(pickle_of(memo, PLACES[place](before * levels + leaf + behind * levels)), tmp_path, "numpy")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("holder", HOLDERS)
def test_many_doublings(holder, place, tmp_path):
    memo, before, behind = HOLDERS[holder]
    value = LEAVES.get(holder, b"N")
    for _ in range(60):
        value += b"q\x010" + before + b"h\x01h\x01\x86" + behind
    outcome(pickle_of(memo, PLACES[place](value)), tmp_path, "numpy")


PARTS = {
    "text": b"X" + struct.pack("<I", 1_000_000) + b"a" * 1_000_000,
    "bytes": b"B" + struct.pack("<I", 1_000_000) + b"a" * 1_000_000,
    "integer": b"\x8b" + struct.pack("<i", 1_000_000) + b"\x7f" * 1_000_000,
    "list": b"](" + b"K\x01" * 300_000 + b"e",
    "tuple": b"(" + b"K\x01" * 300_000 + b"t",
    "dict": b"}(" + b"".join(b"J" + struct.pack("<i", i) + b"N" for i in range(150_000)) + b"u",
    "pairs": b"](" + b"".join(b"J" + struct.pack("<i", i) + b"N\x86" for i in range(150_000)) + b"e",
    "names": b"}(" + b"".join(text(f"n{i}") + b"N" for i in range(80_000)) + b"u",
}
# Every way in which a row of the table takes a large part, and those of HOLDERS.
USERS = {
    "bytearray": (symbol("builtins", "bytearray"), b"h\x00", b"\x85R"),
    "bytes": (symbol("builtins", "bytes"), b"h\x00", b"\x85R"),
    "encode": (symbol("_codecs", "encode"), b"h\x00", text("latin1") + b"\x86R"),
    "list": (symbol("builtins", "list"), b"h\x00", b"\x85R"),
    "tuple": (symbol("builtins", "tuple"), b"h\x00", b"\x85R"),
    "set": (symbol("builtins", "set"), b"h\x00", b"\x85R"),
    "frozenset": (symbol("builtins", "frozenset"), b"h\x00", b"\x85R"),
    "dict": (symbol("builtins", "dict"), b"h\x00", b"\x85R"),
    "OrderedDict": (symbol("collections", "OrderedDict"), b"h\x00", b"\x85R"),
    "Counter": (symbol("collections", "Counter"), b"h\x00", b"\x85R"),
    "deque": (symbol("collections", "deque"), b"h\x00", b"\x85R"),
    "Decimal": (symbol("decimal", "Decimal"), b"h\x00", b"\x85R"),
    "Fraction": (symbol("fractions", "Fraction"), b"h\x00", b"\x85R"),
    "Fraction of two": (symbol("fractions", "Fraction"), b"h\x00", b"h\x01\x86R"),
    "range": (symbol("builtins", "range"), b"h\x00K\x00", b"K\x01\x87R"),
    "path": (symbol("pathlib", "PosixPath"), b"h\x00", b"\x85R"),
    "Windows path": (symbol("pathlib", "WindowsPath"), b"h\x00", b"\x85R"),
    "pattern": (symbol("re", "_compile"), b"h\x00", b"K\x20\x86R"),
    "IPv4": (symbol("ipaddress", "IPv4Address"), b"h\x00", b"\x85R"),
    "IPv6 network": (symbol("ipaddress", "IPv6Network"), b"h\x00", b"\x85R"),
    "numbers": (symbol("array", "array"), b"h\x00" + text("b"), b"\x86R"),
    "bytes of numbers": (
        symbol("array", "_array_reconstructor"),
        b"h\x00(" + symbol("array", "array") + text("b") + b"K\x01",
        b"tR",
    ),
    "BytesIO": (symbol("_io", "BytesIO"), b"h\x00)\x81(", b"K\x00Ntb"),
    "StringIO": (symbol("_io", "StringIO"), b"h\x00)\x81(", text("\n") + b"K\x00Ntb"),
    "UserString": (symbol("collections", "UserString"), b"h\x00)\x81}" + text("data"), b"sb"),
    "UUID": (symbol("uuid", "UUID"), b"h\x00)\x81}" + text("int"), b"sb"),
    "TorchVersion": (symbol("torch.torch_version", "TorchVersion"), b"h\x00", b"\x85R"),
    "Size": (symbol("torch", "Size"), b"h\x00", b"\x85R"),
    "record of arguments": (symbol("m", "C"), b"h\x00", b"R"),
    "record of keywords": (symbol("m", "C"), b"h\x00)", b"\x92"),
    "record of attributes": (symbol("m", "C"), b"h\x00)\x81", b"b"),
    "Namespace": (symbol("argparse", "Namespace"), b"h\x00)\x81", b"b"),
    "struct_time": (symbol("time", "struct_time"), b"h\x00", b"\x85R"),
    "array": (DTYPE + b"tb", SHELL + b"(K\x01", b"h\x00\x89C\x00tb"),
    "object array": (OBJECT, SHELL + b"(K\x01J" + struct.pack("<i", 300_000) + b"\x85h\x00\x89", b"tb"),
    "seed": (
        symbol("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
        b"h\x00" + symbol("numpy.random.bit_generator", "SeedSequence") + b"K\x00N\x87R(",
        b"K\x00NK\x04)tb",
    ),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("user", [*USERS, *(f"holder: {name}" for name in HOLDERS)])
def test_a_large_part_that_many_share(user, part, tmp_path):
    memo, before, behind = HOLDERS[user.removeprefix("holder: ")] if user.startswith("holder") else USERS[user]
    many = b"(" + (before + b"h\x01" + behind) * SHARED + b"l"
    outcome(pickle_of(memo, PARTS[part] + b"q\x010" + many), tmp_path, "numpy", megabytes=700)


def test_keys_of_one_hash_are_refused(tmp_path):
    modulus = 2**61 - 1
    keys = [b"\x8a\x0b" + ((i + 1) * modulus).to_bytes(11, "little") for i in range(200_000)]
    pairs = [b"(" + b"K\x00" + key + b"t" for key in keys]
    for form, some in ((b"}(%su", [key + b"N" for key in keys]), (b"(%s\x91", keys), (b"\x8f(%s\x90", pairs)):
        outcome(b"\x80\x04" + form % b"".join(some) + b".", tmp_path, "none")


def test_frozensets_that_are_alike_are_not_compared_for_ever(tmp_path):
    """Two trees of the same shape, each of whose levels holds the one below it twice."""
    data = b"\x80\x04("
    for slot in (b"\x01", b"\x02"):
        data += b"(K\x01\x91q" + slot + b"0"
        for _ in range(60):
            data += b"(h" + slot + b"h" + slot + b"\x85\x91q" + slot + b"0"
    outcome(data + b"h\x01h\x02\x91.", tmp_path, "none")
