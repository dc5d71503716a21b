"""What convert() and fix() share: a target, a plan that was accepted, and how it is written."""

from __future__ import annotations

import os
from typing import Any, Callable

from . import _core
from ._errors import Error
from ._progress import TerminalLine
from ._source import Opened

Target = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Progress = bool | Callable[[int, int, str], None] | None


def target_of(dst: Target) -> str:
    target = os.fsdecode(dst)
    if "\0" in target:
        raise ValueError("a path cannot hold a NUL byte")
    return target


def accepted(opened: Opened, planned: tuple[_core.PlannedFile | None, list[dict[str, Any]]]) -> _core.PlannedFile:
    """The plan, or the Error that lists all that stands against it."""
    plan, issues = planned
    if plan is None:
        raise _refusal(opened.title, issues)
    return plan


def write(planned: _core.PlannedFile, target: str, overwrite: bool, dry_run: bool, progress: Progress) -> None:
    """Writes it, or looks whether it could."""
    if dry_run:
        planned.check_target(os.fsencode(target), bool(overwrite))
        return
    line = TerminalLine() if progress is True else None
    try:
        planned.write(os.fsencode(target), bool(overwrite), line if isinstance(progress, bool) else progress)
    finally:
        if line is not None:
            line.end()


def _refusal(title: str, issues: list[dict[str, Any]]) -> Error:
    """One Error with everything that stands against writing."""
    shown = 12
    lines = [issue["text"] for issue in issues[:shown]]
    if len(issues) == 1:
        text = f"safe_load: {title}: {lines[0]}; nothing was written"
    else:
        more = [f"... and {len(issues) - shown} more"] if len(issues) > shown else []
        head = f"safe_load: {title}: {len(issues)} values cannot be written, so nothing was:"
        text = "\n  ".join([head, *lines, *more])
    return Error(text, code=issues[0]["code"], hint=issues[0]["hint"], issues=issues)


__all__ = ["Progress", "Target", "accepted", "target_of", "write"]
