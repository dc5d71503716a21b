"""Prints docs/kinds.md: what torch.load and safe_load say to every kind of value of python/tests/kinds.py.

    python tools/kinds_table.py > docs/kinds.md
    python tools/kinds_table.py --check docs/kinds.md     ends with 1 if that file is another

Both columns are measured, on files that this command writes. torch opens each in a process of its own that has
done nothing but to import torch: NumPy crashes on some values once its names are allow-listed, and modules that
were imported while saving would help loading. Needs torch and NumPy; takes about a minute on two cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import json
import multiprocessing
import os
import pathlib
import pickle
import re
import signal
import sys
import tempfile
import warnings
from typing import Any, Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "python" / "tests")]

import numpy
import torch

import kinds_page
from deep_equal import difference
from kinds import KINDS

import safe_load

PROTOCOL = 2  # torch.save's own; ours is measured in all that torch.save takes
SECONDS = 100


@dataclasses.dataclass
class Row:
    """What was measured of one kind."""

    name: str
    torch: str  # "loads", "another value", "refuses", "crashes"
    allowed: str  # the same after allow-listing what torch's own lister names; "" where that was not needed
    ours: str  # "equal", "inert", or why not
    forms: list[str]


# ---- one process for each step


def in_child(work: Callable[[], Any]) -> Any:
    """What work() gives in a forked process, as JSON carries it; "crashes" if that dies."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "crashes"
    made = json.loads(answer)
    if isinstance(made, dict):
        raise RuntimeError(made["error"])
    return made


def _answer(work: Callable[[], Any], writer: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    signal.alarm(SECONDS)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    try:
        made = work()
    except BaseException as error:
        made = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(writer, "wb") as stream:
        stream.write(json.dumps(made).encode())
    os._exit(0)


def save(name: str, protocol: int, path: str) -> Any:
    value = KINDS[name].value()
    torch.save(value, path, pickle_protocol=protocol)
    return value


# ---- torch


def torch_opens(name: str, path: str, is_allowed: bool) -> str:
    """Loads first and makes the value to compare with afterwards, so that making it cannot help."""
    try:
        allowed = torch.serialization.get_unsafe_globals_in_checkpoint(path) if is_allowed else []
    except pickle.UnpicklingError:  # an opcode that torch does not know
        return "refuses"
    allowed = [_resolved(listed) for listed in allowed]
    try:
        with torch.serialization.safe_globals(allowed):
            loaded = torch.load(path)
    except Exception:
        return "refuses"
    kind = KINDS[name]
    found = difference(loaded, kind.expected(kind.value(), PROTOCOL), protocol=PROTOCOL)
    return "another value" if found else "loads"


def _resolved(name: str) -> Any:
    parts = re.sub(r"^exceptions\.", "builtins.", name).split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        return functools.reduce(getattr, parts[end:], module)
    raise ImportError(name)


# ---- safe_load


def we_open(name: str, path: str) -> list[Any]:
    """["equal" or "inert" or what is wrong, forms], over all protocols."""
    kind = KINDS[name]
    wrong: list[str] = []
    for protocol in kind.protocols:
        value = save(name, protocol, path)
        found = _our_fault(path, value, kind, protocol)
        if found:
            wrong.append(f"{protocol}")
            reason = kind.gaps.get(protocol, found)
    if wrong:
        return [f"not yet in protocol {', '.join(wrong)}: {reason}", []]
    return ["inert" if kind.forms else "equal", list(kind.forms)]


def _our_fault(path: str, value: Any, kind: Any, protocol: int) -> str | None:
    forms: set[str] = set()
    try:
        loaded = safe_load.safe_load(path, unknown="opaque")
    except safe_load.Error as error:
        return str(error).splitlines()[0]
    found = difference(loaded, kind.expected(value, protocol), protocol=protocol, forms=forms)
    return found or (f"forms {sorted(forms)}" if forms != kind.forms_at(protocol) else None)


# ---- the table


def measure(name: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kind.pt")
        ours, forms = in_child(lambda: we_open(name, path))
        protocol = PROTOCOL if PROTOCOL in KINDS[name].protocols else KINDS[name].protocols[0]
        in_child(lambda: save(name, protocol, path) and None)
        plain = in_child(lambda: torch_opens(name, path, False))
        allowed = in_child(lambda: torch_opens(name, path, True)) if plain == "refuses" else ""
    return Row(name, plain, allowed, ours, forms)


def rows() -> list[Row]:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(measure, KINDS, chunksize=4)


def versions() -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    return f"torch {torch.__version__.split('+')[0]}, NumPy {numpy.__version__}, Python {python}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", type=pathlib.Path, help="compare with this file instead of printing")
    path = options.parse_args().check
    if path and versions() not in path.read_text():
        print(f"SKIPPED: {path.name} was not made with {versions()}")
        return 0
    page = kinds_page.page(rows(), KINDS, versions())
    if not path:
        print(page, end="")
        return 0
    return kinds_page.report_differences(path.read_text(), page)


if __name__ == "__main__":
    sys.exit(main())
