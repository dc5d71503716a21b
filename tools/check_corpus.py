"""Opens every real checkpoint of the corpus and holds it against what torch had in memory.

    python tools/check_corpus.py [--shared FOLDER] [--cli PROGRAM] [--container KIND]

The oracles: the corpus' own table of what torch 1.13.1 loaded (type, shape, strides, bytes and sharing of
every tensor and array); torch 2.13 with weights_only=True, also for the checkpoints inside zip files;
numpy.load without pickles; safetensors; for folders of distributed checkpoints their chunks, each loaded by
torch 2.13. The corpus is hostile: no file of it is ever unpickled. A file that
we do not open must be one of those that docs/corpus.md lists, for the reason that stands there. Without a
corpus (--shared, $SAFE_LOAD_SHARED, ../shared) the check is skipped. Ends with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import collections
import csv
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import types
import warnings
import zipfile
from typing import Any, Iterator

import safe_load

try:
    import numpy as np
    import torch

    from deep_equal import difference
except ImportError:
    torch = None
try:
    from safetensors.torch import load_file
except ImportError:
    load_file = None

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNOPENED = ROOT / "docs" / "corpus.md"


@dataclasses.dataclass
class Counts:
    files: int = 0
    opened: int = 0
    expected_files: int = 0
    tensors: int = 0
    arrays: int = 0
    torch_files: int = 0
    torch_refused: int = 0
    named: int = 0
    folders: int = 0
    differences: int = 0

    def differ(self, path: str, what: str) -> None:
        self.differences += 1
        print(f"DIFFERENT {path}: {what}")


# ---- our result, under the names that the table uses: keys and attributes joined by dots, indices in brackets


def parts_of(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, safe_load.Opaque):
        attributes = value.attributes()
        yield from ((f".{name}", part) for name, part in attributes.items())
        yield from ((f".args[{i}]", part) for i, part in enumerate(value.args))
        yield from ((f".{key}", part) for key, part in value.dict_items.items())
        yield from ((f"[{i}]", part) for i, part in enumerate(value.list_items))
        if value.state is not None and not attributes:
            yield ".state", value.state
    elif isinstance(value, dict):
        yield from ((f".{key}", part) for key, part in value.items())
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
    elif isinstance(value, (list, tuple, collections.deque)):
        yield from ((f"[{i}]", part) for i, part in enumerate(value))
    elif isinstance(value, (argparse.Namespace, types.SimpleNamespace)):
        yield from ((f".{name}", part) for name, part in vars(value).items())
    elif isinstance(value, np.random.RandomState):
        yield from ((f".{name}", part) for name, part in value.get_state(legacy=False).items())
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        yield from ((f"[{i}]", part) for i, part in enumerate(value.reshape(-1)))


def places(root: Any) -> dict[str, Any]:
    """Every tensor and array by its dotted path; containers are entered once."""
    found: dict[str, Any] = {}
    entered: set[int] = set()
    stack = [("", root)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
            found[path.lstrip(".")] = value
        if isinstance(value, torch.Tensor) or id(value) in entered:
            continue
        parts = list(parts_of(value))
        if parts:
            entered.add(id(value))
        stack += [(path + step, part) for step, part in reversed(parts)]
    return found


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def element_bytes(tensor: Any) -> bytes:
    dense = tensor.detach().resolve_conj().resolve_neg().contiguous()
    # A dimension of size 1 may have any stride, which view() would not take.
    flat = dense.as_strided((dense.numel(),), (1,), dense.storage_offset())
    return flat.view(torch.uint8).numpy().tobytes()


def compare_with_table(path: str, root: Any, row: dict[str, Any], counts: Counts) -> None:
    ours = places(root)
    counts.expected_files += 1
    shared: dict[int, int] = {}
    for name, dtype, shape, stride, offset, sha, identity in row["tensors"]:
        tensor = ours.get(name)
        if not isinstance(tensor, torch.Tensor):
            counts.differ(path, f"no tensor at {name}")
            continue
        counts.tensors += 1
        facts = (str(tensor.dtype)[6:], list(tensor.shape), list(tensor.stride()), tensor.storage_offset())
        if facts != (dtype, shape, stride, offset) or digest(element_bytes(tensor)) != sha:
            counts.differ(path, f"{name} is {facts}, not {(dtype, shape, stride, offset)}, or its bytes differ")
        pointer = tensor.untyped_storage().data_ptr()
        if tensor.numel() and shared.setdefault(identity, pointer) != pointer:
            counts.differ(path, f"{name} does not share its storage")
    if len(set(shared.values())) != len(shared):
        counts.differ(path, "tensors share a storage that they did not share")
    for name, dtype, shape, sha in row["arrays"]:
        if name not in ours:
            counts.differ(path, f"no array at {name}")
            continue
        counts.arrays += 1
        array = np.asarray(ours[name])
        same = array.dtype.str == dtype and list(array.shape) == shape
        if same and not array.dtype.hasobject:
            same = digest(np.ascontiguousarray(array).tobytes()) == sha
        if not same:
            counts.differ(path, f"array {name} is {array.dtype.str} {array.shape}, not {dtype} {shape}, or differs")


def compare_with_torch(name: str, path: pathlib.Path, root: Any, counts: Counts) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            theirs = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as refusal:  # torch's reader raises whatever the accident was
        counts.torch_refused += 1
        del refusal
        return
    counts.torch_files += 1
    found = difference(root, theirs)
    if found:
        counts.differ(name, f"torch has another value: {found}")


def compare_with_members(name: str, path: pathlib.Path, root: Any, counts: Counts) -> None:
    """Of a zip file of checkpoints: each member that torch opens by itself."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member in root:
                with tempfile.NamedTemporaryFile() as unpacked:
                    unpacked.write(archive.read(member))
                    unpacked.flush()
                    compare_with_torch(f"{name}/{member}", pathlib.Path(unpacked.name), root[member], counts)
            elif member.endswith((".pth", ".pt", ".npy")):
                counts.differ(name, f"{member} is left out")


