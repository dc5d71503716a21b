"""The types that are promised: py.typed, a stub that matches the built module, docstrings that say what counts."""

import ast
import inspect
import pathlib
import re
import subprocess
import sys
import typing

import pytest
from conftest import ROOT

import safe_load as package
from safe_load import _core

FOLDER = pathlib.Path(package.__file__).parent
CLIENT = pathlib.Path(__file__).with_name("typed_client.py")

# What every class has, or what Python adds by itself.
INHERITED = set(dir(object)) | {"__module__", "__buffer__", "__release_buffer__"}


def stubs() -> dict[str, ast.ClassDef]:
    tree = ast.parse((FOLDER / "_core.pyi").read_text())
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def stubbed(node: ast.ClassDef) -> dict[str, object]:
    """What a class of the stub has: for a function its parameters, for a value "value"."""
    found: dict[str, object] = {}
    for part in node.body:
        if isinstance(part, ast.AnnAssign):
            found[part.target.id] = "value"
        elif isinstance(part, ast.FunctionDef):
            decorators = [d.id for d in part.decorator_list]
            names = [a.arg for a in part.args.args + part.args.kwonlyargs]
            names += [a.arg for a in (part.args.vararg, part.args.kwarg) if a]
            found[part.name] = "value" if "property" in decorators else names
    return found


def built(cls: type) -> dict[str, object]:
    """The same of a class of the module, from what nanobind says about it."""
    found: dict[str, object] = {}
    for name, part in vars(cls).items():
        if isinstance(part, property):
            found[name] = "value"
        elif hasattr(part, "__nb_signature__"):
            (text, _, _), *others = part.__nb_signature__
            assert not others, f"{name} is overloaded"
            arguments = ast.parse(re.sub(r"\\\d+", "None", text) + ": ...").body[0].args
            found[name] = [a.arg for a in arguments.args] + [a.arg for a in (arguments.vararg, arguments.kwarg) if a]
    return found


def test_the_stub_has_the_classes_of_the_module_and_no_others():
    public = {name for name, value in vars(_core).items() if not name.startswith("_")}
    tree = ast.parse((FOLDER / "_core.pyi").read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert functions == {name for name in public if not isinstance(getattr(_core, name), type) and name.islower()}
    tables = {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)} - {"__version__"}
    assert public == set(stubs()) | functions | tables


@pytest.mark.parametrize("name", sorted(stubs()))
def test_the_stub_has_what_a_class_has(name):
    of_stub = {key: value for key, value in stubbed(stubs()[name]).items() if key != "__buffer__"}
    assert of_stub == built(getattr(_core, name))
    assert set(vars(getattr(_core, name))) - INHERITED <= set(of_stub)


@pytest.mark.parametrize("name", ["Memory", "TensorView", "NdArray"])
def test_the_stub_says_what_is_a_buffer(name):
    assert "__buffer__" in stubbed(stubs()[name])


def test_the_version_is_the_one_of_the_header(example):
    (version,) = re.findall(r'kVersion = "(.*)"', (ROOT / "include" / "safe_load" / "version.h").read_text())
    assert package.__version__ == version == package.inspect(example).safe_load


def test_values_of_limits_can_be_set_and_others_cannot():
    for name, node in stubs().items():
        for part in node.body:
            if isinstance(part, ast.AnnAssign):
                assert getattr(_core, name).__dict__[part.target.id].fset is not None, (name, part.target.id)
    for name in ("TensorView", "NdArray", "Storage"):
        assert all(p.fset is None for p in vars(getattr(_core, name)).values() if isinstance(p, property))


def test_the_marker_and_the_stub_are_installed_beside_the_module():
    assert (FOLDER / "py.typed").exists() and (FOLDER / "_core.pyi").exists()


def test_everything_public_is_annotated():
    for name in package.__all__:
        value = getattr(package, name)
        functions = [value] if inspect.isfunction(value) else [f for f in vars(value).values() if inspect.isfunction(f)]
        for function in functions:
            if function.__module__ in ("collections", "dataclasses", "enum"):  # what Python gives every class of theirs
                continue
            signature = inspect.signature(function)
            parameters = [p for p in signature.parameters.values() if p.name != "self"]
            assert signature.return_annotation is not signature.empty or function.__name__.startswith("__"), function
            assert all(p.annotation is not p.empty for p in parameters) or function.__name__.startswith("__"), function


FUNCTIONS = [
    package.safe_load, package.open, package.inspect, package.scan, package.scan_many, package.convert, package.fix,
    package.state_dict, package.strip_prefix,
]  # fmt: skip


@pytest.mark.parametrize("function", [*FUNCTIONS, package.as_torch_load, package.Opaque.distributed_tensor])
def test_annotations_can_be_evaluated(function):
    wanted = {*inspect.signature(function).parameters, "return"} - {"self"}
    assert set(typing.get_type_hints(function)) == wanted


def test_everything_public_has_a_docstring():
    for name in package.__all__:
        value = getattr(package, name)
        assert inspect.getdoc(value), name
        if inspect.isclass(value):
            for key, part in vars(value).items():
                if not key.startswith("_") and (callable(part) or isinstance(part, property)):
                    assert inspect.getdoc(part), f"{name}.{key}"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_argument_is_explained(function):
    where = function.__doc__ + ("" if function is package.safe_load else package.safe_load.__doc__)
    for name in inspect.signature(function).parameters:
        assert re.search(rf"^ *([a-z_]+, )*{name}(, [a-z_]+)*:", where, re.MULTILINE), name


@pytest.mark.parametrize(
    "name, words",
    [
        ("safe_load", ["Error", "OSError", "Thread-safe", "GIL"]),
        ("open", ["Error", "OSError", "Thread-safe"]),
        ("inspect", ["Error", "OSError", "Thread-safe"]),
        ("Handle", ["ValueError", "Thread-safe"]),
        ("Inspection", ["bytes"]),
        ("Error", ["UnpicklingError", "code", "member", "offset", "hint", "globals", "issues"]),
        ("UnknownGlobal", ["name", "count", "path", "offset"]),
        ("Limits", ["Error"]),
        ("TensorView", ["buffer", "DLPack"]),
        ("Opaque", ["KeyError", "IndexError", "AttributeError", "TypeError", "thread-safe"]),
        ("as_torch_load", ["ImportError", "TypeError", "threads", "weights_only", "nested"]),
        ("state_dict", ["OrderedDict", "ValueError", "Thread-safe"]),
        ("strip_prefix", ["OrderedDict", "ValueError", "TypeError", "Thread-safe"]),
    ],
)
def test_docstrings_say_what_counts(name, words):
    text = inspect.getdoc(getattr(package, name))
    assert [word for word in words if word not in text] == []


def test_the_typed_client_runs(example):
    done = subprocess.run([sys.executable, CLIENT, example], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "") and "unsupported" in done.stdout


def test_the_typed_client_passes_the_strictest_checker(tmp_path):
    pytest.importorskip("mypy", reason="SKIPPED: mypy is not installed here")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent", str(CLIENT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
