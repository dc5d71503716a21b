"""The package from a command line, as a callable, and in an interactive session: calls, scripts, reprs, signatures."""

from __future__ import annotations

import ast
import inspect
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from forge import call, forge, tensor, text

import safe_load as package
from safe_load import safe_load

FOLDER = pathlib.Path(package.__file__).parent
SCREEN = 400  # characters of one repr


def run(*arguments: object, path: str | None = None, **options) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, **options)


# ---- calls


def test_the_module_is_the_function(example):
    assert package(example)["epoch"] == package.load(example)["epoch"] == safe_load.load(example)["epoch"] == 12
    assert package.load is package.safe_load is safe_load is safe_load.load
    assert inspect.signature(package) == inspect.signature(safe_load)
    with pytest.raises(package.Error):
        package(forge(call("pkg", "C") + b"."))
    assert inspect.ismodule(package) and package.__name__ == "safe_load"


def test_a_call_of_the_module_warns_at_the_caller():
    with pytest.warns(UserWarning, match="dangerous") as caught:
        package(forge(call("os", "system", text("true")) + b"."), unknown="opaque")
    assert caught[0].filename == __file__


def test_an_import_alone_gives_the_call(example):
    code = f"import safe_load; print(safe_load({str(example)!r}, framework='none')['epoch'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("12\n", "")


def test_all_that_hangs_on_the_function_is_the_same_in_the_module():
    hanging = [name for name in vars(safe_load) if not name.startswith("_")]
    assert {"load", "load_all", "open", "inspect", "scan", "state_dict", "as_torch_load"} <= set(hanging)
    for name in hanging:
        assert getattr(package, name) is getattr(safe_load, name) and name in package.__all__


# ---- python -m safe_load


def test_without_the_command_a_file_is_listed(example, tmp_path):
    done = run("safe_load", example, path="/nowhere")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{example}  zip, 23 tensors, ") and lines[1] == "tensors"
    assert [line.split() for line in lines[2:4]] == [
        ["model.conv.weight", "float32", "[8,", "3,", "3,", "3]"],
        ["model.bn.weight", "float32", "[8]"],
    ]
    assert any(line.split() == ['$["args"].lr', "0.001"] for line in lines)
    hostile = tmp_path / "hostile.pt"
    hostile.write_bytes(forge(b"}" + text("a\x1b[2J\n") + call("os", "system", text("touch " + str(tmp_path / "ran"))) + b"s."))
    done = run("safe_load", hostile, path="/nowhere")
    assert "\x1b" not in done.stdout and "os.system  1x" in done.stdout and not (tmp_path / "ran").exists()


def test_without_the_command_errors_have_their_codes(example, tmp_path):
    (tmp_path / "text.pt").write_text("no checkpoint")
    done = run("safe_load", tmp_path / "text.pt", example, tmp_path / "missing", path="/nowhere")
    assert done.returncode == 2 and "plain text" in done.stderr and "No such file" in done.stderr
    assert "23 tensors" in done.stdout and "Traceback" not in done.stderr
    assert run("safe_load", "ls", example, path="/nowhere").stdout == run("safe_load", example, path="/nowhere").stdout
    for arguments, code in (((), 4), (("ls",), 4), (("scan", example), 4), (("--json",), 4), (("-h",), 0)):
        done = run("safe_load", *arguments, path="/nowhere")
        assert done.returncode == code and ("usage: " in done.stdout + done.stderr or "needs the command" in done.stderr)


