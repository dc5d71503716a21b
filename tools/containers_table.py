"""Prints docs/containers.md: container x value, and what torch.load and safe_load give.

    python tools/containers_table.py > docs/containers.md

Each cell is measured: the value is one of python/tests/kinds.py, written by this command into that container, opened
by torch.load(file) and by safe_load(file, unknown="opaque"), and compared with what was written. Ends with 1 if
safe_load gives another value or refuses. Needs torch, NumPy and safetensors; takes seconds.
"""

from __future__ import annotations

import collections
import io
import pathlib
import pickle
import sys
import tarfile
import tempfile
import warnings
import zipfile
from typing import Any, Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "python" / "tests")]

import numpy
import safetensors.torch
import torch
import torch.distributed.checkpoint
import torch.export
import torch.package

from deep_equal import difference
from kinds import KINDS

from safe_load import safe_load

VALUES = [
    "tensor.float32", "tensor.bfloat16", "tensor.float8_e4m3fn", "tensor.complex64", "tensor.shared views",
    "tensor.transposed", "tensor.Parameter", "tensor.sparse coo", "tensor.qint8", "tensor.nested jagged",
    "numpy.array float64", "numpy.scalar float64", "nn.state_dict", "nn.Linear", "nn.user module", "optim.AdamW state",
    "optim.checkpoint", "stdlib.Namespace", "collections.OrderedDict", "user.dataclass",
]

HEAD = """\
# Containers and values

What `torch.load(file)` and `safe_load(file, unknown="opaque")` give of a value, by the container that it was written
in. Measured with torch {torch}, NumPy {numpy} by `python tools/containers_table.py > docs/containers.md`.

A cell says torch, then safe_load. **equal**: the type and the value that were written. **inert**: records that hold the
names and all parts, and run nothing. **no**: an error. **other**: another value. Empty: no such file can be written.

Of programs (torch.export, TorchScript) the state dict is compared. Of the tar files of torch 0.1, which nothing writes
any more, and of files that other programs wrote, the real files are compared: [corpus.md](corpus.md).
"""


class CannotHold(Exception):
    """The container has no place for the value."""


# ---- the containers: each writes a value and says what reading the file should give


def zip_archive(value: Any, path: str) -> Any:
    torch.save(value, path)
    return value


def legacy(value: Any, path: str) -> Any:
    torch.save(value, path, _use_new_zipfile_serialization=False)
    return value


def bare_pickle(value: Any, path: str) -> Any:
    made_here = pickle.dumps(value, protocol=2)
    pathlib.Path(path).write_bytes(made_here)
    try:
        return pickle.loads(made_here)  # pickle does not keep what tensors share
    except AttributeError:  # torch 2.13 does not read the float8 storages that it pickles
        return value


def zip_of_checkpoints(value: Any, path: str) -> Any:
    inner = io.BytesIO()
    torch.save(value, inner)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.pt", inner.getvalue())
    return {"inner.pt": value}


def tar_of_checkpoints(value: Any, path: str) -> Any:
    inner = io.BytesIO()
    torch.save(value, inner)
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("./inner.pt")
        member.size = len(inner.getvalue())
        archive.addfile(member, io.BytesIO(inner.getvalue()))
    return {"inner.pt": value}


def package(value: Any, path: str) -> Any:
    with torch.package.PackageExporter(path) as exporter:
        exporter.extern("**")
        exporter.save_pickle("things", "value.pkl", value)
    return value


class Holder(torch.nn.Module):
    """A module that does nothing but hold a tensor."""

    def __init__(self, value: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("value", value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def program(value: Any, path: str) -> Any:
    if type(value) is not torch.Tensor:
        raise CannotHold
    torch.jit.script(Holder(value)).save(path)
    return collections.OrderedDict(value=torch.jit.load(path).value)


def exported(value: Any, path: str) -> Any:
    if type(value) is not torch.Tensor:
        raise CannotHold
    try:
        torch.export.save(torch.export.export(Holder(value), (torch.ones(1),)), path)
    except Exception:  # whatever it raises: torch cannot export such a tensor
        raise CannotHold from None
    return {"value": value}


def distributed(value: Any, path: str) -> Any:
    """A folder. It keeps the data of tensors, and not what else they are: the oracle is torch's own loader."""
    state: dict[str, Any] = {}
    planner = torch.distributed.checkpoint.default_planner._EmptyStateDictLoadPlanner()
    reader = torch.distributed.checkpoint.FileSystemReader(path)
    try:
        torch.distributed.checkpoint.save({"value": value}, checkpoint_id=path, no_dist=True)
        torch.distributed.checkpoint.state_dict_loader._load_state_dict(state, storage_reader=reader, planner=planner, no_dist=True)
    except (Exception, torch.distributed.checkpoint.CheckpointException):  # torch cannot keep it in such a folder
        raise CannotHold from None
    return state


def safetensors_file(value: Any, path: str) -> Any:
    named = value if isinstance(value, dict) else {"value": value}
    if not all(type(tensor) is torch.Tensor for tensor in named.values()):
        raise CannotHold
    try:
        safetensors.torch.save_file(dict(named), path)
    except (RuntimeError, ValueError):  # shared, sparse or quantized tensors
        raise CannotHold from None
    return safetensors.torch.load_file(path)  # in an order of its own


def npz(value: Any, path: str) -> Any:
    if type(value) is not numpy.ndarray:
        raise CannotHold
    numpy.savez(path, value=value)
    with numpy.load(path) as arrays:
        return dict(arrays)


CONTAINERS: dict[str, Callable[[Any, str], Any]] = {
    "zip": zip_archive,
    "legacy pickles": legacy,
    "pickle": bare_pickle,
    "zip of checkpoints": zip_of_checkpoints,
    "tar of checkpoints": tar_of_checkpoints,
    "torch.package": package,
    "torch.export": exported,
    "TorchScript": program,
    "distributed folder": distributed,
    "safetensors": safetensors_file,
    "npz": npz,
}


# ---- the readers

# Of containers with a program: what of it is a value.
PART: dict[str, Callable[[Any], Any]] = {
    "torch.export": lambda loaded: loaded["state_dict"],
    "TorchScript": lambda loaded: loaded.state_dict(),
}


def outcome(load: Callable[[], Any], expected: Any) -> str:
    try:
        loaded = load()
    except Exception:  # whatever it raises: that is what the cell tells
        return "no"
    if difference(loaded, expected) is None:
        return "equal"
    return "inert" if difference(loaded, expected, forms=set()) is None else "other"


def cell(container: str, name: str) -> tuple[str, str] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "file.npz")  # content decides what it is; only NumPy asks for this ending
        try:
            expected = CONTAINERS[container](KINDS[name].value(), path)
        except CannotHold:
            return None
        part = PART.get(container, lambda loaded: loaded)
        theirs = outcome(lambda: part(torch.load(path)), expected)
        return theirs, outcome(lambda: part(safe_load(path, unknown="opaque")), expected)


def main() -> int:
    warnings.simplefilter("ignore")
    print(HEAD.format(torch=torch.__version__.split("+")[0], numpy=numpy.__version__))
    print(f"| value | {' | '.join(CONTAINERS)} |")
    print("|---" * (len(CONTAINERS) + 1) + "|")
    faults = 0
    for name in VALUES:
        row = [cell(container, name) for container in CONTAINERS]
        faults += sum(ours in ("no", "other") for _, ours in filter(None, row))
        print(f"| {name} | {' | '.join(' / '.join(c) if c else '' for c in row)} |")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