def compare_with_numpy(name: str, path: pathlib.Path, root: Any, counts: Counts) -> None:
    theirs = np.load(path, allow_pickle=False)
    parts = {"": theirs} if isinstance(theirs, np.ndarray) else theirs
    for key in parts:
        try:
            array = parts[key] if key else theirs
        except ValueError:  # objects, which need pickle
            continue
        own = root[key] if key else root
        counts.arrays += 1
        if own.dtype != array.dtype or own.shape != array.shape or own.tobytes("A") != array.tobytes("A"):
            counts.differ(name, f"numpy has another array at {key!r}")


def compare_with_safetensors(name: str, path: pathlib.Path, root: Any, counts: Counts) -> None:
    if load_file is None:
        return
    theirs = load_file(path)
    found = difference(root, theirs) if list(root) == list(theirs) else difference({k: root[k] for k in theirs}, theirs)
    counts.tensors += len(theirs)
    if found or set(root) != set(theirs):
        counts.differ(name, f"safetensors has another value: {found}")


def chunks_of(path: pathlib.Path) -> Iterator[Any]:
    """The tensors of a data file of a distributed checkpoint: zip files, one behind the other, each loaded by torch."""
    content = path.read_bytes()
    while content:
        end = content.index(b"PK\5\6") + 22
        value = torch.load(io.BytesIO(content[:end]), weights_only=True)
        content = content[end:]
        if isinstance(value, torch.Tensor):
            yield value


def check_distributed(folder: pathlib.Path, counts: Counts) -> None:
    """Each chunk that torch finds in the data files stands in one of our tensors, which hold nothing else."""
    root = safe_load.safe_load(folder, map_location="cpu")
    whole = [value for value in places(root).values() if isinstance(value, torch.Tensor)]
    chunks = [chunk for path in sorted(folder.glob("*.distcp")) for chunk in chunks_of(path)]
    counts.folders += 1
    counts.tensors += len(whole)
    if sum(tensor.numel() for tensor in whole) != sum(chunk.numel() for chunk in chunks):
        counts.differ(str(folder), "the tensors have another number of elements than their chunks")
    for chunk in chunks:
        rows = len(chunk)
        candidates = [t for t in whole if t.shape[1:] == chunk.shape[1:] and t.dtype == chunk.dtype]
        if not any(torch.equal(t[i : i + rows], chunk) for t in candidates for i in range(len(t) - rows + 1)):
            counts.differ(str(folder), f"a chunk of shape {tuple(chunk.shape)} is in no tensor")