def test_a_reader_that_has_enough_is_no_error(example):
    code = f"{sys.executable} -m safe_load {example} {example} {example} | head -1"
    done = subprocess.run(["/bin/sh", "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, "PATH": "/usr/bin:/bin"})
    assert done.stderr == "" and "23 tensors" in done.stdout


def test_where_the_command_is_installed_it_is_the_command(example, tmp_path):
    command = os.environ.get("SAFE_LOAD_CLI")
    if not command or not os.path.exists(command):
        pytest.skip("SKIPPED: SAFE_LOAD_CLI does not name the command")
    os.symlink(os.path.abspath(command), tmp_path / "safe-load")
    for arguments in ((example,), ("show", example, "$epoch"), ("scan", example), ("--version",), ("--nosuch",)):
        ours = run("safe_load", *arguments, path=str(tmp_path))
        theirs = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, timeout=120)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


# ---- python -m safe_load.run


SCRIPT = """
import sys, os, torch
from torch import load
import helper
class Net: pass
print(__name__, os.path.basename(__file__), sys.argv[1:], os.path.basename(sys.path[0]) == os.path.basename(os.getcwd()))
print(type(torch.load("evil.pt", weights_only=False)).__name__, type(load("evil.pt", weights_only=False)).__name__)
import pickle
print(type(pickle.loads(pickle.dumps(Net()))) is Net)
sys.exit(7)
"""


@pytest.fixture
def script(torch, tmp_path):
    (tmp_path / "helper.py").write_text("")
    (tmp_path / "train.py").write_text(SCRIPT)
    arguments = text("touch " + str(tmp_path / "ran"))
    (tmp_path / "evil.pt").write_bytes(forge(call("os", "system", arguments) + b"."))
    return tmp_path / "train.py"


def test_a_script_runs_as_python_runs_it_and_loads_nothing_unsafe(script):
    done = run("safe_load.run", script, "--lr", "0.1", cwd=script.parent)
    assert done.returncode == 7, done.stderr
    assert done.stdout.splitlines() == ["__main__ train.py ['--lr', '0.1'] True", "Opaque Opaque", "True"]
    assert "is dangerous" in done.stderr and f"{script}:" in done.stderr  # the warning points at its line
    assert not (script.parent / "ran").exists()


def test_a_module_runs_too(script):
    done = run("safe_load.run", "-m", "train", "-x", cwd=script.parent)
    assert done.returncode == 7 and done.stdout.startswith("__main__ train.py ['-x'] True\nOpaque Opaque\n")
    assert not (script.parent / "ran").exists()


def test_what_a_script_raises_is_its_own(script):
    (script.parent / "fails.py").write_text("raise KeyError('mine')")
    done = run("safe_load.run", script.parent / "fails.py")
    assert done.returncode == 1 and done.stderr.rstrip().endswith("KeyError: 'mine'")
    (script.parent / "ends.py").write_text("print('end')")
    assert run("safe_load.run", script.parent / "ends.py").returncode == 0
    for arguments, code in (((), 4), (("-h",), 0), (("-m",), 4)):
        done = run("safe_load.run", *arguments)
        assert done.returncode == code and "usage: " in done.stdout + done.stderr


# ---- what an interactive session shows


def fits(value: object, *words: str) -> str:
    shown = repr(value)
    assert len(shown) <= SCREEN and shown.isprintable(), shown
    for word in words:
        assert word in shown
    return shown


def large() -> bytes:
    rows = b"".join(text(f"name{i}") + tensor("0", 3) + text(f"c{i}") + call("os", f"system{i}") for i in range(500))
    return forge(b"}(" + rows + b"u.", {"0": bytes(12)})


def test_reprs_fit_on_a_screen(example, tmp_path):
    path = tmp_path / ("long" * 40 + "\x1b\n.pt")
    path.write_bytes(large())
    with package.open(path, framework="none") as handle:
        fits(handle, "Handle", "zip", "500 tensors")
        fits(handle.get_slice("name0"), "Slice", "float32", "[3]")
    fits(handle, "closed")
    fits(package.inspect(path), "Inspection", "zip", "tensor", "500 unknown names")
    fits(package.scan(path), "ScanReport", "finding")
    assert fits(package.inspect(example)) == (
        f"<Inspection of {example}: zip, 23 tensors of 3956 bytes, 0 unknown names, 0 damaged values>"
    )
    assert fits(package.scan(example)) == f"<ScanReport of {example}: SAFE, zip, 0 findings>"
    fits(package.scan(forge(call("os", "system", text("x")) + b".")), "DANGEROUS", "SL-")


def test_a_handle_is_like_a_dict(torch, example):
    with package.open(example) as handle:
        assert handle["model.fc.bias"] is not None and torch.equal(handle["model.fc.bias"], handle.get_tensor("model.fc.bias"))
        pairs = dict(handle.items())
        assert list(pairs) == handle.keys() and pairs["model.fc.bias"].shape == (10,)
        with pytest.raises(KeyError):
            handle["model"]
        reached = handle.items()
    with pytest.raises(ValueError, match="closed"):
        handle["model.fc.bias"]
    with pytest.raises(ValueError, match="closed"):
        list(reached)


def test_editors_see_the_signature_of_the_function():
    """_attached.py has it once more, for tools that do not follow a staticmethod()."""
    trees = {name: ast.parse((FOLDER / f"{name}.py").read_text()) for name in ("_attached", "_load")}
    shown = next(node for node in ast.walk(trees["_attached"]) if isinstance(node, ast.FunctionDef) and node.name == "__call__")
    own = next(node for node in trees["_load"].body if isinstance(node, ast.FunctionDef) and node.name == "safe_load")
    first, *_ = ast.get_docstring(own).splitlines()
    assert ast.get_docstring(shown) == first
    shown.args.args = shown.args.args[1:]  # self
    plain = ast.unparse(shown.args).replace("_load.", "").replace("_core.", "")
    assert plain == ast.unparse(own.args).replace("_core.", "")
    attributes = {node.targets[0].id for node in ast.walk(trees["_attached"]) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}
    assert attributes - {"safe_load", "__all__"} == {name for name in vars(safe_load) if not name.startswith("_")}


def test_jedi_shows_signature_and_docstring():
    jedi = pytest.importorskip("jedi", reason="SKIPPED: jedi is not installed here")
    project = jedi.Project(str(ROOT), added_sys_path=[str(FOLDER.parent)])
    code = "from safe_load import safe_load\nsafe_load("
    (signature,) = jedi.Script(code, project=project).get_signatures(2, 10)
    assert [p.name for p in signature.params][:5] == ["f", "map_location", "pickle_module", "device", "weights_only"]
    assert "runs nothing that is in it" in signature.docstring(raw=True)
    names = {name.name for name in jedi.Script("from safe_load import safe_load\nsafe_load.", project=project).complete(2, 10)}
    assert {"open", "inspect", "load_all", "state_dict"} <= names


def test_pyright_agrees(tmp_path):
    pyright = shutil.which("pyright")
    if pyright is None:
        pytest.skip("SKIPPED: pyright is not installed here")
    client = tmp_path / "client.py"
    client.write_text(
        "from safe_load import safe_load\n"
        "reveal_type(safe_load.open('x'))\n"
        "safe_load('x', unknown='opaque', classes=[int], framework='numpy')\n"
        "safe_load('x', unknown='opaq')\n"
    )
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{FOLDER.parent}"]}}')
    done = subprocess.run([pyright, "client.py"], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert "1 error" in done.stdout and "'opaq'" in done.stdout and '"Handle"' in done.stdout
