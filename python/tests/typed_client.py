"""A client that type checkers accept at their strictest, and that runs. Argument: a checkpoint."""

import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import safe_load as package
from safe_load import AttrRef, Error, GlobalRef, Handle, Inspection, Limits, NdArray, Opaque, Partial, TensorView
from safe_load import UnknownGlobal, safe_load


def first_name(error: Error) -> str:
    unknown: UnknownGlobal = error.globals[0]
    return f"{unknown.name} {unknown.count}x at {unknown.path}, {error.code} {error.member} {error.offset + unknown.offset}"


def size_of(view: TensorView | NdArray) -> int:
    return memoryview(view).nbytes + len(view.tobytes()) + sum(view.shape) + sum(view.strides)


def names_of(handle: Handle) -> list[str]:
    return [name for name in handle if name in handle.keys()]


def show(record: Opaque | AttrRef | GlobalRef | Partial) -> str:
    if isinstance(record, Opaque):
        pairs, state = record.items(), record.state_dict()
        print(len(record), len(pairs), record.get("lr"), "lr" in record, record.to_container(), len(state))
        return f"{record.cls} {record.args} {record.to_dict()}"
    return repr(record)


def weights_of(path: Path) -> OrderedDict[str, Any]:
    return safe_load.strip_prefix(package.state_dict(safe_load(path, framework="none")), "module.")


def report(done: int, total: int, unit: str) -> None:
    assert done <= total and unit


def main(path: Path) -> None:
    limits = Limits()
    limits.max_dims = 8
    whole = safe_load(path, "cpu", None, limits=limits, progress=report, constructors={"pkg.C": dict}, framework="none")
    print(type(whole).__name__, len(weights_of(path)), safe_load.as_torch_load.__name__)
    with safe_load.open(path, framework="none", mmap=False) as handle:
        print(len(names_of(handle)), size_of(handle.get_tensor(handle.keys()[0])), handle.metadata["format"])
    found: Inspection = safe_load.inspect(str(path))
    print(found.tensor_count == package.inspect(path).tensor_count, found.to_dict()["schema"])
    with path.open("rb") as stream:
        sources = (path, str(path), stream, bytearray(path.read_bytes()), memoryview(path.read_bytes()))
        print([safe_load(source, framework="none", unknown="opaque") is not None for source in sources])
    try:
        safe_load(b"nothing", weights_only=None, byteorder="little", verify=True)
    except Error as error:
        print(error.code, show(GlobalRef("os", "system")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
