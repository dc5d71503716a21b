"""convert(): the weights of a checkpoint as a safetensors file."""

from __future__ import annotations

import os
from typing import Iterable, Literal, NamedTuple

from . import _core
from ._errors import printable
from ._source import Source, open_source
from ._writing import Progress, Target, accepted, target_of, write

Aliases = Literal["note", "duplicate", "refuse"]


class Conversion(NamedTuple):
    """What was written, or would be. path: the file. size: its bytes. tensors: how many are in it.

    aliases: names that are only noted, with the one under which their tensor is written. left_out: how many tensors
    of the checkpoint are not in the file, such as those of an optimizer, and left_out_bytes their bytes.
    """

    path: str
    size: int
    tensors: int
    aliases: dict[str, str]
    left_out: int
    left_out_bytes: int


def convert(
    src: Source,
    dst: Target,
    *,
    key: str | Iterable[str] | None = None,
    aliases: Aliases = "note",
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Progress = None,
    encoding: str = "utf-8",
    limits: _core.Limits | None = None,
    verify: bool = False,
    byteorder: str | None = None,
) -> Conversion:
    """Writes the weights of any checkpoint as a safetensors file, without running it and without its size in memory.

    src: what safe_load() takes.
    dst: a path that ends in .safetensors; the file is there when it is whole, and not before. It gets the usual permissions, or those of the file that it replaces.
    key: where the weights are, as state_dict() takes it; without it they are found as that finds them.
    aliases: what becomes of one tensor with several names. "note" writes it under the first and names the others in the
        metadata, as save_model() of safetensors does; "duplicate" writes it under each, for programs that do not tie
        weights; "refuse" is an Error.
    overwrite: whether a file that is there is replaced. Never the checkpoint itself.
    dry_run: plan and look at dst only, and write nothing.
    progress: True for a line on the standard error, if that is a terminal, or a callable(done, total, "bytes").
    encoding, limits, verify, byteorder: as in safe_load().

    The bytes are those that save_file() of the safetensors library writes for the same tensors. Gradients are not kept.
    Nothing is written if anything stands against it: the Error lists all of that (`issues`), such as weights that are
    not found or could be several, tensors of types that the format has not, and names that it takes for its own.
    Raises OSError for trouble with the operating system. Needs neither torch nor NumPy. Thread-safe; the GIL is released.
    """
    target = target_of(dst)
    if not target.endswith(".safetensors"):
        raise ValueError(f"convert writes files that end in .safetensors, not {printable(os.path.basename(target))}")
    if aliases not in ("note", "duplicate", "refuse"):
        raise ValueError('aliases must be "note", "duplicate" or "refuse"')
    opened = open_source(src, False, encoding, limits, verify, byteorder)
    planned = accepted(opened, _core.plan_safetensors(opened.checkpoint, _keys(key), aliases))
    done = Conversion(
        path=target,
        size=planned.size,
        tensors=planned.tensors,
        aliases=dict(planned.aliases),
        left_out=planned.left_out,
        left_out_bytes=planned.left_out_bytes,
    )
    write(planned, target, overwrite, dry_run, progress)
    return done


def _keys(key: str | Iterable[str] | None) -> list[str]:
    if key is None:
        return []
    keys = [key] if isinstance(key, str) else list(key)
    for part in keys:
        if not isinstance(part, str):
            raise TypeError(f"key must be a str or several, not {type(part).__name__}")
    return keys


__all__ = ["Aliases", "Conversion", "convert"]
