"""Prints docs/kinds.md: what torch.load and safe_load say to every kind of value of python/tests/kinds.py.

    python tools/kinds_table.py > docs/kinds.md
    python tools/kinds_table.py --check docs/kinds.md     ends with 1 if the page does not fit the table

Both sides are measured, on files that this command writes; it ends with 1 if safe_load does not do to a kind what
the table says. torch opens each file in a process of its own that has done nothing but to import torch, since
modules that were imported while saving would help loading, and what crashes should crash alone. Needs torch and
NumPy; takes a few minutes. --check measures nothing: it takes torch's answers from the page, and
python/tests/test_kinds.py holds safe_load against the table.
"""

from __future__ import annotations

import argparse
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
from kind_check import fault
from kinds import KINDS
from kinds_page import Answers

PROCESSES = 2
SECONDS = 600  # for one step


# ---- one process for each step


def in_child(work: Callable[[], str]) -> str:
    """What work() gives in a forked process; "crashes" if that dies."""
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
    if "error" in made:
        raise RuntimeError(made["error"])
    return made["answer"]


def _answer(work: Callable[[], str], writer: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    signal.alarm(SECONDS)
    torch.set_num_threads(1)
    sys.modules.pop("__mp_main__", None)  # where pickle would find the constants of torch
    warnings.simplefilter("ignore")
    try:
        made = {"answer": work()}
    except BaseException as error:
        made = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(writer, "wb") as stream:
        stream.write(json.dumps(made).encode())
    os._exit(0)


# ---- torch


def save(name: str, path: str) -> str:
    torch.save(KINDS[name].value(), path, pickle_protocol=KINDS[name].protocols[0])
    return "saved"


def torch_opens(name: str, path: str, is_allowed: bool) -> str:
    """Loads first and makes the value to compare with afterwards, so that making it cannot help."""
    try:
        allowed = torch.serialization.get_unsafe_globals_in_checkpoint(path) if is_allowed else []
    except pickle.UnpicklingError:  # an opcode that torch does not know
        return "refuses"
    try:
        with torch.serialization.safe_globals([_resolved(listed) for listed in allowed]):
            loaded = torch.load(path)
    except Exception:  # whatever it raises: that is what this column tells
        return "refuses"
    kind = KINDS[name]
    protocol = kind.protocols[0]
    found = difference(loaded, kind.expected(kind.value(), protocol), protocol=protocol)
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


# ---- the table


def answers_of(name: str) -> Answers:
    """What torch says to a kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kind.pt")
        in_child(lambda: save(name, path))
        plain = in_child(lambda: torch_opens(name, path, False))
        allowed = in_child(lambda: torch_opens(name, path, True)) if plain == "refuses" else ""
    return Answers(plain, allowed)


def torch_answers() -> dict[str, Answers]:
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        return dict(zip(KINDS, pool.map(answers_of, KINDS, chunksize=4)))


def our_faults() -> str:
    """Where safe_load does not do what the table says, a line each."""
    found = [(name, at, fault(kind, at)) for name, kind in KINDS.items() for at in kind.protocols]
    return "".join(f"{name} at protocol {at}: {what}\n" for name, at, what in found if what)


def versions() -> str:
    python = ".".join(map(str, sys.version_info[:2]))
    return f"torch {torch.__version__.split('+')[0]}, NumPy {numpy.__version__}, Python {python}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--check", type=pathlib.Path, help="compare with this page instead of printing one")
    path = options.parse_args().check
    if path:
        return kinds_page.report_differences(path.read_text(), KINDS)
    faults = in_child(our_faults)
    print(faults, end="", file=sys.stderr)
    print(kinds_page.page(KINDS, torch_answers(), versions()), end="")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
