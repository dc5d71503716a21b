"""Nothing in a file runs, is imported or is looked up."""

import contextlib
import pathlib
import subprocess
import sys

import pytest
from forge import call, forge, symbol, text

from safe_load import Error, safe_load


def run(code: str, *arguments) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_brings_in_neither_torch_nor_numpy():
    out = run("import sys, safe_load; print([m for m in ('torch', 'numpy') if m in sys.modules])")
    assert out == "[]\n"


PAYLOADS = {
    "posix.system": call("posix", "system", text("touch MARKER")),
    "os.system by STACK_GLOBAL": text("os") + text("system") + b"\x93" + text("touch MARKER") + b"\x85R",
    "builtins.eval": call("builtins", "eval", text("open('MARKER', 'w')")),
    "builtins.exec by INST": b"(" + text("open('MARKER', 'w')") + b"ibuiltins\nexec\n",
    "subprocess.Popen by OBJ": b"(" + symbol("subprocess", "Popen") + text("touch MARKER") + b"o",
    "a class whose state is code": symbol("m", "C") + b")\x81" + call("builtins", "eval", text("open('MARKER', 'w')")) + b"b",
    "eval through getattr": call("builtins", "getattr", symbol("builtins", "dict"), text("eval")) + b"(" + text("open('MARKER','w')") + b"tR",
    "eval as a default factory": call("collections", "defaultdict", symbol("builtins", "eval")) + text("k") + b"K\x01s",
    "eval as a dict key": b"}" + call("builtins", "eval", text("open('MARKER','w')")) + b"K\x01s",
    "a popped call": call("os", "system", text("touch MARKER")) + b"0N",
    "a nested loader": call("torch.storage", "_load_from_bytes", b"C\x02N."),
    "a reconstructor": call("copyreg", "_reconstructor", symbol("subprocess", "Popen"), symbol("builtins", "object"), b"N"),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_leaves_no_trace(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.suppress(Error):  # of what a known name refuses
        safe_load(forge(PAYLOADS[name] + b"."), unknown="opaque")
    assert not list(tmp_path.iterdir())


WATCH = """
import sys
import argparse, collections, datetime, decimal, fractions, pathlib, types, uuid  # what values are made of
import numpy, safe_load, torch
safe_load.safe_load(sys.argv[1])            # the first load imports what safe_load itself needs
events = []
sys.addaudithook(lambda name, args: events.append((name, str(args)[:100])))
safe_load.safe_load(sys.argv[2], unknown='opaque')
bad = [e for e in events if e[0] in ('import', 'exec', 'compile', 'os.system', 'subprocess.Popen', 'pickle.find_class')]
print(bad)
"""


def test_loading_imports_and_runs_nothing(torch, np, tmp_path, example):
    trap = tmp_path / "trap_module.py"
    trap.write_text("raise SystemExit('imported')\n")
    torch.save([np.float64(1), np.arange(3), np.array([{"a": 1}], object), torch.ones(3)], tmp_path / "numpy.pt")
    (tmp_path / "trap.pt").write_bytes(forge(call("trap_module", "C") + b"."))
    for name in ("numpy.pt", "trap.pt"):
        code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + WATCH
        assert run(code, example, tmp_path / name) == "[]\n"


# NumPy's types are immutable, but the dictionaries behind them are not: every way to its own unpickling is cut.
UNREACHABLE = """
import ctypes, gc, sys
import numpy, torch, safe_load
def unreachable(*arguments):
    raise SystemExit("NumPy's own unpickling was reached")
for kind in (numpy.dtype, numpy.ndarray, numpy.generic):
    names = gc.get_referents(kind.__dict__)[0]
    for name in ("__setstate__", "__reduce_ex__"):
        if name in names:
            names[name] = unreachable
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
for name in ("scalar", "_reconstruct"):
    setattr(numpy._core.multiarray, name, unreachable)
numpy._core.numeric._frombuffer = unreachable
loaded = safe_load.safe_load(sys.argv[1])
assert loaded[0] == 1.5 and loaded[1].tolist() == [[0, 1], [2, 3]] and loaded[2][0] == {'a': 1}, loaded
print(loaded[3].dtype)
"""


@pytest.mark.parametrize("protocol", [2, 5])
def test_numpys_own_unpickling_functions_are_never_called(protocol, torch, np, tmp_path):
    path = tmp_path / "x.pt"
    structured = np.zeros(1, [("a", "i4"), ("b", "f8")])
    values = [np.float64(1.5), np.arange(4).reshape(2, 2), np.array([{"a": 1}], object), structured]
    torch.save(values, path, pickle_protocol=protocol)
    assert run(UNREACHABLE, path) == "[('a', '<i4'), ('b', '<f8')]\n"
    # The traps work: NumPy's way through the same file falls into one.
    through_numpy = UNREACHABLE.replace("safe_load.safe_load(sys.argv[1])", "torch.load(sys.argv[1], weights_only=False)")
    with pytest.raises(AssertionError, match="NumPy's own unpickling was reached"):
        run(through_numpy, path)


def test_the_sources_never_import_or_evaluate_a_name_from_a_file():
    import safe_load

    for path in pathlib.Path(safe_load.__file__).parent.rglob("*.py"):
        source = path.read_text()
        for word in ("importlib", "__import__", "eval(", "exec(", "find_class", "pickle.load", "allow_pickle"):
            assert word not in source, (path.name, word)
