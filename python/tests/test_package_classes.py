"""The table of package classes, asked of the packages: what Python runs when an object of each class is unpickled.

A class whose package is not installed, or is another version, is skipped; the last test says which.
"""

import ast
import importlib
import importlib.metadata
import io
import pathlib
import pickle
import re
import sys
import warnings
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = (ROOT / "src" / "scan" / "package_classes.inc").read_text()
PACKAGES = re.findall(r'^PACKAGE\("([^"]+)", "([^"]+)"\)', TABLE, re.M)
ROWS = [(int(package), module, kind, names.split()) for package, module, kind, names in re.findall(r'^CLASSES\((\d+), "([^"]+)", k(\w+), "([^"]+)"\)', TABLE, re.M)]


def methods_that_were_read() -> set[tuple[str, str]]:
    """The keys of READ of the tool: (class, method)."""
    tree = ast.parse((ROOT / "tools" / "package_classes.py").read_text())
    (value,) = (node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.target.id == "READ")
    return set(ast.literal_eval(value))


READ = methods_that_were_read()


def is_installed(package: int) -> bool:
    name, version = PACKAGES[package]
    try:
        return importlib.metadata.version(name).split("+")[0] == version
    except importlib.metadata.PackageNotFoundError:
        return False


def classes_of(package: int, *kinds: str) -> Iterator[type]:
    """Those of the table whose modules can be imported; a module may want a package that is not here."""
    for number, module, kind, names in ROWS:
        if number != package or kind not in kinds:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                imported = importlib.import_module(module)
            except (ImportError, RuntimeError, AttributeError, OSError):
                assert package != 0, f"{module} is not in the torch that the table was read in"
                continue
        for name in names:
            cls = getattr(imported, name, None)
            if isinstance(cls, type) and cls.__module__ == module:
                yield cls


def name_of(frame) -> str:
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


def is_below_read(frame) -> bool:
    """Whether a function is a method of READ, or is called by one in turn."""
    while frame is not None:
        owner, _, method = name_of(frame).rpartition(".")
        if (owner, method) in READ:
            return True
        frame = frame.f_back
    return False


def what_ran(pickled: bytes) -> list[str]:
    """The Python functions that unpickling calls and that nobody read."""
    ran = []

    def watch(frame, event, _argument):
        if event == "call" and not is_below_read(frame):
            ran.append(name_of(frame))

    unpickler = pickle.Unpickler(io.BytesIO(pickled))
    sys.setprofile(watch)
    try:
        unpickler.load()
    except (AttributeError, KeyError, TypeError, AssertionError, NotImplementedError):
        pass  # it wants more in its state; what ran until then counts
    finally:
        sys.setprofile(None)
    return ran


@pytest.mark.skipif(sys.version_info < (3, 11), reason="code objects have no qualified names")
@pytest.mark.parametrize("package", range(len(PACKAGES)), ids=[f"{name}-{version}" for name, version in PACKAGES])
def test_unpickling_an_object_runs_what_was_read_and_nothing_else(package):
    if not is_installed(package):
        pytest.skip("{} {} is not installed".format(*PACKAGES[package]))
    tried = 0
    for cls in classes_of(package, "Object", "Compared"):
        tried += 1
        symbol = f"c{cls.__module__}\n{cls.__name__}\n".encode()
        for state in (b"}", b"}(X\x01\0\0\0aK\x01u"):
            assert what_ran(b"\x80\2" + symbol + b")\x81" + state + b"b.") == [], cls
    if tried == 0:
        pytest.skip("no module of {} {} can be imported".format(*PACKAGES[package]))
    assert package != 0 or tried > 400


@pytest.mark.parametrize("package", range(len(PACKAGES)), ids=[f"{name}-{version}" for name, version in PACKAGES])
def test_calling_an_enumeration_gives_a_member(package):
    if not is_installed(package):
        pytest.skip("{} {} is not installed".format(*PACKAGES[package]))
    for cls in classes_of(package, "Enum"):
        for member in cls:
            if isinstance(member.value, (str, int)):
                assert type(cls(member.value)) is cls


def test_torch_is_among_them():
    assert is_installed(0), "the table was read in another version of torch than this one: make it anew"
