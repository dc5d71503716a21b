"""Holds `safe-load explain` against torch 2.13 itself.

    python tools/check_explain.py --cli PROGRAM [--shared FOLDER]

For every kind of value of python/tests/kinds.py, saved by torch, and for every real file of the corpus (if it is
there): the reasons that safe-load gives contain the one that torch.load(weights_only=True) gives, and there is none
where torch opens the file. For the kinds, which this repository made itself, torch is then given every name that
safe-load lists, and in another process runs the lines of Python that it prints: it must open the file, unless one of
the reasons was declared final. torch opens each file in a process of its own that has imported nothing but torch. Ends with
1 if anything differs.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import warnings
from typing import Any, Callable

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 120

SAVE = """
import os, sys, warnings
sys.path[:0] = [{tests!r}]
import torch
from kinds import KINDS
for name, kind in KINDS.items():
    if 2 in kind.protocols:
        with warnings.catch_warnings(), open(os.path.join({folder!r}, name.replace("/", "_")), "wb") as file:
            warnings.simplefilter("ignore")
            torch.save(kind.value(), file)
"""

# What torch says, and the kind and name of the reason that it is.
SAYINGS = (
    (r"Unsupported global: GLOBAL (\S+) was not an allowed", "global"),
    (r"unsupported GLOBAL (\S+) whose module", "blocked"),
    (r"must be imported to load", "import"),
    (r"Unsupported operand (\d+)", "opcode"),
    (r"Can only build Tensor.*but got <class '([^']+)'>", "unnamed class"),
    (r"(?:Can only (?:append|extend)|Can only SETITEM|only supports? .*SETITEM).*<class '([^']+)'>", "items"),
    (r"SETITEM", "items"),
    (r"Trying to call reduce for unrecognized function", "callable"),
    (r"Can only create new object for nn.Parameter or classes allowlisted", "callable"),
    (r"Only persistent_load of storage|persistent_load id must be", "persistent id"),
    (r"TorchScript archives|legacy .tar format|Invalid magic number|failed finding central|file in archive is not in a subdirectory", "container"),
    (r"can't decode byte", "text"),
)


def in_child(work: Callable[[], str]) -> str:
    """What work() gives in a forked process, or what killed it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(SECONDS)
        warnings.simplefilter("ignore")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(writer, "wb") as stream:
            stream.write(work().encode(errors="replace"))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read().decode()
    status = os.waitpid(child, 0)[1]
    return f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else answer


def torch_says(path: str) -> str:
    """"" if torch opens the file, else its error."""
    try:
        torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # torch raises whatever the accident was
        return f"{type(error).__name__}: {error}"
    return ""


def torch_says_with(path: str, names: list[str]) -> str:
    """The same, with these names allowed."""
    allowed = []
    importlib.import_module("torch._dynamo")
    importlib.import_module("torch.distributed.tensor")
    for name in names:
        module, _, attribute = name.rpartition(".")
        value: Any = None
        while module and value is None:
            try:
                value = importlib.import_module(module)
            except ImportError:
                module, _, front = module.rpartition(".")
                attribute = f"{front}.{attribute}"
        if module == "" and name.startswith("exceptions."):  # of Python 2
            value = importlib.import_module("builtins")
            attribute = name.removeprefix("exceptions.")
        for part in attribute.split("."):
            value = getattr(value, part)
        allowed.append((value, name))
    with torch.serialization.safe_globals(allowed):
        return torch_says(path)


def torch_says_after(path: str, lines: str) -> str:
    """The same, after the lines that `safe-load explain` gives for it."""
    importlib.import_module("torch._dynamo")
    try:
        exec(lines, {})
    except Exception as error:  # a name that cannot be looked up
        return f"{type(error).__name__}: {error}"
    return torch_says(path)


