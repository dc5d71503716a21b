"""fix(): a checkpoint as a file that torch.load takes by default."""

from __future__ import annotations

from typing import Literal, NamedTuple

from . import _core
from ._source import Source, open_source
from ._writing import Progress, Target, accepted, target_of, write

Unknown = Literal["refuse", "drop", "dict", "record"]


class Change(NamedTuple):
    """A value that is written as another one.

    kind: "plain" is the same value in a simpler type, "lossy" loses something, "unknown" is an object of a class that
    nobody here knows. path: where it stands, such as `$["args"]`. was: its class. becomes: what is written, in words.
    """

    kind: Literal["plain", "lossy", "unknown"]
    path: str
    was: str
    becomes: str


class Fix(NamedTuple):
    """What was written, or would be. path: the file. size: its bytes. tensors: how many are in it.

    changes: every value that is not written as it is.
    """

    path: str
    size: int
    tensors: int
    changes: list[Change]


def fix(
    src: Source,
    dst: Target,
    *,
    unknown: Unknown = "refuse",
    lossy: bool = False,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress = None,
    encoding: str = "utf-8",
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Fix:
    """Writes any checkpoint as a file that torch.load() takes by default, without running it.

    src: what safe_load() takes.
    dst: a path; the file is there when it is whole, and not before. It gets the usual permissions, or those of the file
        that it replaces.
    unknown: what becomes of objects of classes that are not known. "refuse" is an Error that lists them; "drop" leaves
        them out of dicts, and None stands for them in lists; "dict" writes their attributes, "record" the name of the
        class beside them.
    lossy: whether values may lose what no plain form holds, such as the function behind a name.
    overwrite: whether a file that is there is replaced. Never the checkpoint itself.
    dry_run: plan and look at dst only, and write nothing.
    progress: True for a line on the standard error, if that is a terminal, or a callable(done, total, "bytes").
    encoding, limits, verify, byteorder: as in safe_load().

    Tensors, containers and numbers are written as they are, with all that they share; NumPy's numbers become numbers and
    its arrays tensors, a Namespace a dict, a path text, a module its state_dict(): `changes` tells. Of a storage that
    is used by less than half only what is used is written. All of it is in host memory for whoever loads it.
    Nothing is written if anything stands against it: the Error lists all of that (`issues`).
    Raises OSError for trouble with the operating system. Needs neither torch nor NumPy. Thread-safe; the GIL is released.
    """
    target = target_of(dst)
    if unknown not in ("refuse", "drop", "dict", "record"):
        raise ValueError('unknown must be "refuse", "drop", "dict" or "record"')
    opened = open_source(src, False, encoding, limits, verify, byteorder)
    planned = accepted(opened, _core.plan_torch(opened.checkpoint, unknown, bool(lossy)))
    changes = [Change(*change) for change in planned.changes]
    write(planned, target, overwrite, dry_run, progress)
    return Fix(target, planned.size, planned.tensors, changes)


__all__ = ["Change", "Fix", "Unknown", "fix"]
