"""Who imports whom in the package: data below, behaviour above, and no circle, not even through a function."""

from __future__ import annotations

import ast
import graphlib
import pathlib
from typing import Iterator

import pytest

import safe_load

FOLDER = pathlib.Path(safe_load.__file__).parent
Graph = dict[str, set[str]]


def modules(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The files of a package by the names of their modules; of what is built, the stub."""
    found = {}
    for path in [*folder.rglob("*.py"), *folder.rglob("*.pyi")]:
        parts = path.relative_to(folder.parent).with_suffix("").parts
        found[".".join(parts[:-1] if path.stem == "__init__" else parts)] = path
    return found


def imported(name: str, path: pathlib.Path) -> Iterator[tuple[str, str]]:
    """What a module imports, at its top or anywhere inside: from where, and what."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            source = ".".join(part for part in (above, node.module) if part)
            yield from ((source, alias.name) for alias in node.names)


def graph_of(folder: pathlib.Path) -> Graph:
    """`from a import b` leads to a.b if that is a module, else to a. That a runs first is no edge: it always does."""
    found = modules(folder)
    graph: Graph = {name: set() for name in found}
    for name, path in found.items():
        for source, what in imported(name, path):
            graph[name] |= {f"{source}.{what}"} & found.keys() or {source} & found.keys()
    return graph


def by_folder(graph: Graph) -> Graph:
    """The same with each folder inside the package as one: safe_load._inert for all of its files."""
    whole: Graph = {}
    for name, others in graph.items():
        short = ".".join(name.split(".")[:2])
        whole.setdefault(short, set()).update({".".join(other.split(".")[:2]) for other in others} - {short})
    return whole


def circle(graph: Graph) -> list[str]:
    """The names along a circle, or nothing."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_way_of_others():
    graph = graph_of(FOLDER)
    assert "safe_load._inert.record" in graph["safe_load._inert.show"]
    assert "safe_load._make.torch" in graph["safe_load._make.choose"]  # it is imported in a function
    assert circle(graph) == []


def test_no_folder_imports_itself_by_way_of_others():
    assert circle(by_folder(graph_of(FOLDER))) == []


def planted(folder: pathlib.Path, sources: dict[str, str]) -> Graph:
    """The graph of a package of these files."""
    for name, source in sources.items():
        path = folder / "pkg" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return graph_of(folder / "pkg")


@pytest.mark.parametrize(
    "back", ["from . import a", "from .a import x", "import pkg.a", "from pkg import a", "def f():\n    from .a import x"]
)
def test_a_circle_is_found(back, tmp_path):
    graph = planted(tmp_path, {"__init__": "from .a import x", "a": "from .b import x", "b": "x = 1"})
    assert circle(graph) == []
    graph = planted(tmp_path, {"b": back})
    assert set(circle(graph)) == {"pkg.a", "pkg.b"}


def test_a_circle_through_a_folder_is_found(tmp_path):
    files = {"low/__init__": "from .a import x", "low/a": "x = 1", "high/__init__": "", "high/b": "", "high/c": ""}
    assert circle(planted(tmp_path, files)) == []
    assert set(circle(planted(tmp_path, {"low/a": "from ..low import x"}))) == {"pkg.low", "pkg.low.a"}
    graph = planted(tmp_path, {"low/a": "from ..high import b", "high/c": "from ..low.a import x"})
    assert circle(graph) == [] and set(circle(by_folder(graph))) == {"pkg.low", "pkg.high"}