def lines_for_torch(program: str, path: str) -> str:
    """The lines of Python with which torch is said to open the file; "" if there are none."""
    text = subprocess.run([program, "explain", path], capture_output=True, text=True, check=True).stdout
    _, _, lines = text.partition("or with torch itself")
    return "\n".join(line.strip() for line in lines.splitlines()[1:])


def explain(program: str, path: str) -> list[dict[str, Any]] | None:
    """The reasons, or None for a file that safe-load does not open."""
    done = subprocess.run([program, "explain", "--json", path], capture_output=True, text=True)
    return json.loads(done.stdout)["reasons"] if done.returncode == 0 else None


def contains(reasons: list[dict[str, Any]], said: str) -> bool:
    for pattern, kind in SAYINGS:
        found = re.search(pattern, said)
        if not found:
            continue
        name = found.group(1) if found.groups() else None
        of_kind = [reason for reason in reasons if reason["kind"] == kind]
        if kind in ("global", "blocked", "unnamed class"):
            return any(reason["name"] in (name, f"builtins.{name}") for reason in of_kind)
        return bool(of_kind)
    return any(reason["is_final"] for reason in reasons)  # an accident of Python, which no list prevents


def check(name: str, path: str, program: str, is_ours: bool, counts: collections.Counter[str]) -> None:
    reasons = explain(program, path)
    said = in_child(lambda: torch_says(path))
    counts["files"] += 1
    if reasons is None:
        counts["not_opened"] += 1
        return
    if not said or not reasons:
        counts["torch_opens"] += not said
        if said or reasons:
            counts["differences"] += 1
            print(f"DIFFERENT {name}: torch says {said[:200]!r}, we say {[r['why'] for r in reasons][:3]}")
        return
    counts["refused"] += 1
    if not contains(reasons, said):
        counts["differences"] += 1
        print(f"DIFFERENT {name}: torch says {said[-400:]!r}, we say {[r['why'] for r in reasons]}")
    if not is_ours or any(reason["is_final"] for reason in reasons):
        counts["final"] += is_ours
        return
    names = [reason["name"] for reason in reasons if reason["kind"] != "import"]
    said = in_child(lambda: torch_says_with(path, names))
    lines = lines_for_torch(program, path)
    counts["lines_given"] += bool(lines)
    if lines and not said:
        said = in_child(lambda: torch_says_after(path, lines))
    counts["opened_with_names"] += not said
    if said:
        counts["differences"] += 1
        print(f"DIFFERENT {name}: with {names} allowed, torch says {said[-300:]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cli", required=True, help="the safe-load program")
    parser.add_argument("--shared", default=os.environ.get("SAFE_LOAD_SHARED", str(ROOT.parent / "shared")))
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "python" / "tests")]  # the kinds of users' classes are found there
    torch.set_num_threads(1)
    kinds: collections.Counter[str] = collections.Counter()
    files: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        script = SAVE.format(tests=str(ROOT / "python" / "tests"), folder=scratch)
        subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
        for path in sorted(pathlib.Path(scratch).iterdir()):
            check(path.name, str(path), arguments.cli, True, kinds)
    print("kinds: " + ", ".join(f"{key} {kinds[key]}" for key in ("files", "torch_opens", "refused", "opened_with_names", "lines_given", "final", "differences")))
    archive = pathlib.Path(arguments.shared) / "corpus" / "real.tar.gz"
    if archive.exists():
        with tempfile.TemporaryDirectory() as scratch:
            with tarfile.open(archive) as packed:
                packed.extractall(scratch, filter="data")
            for path in sorted(pathlib.Path(scratch, "files").rglob("*")):
                if path.is_file():
                    check(str(path.relative_to(scratch)), str(path), arguments.cli, False, files)
        print("corpus: " + ", ".join(f"{key} {files[key]}" for key in ("files", "torch_opens", "refused", "not_opened", "differences")))
    else:
        print(f"SKIPPED: no corpus of real files at {archive}")
    return 1 if kinds["differences"] or files["differences"] or not kinds["files"] else 0


if __name__ == "__main__":
    sys.exit(main())
