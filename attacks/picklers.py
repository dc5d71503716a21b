"""What honest picklers write (dill, cloudpickle, pydantic, Stable-Baselines3), and the attacks that look like it."""

from __future__ import annotations

import binascii
from typing import Iterator

from assembler import PAYLOAD, Entry, call, checkpoint, pickle_of, symbol, text, zip_of
from case import CLEAN, EVIL, Case


def again(callee: bytes, *arguments: bytes) -> bytes:
    """A call of what these instructions made."""
    return callee + b"(" + b"".join(arguments) + b"tR"


def table(**values: bytes) -> bytes:
    return b"}(" + b"".join(text(name) + value for name, value in values.items()) + b"u"


DILL = "dill._dill"
CLOUD = "cloudpickle.cloudpickle"
CODE = (b"K\0", b"K\0", b"K\0", b"K\0", b"K\1", b"K\3", b"C\x04\x97\0d\0", b"(Nt", b")", b")", text("f.py"), text("f"), b"K\1", b"C\0")


def honest_picklers() -> Iterator[Case]:
    """What dill, cloudpickle and others write, and beside each what only an attacker writes in that form."""
    def unknown(row: str, name: str, content: bytes, protocol: int = 3) -> Case:
        return Case(row, f"honest-{name}.pkl", pickle_of(content, protocol), "UNKNOWN")

    def evil(row: str, name: str, content: bytes, rule: str, protocol: int = 3) -> Case:
        return Case(row, f"{name}.pkl", pickle_of(content, protocol), "DANGEROUS", rule)

    thing, run = symbol("mylib", "Thing"), symbol("mylib", "run")
    # An object of a class is called: what is given on the way counts, and who returned it.
    yield unknown("P13", "pyg", again(call("torch_geometric.data.batch", "DynamicInheritanceGetter"), thing, run))
    yield evil("P13", "words-on-the-way", again(call("mylib", "Getter", text("__globals__")), thing), "SL-P13")
    yield evil("P13", "words-two-before", again(again(call("mylib", "Getter", text("system")), thing), b"K\1"), "SL-P13")
    yield evil("P13", "text-at-the-end", again(call("mylib", "Getter"), text("import os; os.getcwd()")), "SL-P13")
    yield evil("P13", "itemgetter", again(call("operator", "itemgetter", text("a")), table(a=thing)), "SL-P13")
    yield evil("P13", "attrgetter", again(call("operator", "attrgetter", text("a")), thing), "SL-P13")
    yield evil("P13", "of-a-method", again(again(call("builtins", "getattr", thing, text("make"))), thing), "SL-P13")
    wrapper = call("functools", "lru_cache", b"K\3", b"\x89")
    yield unknown("P13", "lru-cache", again(wrapper, run))
    yield evil("P13", "lru-cache-of-function", again(call("functools", "lru_cache", run), b"K\1"), "SL-P13")
    yield evil("P13", "lru-cache-called", again(again(wrapper, run), b"K\1"), "SL-P13")

    def partial(first: bytes, then: bytes, *arguments: bytes) -> bytes:
        return call("functools", "partial", first) + b"(" + then + b"(" + b"".join(arguments) + b"t" + table(ndim=b"K\2") + b"Ntb"

    block = symbol("pandas.core.internals.blocks", "new_block")
    yield unknown("P13", "pandas", again(partial(block, block), b"K\1"))
    yield evil("P13", "partial-of-two", again(partial(block, symbol("builtins", "print")), b"K\1"), "SL-P13")
    yield evil("P13", "partial-words", again(partial(block, block, text("eval")), b"K\1"), "SL-P13")
    yield evil("P13", "partial-getattr", again(call("functools", "partial", symbol("builtins", "getattr")), thing, text("x")), "SL-P13")
    yield evil("P13", "partial-loader", again(call("functools", "partial", symbol("torch.storage", "_load_from_bytes")), b"C\0"), "SL-P13")
    # All attributes of an object at once.
    held = table(lr=b"G?\xf0\0\0\0\0\0\0")

    def model(attributes: bytes, made: bytes = thing + b")\x81") -> bytes:
        return made + table(__dict__=attributes, __pydantic_extra__=b"N", __pydantic_fields_set__=b"N", __pydantic_private__=b"N") + b"b"

    yield unknown("P12", "pydantic", model(held))
    yield evil("P12", "class-in-dict", model(table(__class__=run)), "SL-P12")
    yield evil("P12", "class-two-dicts-deep", model(table(__dict__=table(__class__=run))), "SL-P12")
    yield evil("P12", "dict-from-call", model(call("mylib", "run")), "SL-P12")
    yield evil("P12", "dict-of-known", model(held, call("collections", "OrderedDict")), "SL-P12")
    shared = b"(" + thing + b")\x81" + table(__dict__=held) + b"q\1b" + call("collections", "OrderedDict") + b"h\1bt"
    yield evil("P12", "dict-shared-with-known", shared, "SL-P12")
    # Functions and classes from the file: they may be built, nobody may call a function.
    name, function_type = text("f"), call(CLOUD, "_builtin_type", text("FunctionType"))
    code = again(call(CLOUD, "_builtin_type", text("CodeType")), *CODE)
    function = call(CLOUD, "_make_function", code, b"}", b"N", b"N", b"N")
    built = call(CLOUD, "_make_skeleton_class", symbol("builtins", "type"), text("Net"), b")", b"}", text("id"), b"N")
    yield unknown("G09", "cloudpickle", b"(" + function + again(built) + b"t")
    yield unknown("G09", "old-cloudpickle", b"(" + again(function_type, code, b"}", name) + b"t")
    yield evil("G09", "function-called", again(function), "SL-G09")
    yield evil("G09", "function-type-called", again(again(function_type, code, b"}", name)), "SL-G09")
    yield evil("P13", "given-function", again(call("mylib", "Getter", function), b"K\1"), "SL-P13")
    yield evil("P13", "given-function-at-the-end", again(call("mylib", "Getter"), b"(" + function + b"t"), "SL-P13")
    yield evil("P13", "keywords", thing + b")" + table(a=text("__globals__")) + b"\x92(K\1tR", "SL-P13", 4)
    yield evil("G09", "object-called", again(again(built)), "SL-P13")
    yield evil("G09", "metaclass-is-function", call(CLOUD, "_make_skeleton_class", function, text("Net"), b")", b"}", text("id"), b"N"), "SL-G09")
    yield evil("G09", "partial-of-function", again(call("functools", "partial", function)), "SL-G09")
    yield evil("G09", "bound-and-called", again(again(call(CLOUD, "_builtin_type", text("MethodType")), function, thing)), "SL-P13")
    yield evil("G09", "new-class", again(call(CLOUD, "_builtin_type", text("new_class")), text("Net")), "SL-G09")
    yield Case("G05", "cloudpickle-loads.pkl", pickle_of(call(CLOUD, "loads", b"C\0"), 3), "DANGEROUS", "SL-G05")
    # The same of dill.
    kind = call(DILL, "_load_type", text("type"))
    net = call(DILL, "_create_type", kind, text("Net"), b")", b"}")
    inner = call(DILL, "_create_function", call(DILL, "_create_code", *CODE), b"}", name, b"N", b")")
    setter = call("builtins", "getattr", symbol("dill", "_dill"), text("_setattr"), symbol("builtins", "setattr"))
    cell = call(DILL, "_create_cell", b"N")
    label = call("builtins", "setattr", net, text("__qualname__"), text("Net"))
    yield unknown("G09", "dill-class", again(setter, cell, text("cell_contents"), net) + b"0" + label + b"0(" + inner + again(net) + b"t")
    yield evil("G09", "dill-function-called", again(inner), "SL-G09")
    yield evil("G09", "dill-function-alone", inner, "SL-G09")
    yield evil("G09", "dill-caller", call(DILL, "_create_type", run, text("a b")), "SL-G09")
    yield evil("G09", "dill-caller-of-function", call(DILL, "_create_type", inner, text("Net"), b")", b"}"), "SL-G09")
    yield evil("G09", "dill-named-tuple", again(call(DILL, "_create_namedtuple", text("getcwd"), b")", text("os"))), "SL-G01")
    yield evil("G09", "dill-named-getattr", again(call(DILL, "_create_namedtuple", text("getattr"), b")", text("builtins")), thing, text("x")), "SL-P13")
    yield evil("G09", "dill-import", again(call(DILL, "_import_module", text("os.getcwd"))), "SL-G01")
    yield evil("G09", "dill-import-given-away", call("mylib", "run", call(DILL, "_import_module", text("os.getcwd"))), "SL-G01")
    yield evil("G09", "dill-attribute", again(call(DILL, "_get_attr", call(DILL, "_import_module", text("os")), text("getcwd"))), "SL-G01")
    yield evil("G09", "dill-private", again(call("builtins", "getattr", symbol("dill", "_dill"), text("_unmarshal")), b"C\0"), "SL-G09")
    yield evil("G09", "dill-array", call(DILL, "_create_array", run, b"(K\1t", b"N", b"N"), "SL-G09")
    yield evil("G09", "dill-items", call(DILL, "_setitems", symbol("torch", "__dict__"), table(a=run)), "SL-G09")
    yield evil("G09", "dill-repr", call(DILL, "_eval_repr", text("1 + 1")), "SL-G09")
    yield evil("G12", "setattr-method", call("builtins", "setattr", net, text("__reduce__"), run), "SL-G12")
    yield evil("G12", "setattr-known", call("builtins", "setattr", symbol("torch", "Tensor"), text("__name__"), text("a")), "SL-G12")
    yield evil("G12", "setattr-of-dill", again(setter, thing, text("a"), run), "SL-G12")
    yield evil("G12", "setattr-given-away", b"(" + label + call("mylib", "run", symbol("builtins", "setattr")) + b"t", "SL-G12")
    yield evil("A02", "getattr-default", again(call("builtins", "getattr", thing, text("none"), function)), "SL-A02")
    held_map, given_map = (call(*name, symbol("builtins", "map")) for name in ((CLOUD, "_make_cell"), ("mylib", "run")))
    yield unknown("G11", "map-in-cell", b"(" + held_map + b"t")
    yield evil("G11", "map-given-away", b"(" + held_map + given_map + b"t", "SL-G11")
    # Records of the system are data, what lies behind them is not.
    yield unknown("G01", "stat", call("os", "stat_result", b"(K\1t", b"}"))
    yield evil("G01", "behind-stat", text("os") + text("stat_result.__init__.__globals__") + b"\x93", "SL-G01", 4)
    yield unknown("G12", "method", text("mylib") + text("Thing.__init__") + b"\x93", 4)
    yield evil("G12", "behind-method", text("mylib") + text("Thing.__init__.__globals__") + b"\x93", "SL-G12", 4)
    # Pickles in the bytes of pickles, and in text.
    serialize = "numba.core.serialize"

    def held_by_numba(content: bytes) -> bytes:
        return call(serialize, "_unpickle__CustomPickled", b"C" + bytes([len(content)]) + content)

    rebuilt = pickle_of(thing + table(a=b"K\1") + b"\x86")
    yield unknown("G13", "numba", call(serialize, "custom_rebuild", held_by_numba(rebuilt)))
    yield evil("G13", "numba-no-class", held_by_numba(CLEAN), "SL-G05")
    yield evil("G13", "numba-rebuild", call(serialize, "custom_rebuild", call("mylib", "run")), "SL-G09")
    yield evil("G13", "numba-payload", held_by_numba(EVIL), "SL-G01")
    yield evil("G13", "numba-computed", call(serialize, "_unpickle__CustomPickled", call("mylib", "run")), "SL-G05")

    def agent(encoded: str, key: str = ":serialized:", name: str = "data") -> bytes:
        return zip_of([Entry(name, ('{"policy": {"%s": "%s"}}' % (key, encoded)).encode()), Entry("policy.pth", checkpoint())])

    def base64(content: bytes) -> str:
        return binascii.b2a_base64(content, newline=False).decode()

    honest, packed = agent(base64(CLEAN)), base64(EVIL)
    yield Case("G13", "agent.zip", agent(packed), "DANGEROUS", "SL-G01", honest)
    yield Case("G13", "agent-old-protocol.zip", agent(base64(b"cos\ngetcwd\n(tR.")), "DANGEROUS", "SL-G01", honest)
    yield Case("G13", "agent-noise.zip", agent("-".join(packed)), "DANGEROUS", "SL-G01", honest)
    yield Case("G13", "agent-escapes.zip", agent("".join(f"\\u{ord(c):04x}" for c in packed), "\\u003aserialized:"), "DANGEROUS", "SL-G01", honest)
    # To JSON \\b is a control character, which base64 passes over; without the escape it is a digit.
    yield Case("G13", "agent-backspace.zip", agent("\\b\\f" + packed), "DANGEROUS", "SL-G01", honest)
    long = pickle_of(text("x" * 20) + b"0" + PAYLOAD)
    yield Case("G13", "config-base64.zip", agent(base64(long), "state", "config.json"), "DANGEROUS", "SL-G01", honest)
    yield Case("G13", "config-hex.zip", agent(long.hex(), "state", "config.json"), "DANGEROUS", "SL-G01", honest)
