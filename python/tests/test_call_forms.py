"""Every known name that can be called, in every form of call: equal to CPython, or an Error.

The pickles are made here, of names that do nothing but make values, so CPython may read them, too.
"""

import importlib
import itertools
import pickle
import re
import warnings

import pytest
from assembler import symbol, text
from conftest import ROOT
from deep_equal import difference

from safe_load import Error, safe_load

LONG = b"\x8a\x09" + (1 << 64).to_bytes(9, "little")
ARGUMENTS = {
    "none": b")",
    "integer": b"K\x05\x85",
    "long": LONG + b"\x85",
    "minus": b"J\xff\xff\xff\xff\x85",
    "float": b"G?\xf8\0\0\0\0\0\0\x85",
    "text": text("12") + b"\x85",
    "empty text": text("") + b"\x85",
    "bytes": b"C\x02ab\x85",
    "None": b"N\x85",
    "True": b"\x88\x85",
    "list": b"]K\x01aK\x02a\x85",
    "empty list": b"]\x85",
    "tuple": b"K\x01K\x02\x86\x85",
    "pairs": b"]K\x01K\x02\x86a\x85",
    "dict": b"}K\x01K\x02s\x85",
    "set": b"\x8f(K\x01\x90\x85",
    "class": symbol("builtins", "int") + b"\x85",
    "two integers": b"K\x01K\x02\x86",
    "three integers": b"K\x01K\x02K\x03\x87",
    "two texts": text("ab") + text("latin1") + b"\x86",
    "list and integer": b"]K\x01aK\x02aK\x01\x86",
    "class and integer": symbol("builtins", "list") + b"K\x01\x86",
    "code and numbers": text("b") + b"]K\x01a\x86",
    "a date": b"C\x04\x07\xe8\x01\x02\x85",
    "a moment": b"C\x0a\x07\xe8\x01\x02\x03\x04\x05\x00\x00\x06\x85",
    "nine integers": b"(" + b"K\x01" * 9 + b"t\x85",
    "an address": text("1.2.3.4") + b"\x85",
    "another address": text("::1") + b"\x85",
    "two floats": b"G?\xf8\0\0\0\0\0\0" * 2 + b"\x86",
    "a type text": text("f8") + b"\x89\x88\x87",
    "a device": text("cpu") + b"\x85",
    "a device and a number": text("cuda") + b"K\x01\x86",
    "False": b"\x89\x85",
    "a layout": text("torch.strided") + b"\x85",
    "a time": b"C\x06\x01\x02\x03\x00\x00\x04\x85",
    "a span": symbol("datetime", "timedelta") + b"K\x00K\x3cK\x00\x87R\x85",
    "array, code, format, bytes": b"(" + symbol("array", "array") + text("b") + b"K\x01C\x02abt",
}
FORMS = {
    "REDUCE": lambda name, given: name + given + b"R",
    "OBJ": lambda name, given: b"(" + name + flat(given) + b"o",
    "INST": lambda name, given: b"(" + flat(given) + b"i" + name[1:],
    "NEWOBJ": lambda name, given: name + given + b"\x81",
    "NEWOBJ_EX": lambda name, given: name + given + b"}\x92",
    "NEWOBJ_EX, keywords": lambda name, given: name + given + b"}" + text("x") + b"K\x01s\x92",
    "__newobj__": lambda name, given: symbol("copyreg", "__newobj__") + b"(" + name + flat(given) + b"tR",
    "_reconstructor": lambda name, given: symbol("copyreg", "_reconstructor")
    + b"("
    + name
    + symbol("builtins", "object")
    + b"NtR",
}
FURTHER = {
    "": b"",
    "item": b"K\x07a",
    "key": b"K\x07K\x08s",
    "member": b"(K\x07\x90",
    "empty state": b"}b",
    "state": b"}" + text("x") + b"K\x07sb",
    "state of factory": b"}" + text("default_factory") + b"K\x07sb",
    "state with data": b"}" + text("data") + b"]K\x01asb",
    "state with dict": b"}" + text("data") + b"}K\x01K\x02ssb",
    "state with text": b"}" + text("data") + text("ab") + b"sb",
    "state with maps": b"}" + text("maps") + b"]}asb",
    "state with int": b"}" + text("int") + b"K\x05sb",
    "pair of states": b"N}" + text("x") + b"K\x07s\x86b",
    "None as state": b"Nb",
    "stream state": b"(C\x03abcK\x01Ntb",
    "text stream state": b"(" + text("abc") + text("\n") + b"K\x01Ntb",
}
MODULES = (
    "collections builtins _codecs decimal fractions uuid datetime argparse types time ipaddress array _io functools"
).split()
# Those that stand for something else here, on purpose (docs/kinds.md), as paths do: they become pure ones.
INERT = {("functools", "partial"), ("functools", "reduce"), ("builtins", "object"), ("builtins", "getattr")}
INERT |= {("builtins", "type"), ("types", "GenericAlias"), ("re", "_compile"), ("_operator", "or_")}
INERT |= {("torch._dynamo.decorators", "_DimRange"), ("joblib.numpy_pickle", "NumpyArrayWrapper")}
INERT |= {("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper")}
INERT |= {("copyreg", name) for name in ("_reconstructor", "__newobj__", "__newobj_ex__")}
# Only a file with storages or arrays has what these take; here they must give nothing, or the same.
SILENT = ("numpy", "torch", "random", "safe_load", "_operator", "_functools")


def flat(arguments: bytes) -> bytes:
    """The parts of a tuple, without the opcode that makes it one."""
    return arguments[:-1].removeprefix(b"(") if arguments.endswith(b"t") else arguments[:-1]


def known_names():
    """Those that can be called, from the table itself."""
    table = (ROOT / "src" / "types" / "known.cc").read_text()
    forms = "call|stateful|old_tensor|sparse_tensor|storage"
    for row in re.findall(rf'^ +(?:{forms})\("([^"]+)", "([^"]+)"', table, re.MULTILINE):
        is_path = row[0].startswith("pathlib")
        if row not in INERT and not is_path:
            yield row


def is_silent(module: str) -> bool:
    return module not in MODULES and module.split(".")[0] in SILENT


def theirs(data: bytes):
    """What both unpicklers of CPython make of it; an exception if either refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pickle.loads(data), pickle._loads(data)


NAMES = sorted(known_names())


@pytest.mark.parametrize("module, name", NAMES, ids=[".".join(row) for row in NAMES])
def test_every_form_gives_what_cpython_gives_or_an_error(module, name):
    if is_silent(module):
        pytest.importorskip(module.split(".")[0], reason="SKIPPED: a package is not installed here")
    else:
        assert hasattr(importlib.import_module(module), name)
    seen = 0
    for (form, call), (given, arguments), (further, tail) in itertools.product(
        FORMS.items(), ARGUMENTS.items(), FURTHER.items()
    ):
        data = b"\x80\x04" + call(symbol(module, name), arguments) + tail + b"."
        try:
            ours = safe_load(data)
        except Error:
            continue
        seen += 1
        case = f"{module}.{name}: {form} of {given}, then {further or 'nothing'}: {data!r}"
        try:
            both = theirs(data)
        except Exception as reason:
            if "not compiled with CUDA" in str(reason):  # to us a device that is not here is host memory
                continue
            pytest.fail(f"{case}: CPython refuses ({reason!r}), safe_load gives {ours!r}")
        for value in both:
            assert type(ours) is type(value), case
            assert difference(ours, value) is None, case
    assert seen or is_silent(module), "no form gave a value"
