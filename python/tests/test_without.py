"""Without torch, and without NumPy, files load all the same."""

import subprocess
import sys

import pytest
from forge import forge, tensor, text

FLOATS = b"\0\0\x80?" * 3
CONTENT = forge(
    b"}(" + text("w") + tensor("0", 3) + text("again") + tensor("0", 3) + text("half") + tensor("1", 2, "BFloat16Storage")
    + text("gpu") + tensor("2", 1, "FloatStorage", "cuda:0") + text("epoch") + b"K\x07u.",
    {"0": FLOATS, "1": b"\x80?" * 2, "2": b"\0\0\x80?"},
)  # fmt: skip

HIDE = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
import safe_load
path = {path!r}
loaded = safe_load.safe_load(path)
"""

CHECK = {
    "torch": "assert type(loaded['w']).__module__ == 'numpy' and loaded['w'].tolist() == [1.0] * 3",
    "numpy": "assert type(loaded['w']).__module__ == 'torch' and loaded['w'].tolist() == [1.0] * 3",
    "torch numpy": "assert type(loaded['w']) is safe_load.TensorView and memoryview(loaded['w']).tolist() == [1.0] * 3",
}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.fixture
def path(tmp_path):
    (tmp_path / "x.pt").write_bytes(CONTENT)
    return str(tmp_path / "x.pt")


def hidden(names: str, path: str, code: str) -> str:
    return run("import warnings\nwarnings.simplefilter('ignore')\n" + HIDE.format(hidden=names.split(), path=path) + code)


@pytest.mark.parametrize("names", CHECK)
def test_the_framework_is_the_first_that_is_there(names, torch, np, path):
    hidden(names, path, CHECK[names] + "\nassert loaded['epoch'] == 7")


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_a_framework_that_was_asked_for_and_is_missing_is_an_importerror(name, path):
    code = f"""
try:
    safe_load.safe_load(path, framework={name!r})
except ImportError:
    print("missing")
"""
    assert hidden(name, path, code) == "missing\n"


def test_without_torch_tags_are_ignored_and_the_cpu_is_the_only_device(path):
    code = """
assert loaded['gpu'].tobytes() == loaded['w'].tobytes()[:4]
for target in ('cpu', None, {'cuda:0': 'cpu'}):
    safe_load.safe_load(path, target)
for target in ('cuda', {'cuda:0': 'cuda:1'}, lambda storage, tag: storage):
    try:
        safe_load.safe_load(path, target)
    except safe_load.Error as error:
        print(error.code)
"""
    for names in ("torch", "torch numpy"):
        assert hidden(names, path, code) == "device\n" * 3


def test_without_either_tensors_share_memory(path):
    code = """
view = memoryview(loaded['w'])
view[0] = 5.0
assert memoryview(loaded['again'])[0] == 5.0
assert (loaded['half'].dtype, loaded['half'].shape, loaded['half'].tobytes()) == ('bfloat16', (2,), b'\\x80?' * 2)
with safe_load.open(path) as handle:
    assert handle.get_tensor('w').nbytes == 12 and handle.get_slice('w').get_shape() == [3]
assert safe_load.inspect(path).tensor_count == 4
"""
    hidden("torch numpy", path, code)


@pytest.mark.parametrize("statement", ["import safe_load", "from safe_load import *", "import safe_load; safe_load.inspect(path)"])
def test_neither_is_imported_by_an_import(statement, path):
    code = f"path = {path!r}\n{statement}\nimport sys\nprint([name for name in ('torch', 'numpy') if name in sys.modules])"
    assert run(code) == "[]\n"


@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
def test_tensors_that_live_to_the_end_of_the_interpreter_print_nothing(framework, torch, np, path):
    run(f"import safe_load, sys\nsys.keep = safe_load.safe_load({path!r}, device='cpu', framework={framework!r})")


@pytest.mark.parametrize("name", "bfloat16 complex32 float8_e5m2 float8_e4m3fn float8_e8m0fnu bits8".split())
def test_numpy_gets_no_number_that_it_cannot_say(name, torch, np, round_trip):
    from safe_load import TensorView

    raw = torch.arange(16, dtype=torch.uint8)
    loaded = round_trip(raw.view(getattr(torch, name)), framework="numpy")
    assert loaded.tobytes() == bytes(range(16))
    assert (loaded.dtype if isinstance(loaded, TensorView) else loaded.dtype.name) == name