def compare_with_cli(name: str, path: pathlib.Path, program: str, root: Any, counts: Counts) -> None:
    """The same file through the C++ library alone."""
    done = subprocess.run([program, "--json", str(path)], capture_output=True, text=True)
    if done.returncode != 0:
        counts.differ(name, f"the command line ended with {done.returncode}: {done.stderr.strip()[:300]}")
        return
    distinct = {id(value) for value in places(root).values() if isinstance(value, torch.Tensor)}
    listed = {row["tensor"] for row in json.loads(done.stdout)["tensors"]}
    if len(distinct) > len(listed):
        counts.differ(name, f"{len(listed)} tensors in C++, {len(distinct)} in Python")


def is_harmless(member: tarfile.TarInfo) -> bool:
    """Plain files and folders below the place where the archive is unpacked."""
    parts = pathlib.PurePosixPath(member.name).parts
    return (member.isfile() or member.isdir()) and ".." not in parts and not member.name.startswith("/")


ORACLES = {
    "zip-torch": compare_with_torch,
    "legacy": compare_with_torch,
    "zip-other": compare_with_members,
    "npy": compare_with_numpy,
    "npz": compare_with_numpy,
    "safetensors": compare_with_safetensors,
}


def documented_reasons() -> dict[str, str]:
    """From the table in docs/corpus.md: the files that are not opened, and why."""
    rows = [line.split("|") for line in UNOPENED.read_text().splitlines() if line.startswith("| `")]
    return {row[1].strip().strip("`"): row[2].strip().strip("`") for row in rows}


def check(folder: pathlib.Path, container: str, program: str | None) -> Counts:
    counts = Counts()
    reasons = documented_reasons()
    with open(folder / "INDEX.tsv", newline="") as index:
        files = [row["path"] for row in csv.DictReader(index, delimiter="\t") if row["container"] == container]
    with open(folder / "EXPECTED-torch1.13.1.jsonl") as lines:
        table = {row["path"]: row for row in map(json.loads, lines) if row.get("ok")}
    for name in files:
        path = folder / "files" / name
        counts.files += 1
        try:
            root = safe_load.safe_load(path, map_location="cpu", unknown="opaque")
        except safe_load.Error as error:
            if name in reasons and reasons[name] in str(error):
                counts.named += 1
            else:
                counts.differ(name, str(error))
            continue
        counts.opened += 1
        if program:
            compare_with_cli(name, path, program, root, counts)
        if name in table:
            compare_with_table(name, root, table[name], counts)
        if container in ORACLES:
            ORACLES[container](name, path, root, counts)
    if container == "zip-concat":
        for metadata in sorted((folder / "files").rglob(".metadata")):
            check_distributed(metadata.parent, counts)
    return counts


def shown(counts: Counts) -> str:
    return ", ".join(f"{name} {number}" for name, number in dataclasses.asdict(counts).items())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", default=os.environ.get("SAFE_LOAD_SHARED", str(ROOT.parent / "shared")))
    parser.add_argument("--cli", help="the safe-load program; each file is opened by it, too")
    parser.add_argument("--container", help="only this container of INDEX.tsv")
    arguments = parser.parse_args()
    archive = pathlib.Path(arguments.shared) / "corpus" / "real.tar.gz"
    if not archive.exists():
        print(f"SKIPPED: no corpus of real files at {archive}")
        return 0
    if torch is None:
        print("SKIPPED: the corpus check needs torch and numpy")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, [member for member in packed if is_harmless(member)])
        with open(pathlib.Path(scratch) / "INDEX.tsv", newline="") as index:
            kinds = sorted({row["container"] for row in csv.DictReader(index, delimiter="\t")})
        total = Counts()
        for kind in [arguments.container] if arguments.container else kinds:
            counts = check(pathlib.Path(scratch), kind, arguments.cli)
            print(f"{kind}: " + shown(counts), flush=True)
            for field in dataclasses.fields(Counts):
                setattr(total, field.name, getattr(total, field.name) + getattr(counts, field.name))
    print("all: " + shown(total))
    return 1 if total.differences or total.opened + total.named != total.files else 0


if __name__ == "__main__":
    sys.exit(main())
