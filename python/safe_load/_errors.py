"""The one exception of safe_load."""

from __future__ import annotations

import dataclasses
import os
import pickle
from typing import Any, Mapping, Sequence

from . import _core

_LONGEST_NAME = 80
_SHOWN = 12  # rows of a message; all of them are in the attributes


@dataclasses.dataclass(frozen=True)
class UnknownGlobal:
    """A name that a file asks for and that is not in the table of known names.

    name: "module.name", escaped. count: in how many places it stands. path: object path of the first place,
    "" if that is not part of the result. offset: of the first mention, in bytes of the pickle. called: whether
    it was called, as a class or function; else it stands as a value. danger: what it does, if it is called and
    known to be bad, as a sentence; "" says nothing about it.
    """

    name: str
    count: int
    path: str
    offset: int
    called: bool
    danger: str = ""


class Error(pickle.UnpicklingError):
    """A file that cannot be loaded, and why: a pickle.UnpicklingError. It can be pickled and raised elsewhere.

    code: "truncated", "corrupt", "ambiguous", "unsupported", "limit", "mismatch", "unknown", "danger" (the file
        calls a name that runs code), "device" or, of a value whose bytes the system did not give, "io".
    member, offset: where, as a member of the container and a byte in it; "" stands for the file itself.
    hint: the next step.
    globals: every unknown name, as UnknownGlobal; the message shows the first twelve.
    issues: every value that could not be built, as dicts with code, message, member, offset, path, hint and
        text, which is all of it in one line.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "corrupt",
        member: str = "",
        offset: int = 0,
        hint: str = "",
        globals: Sequence[UnknownGlobal] = (),
        issues: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.member = member
        self.offset = offset
        self.hint = hint
        self.globals = list(globals)
        self.issues = list(issues)


class WeightsError(Error, ValueError):
    """Weights that cannot be told from what was given, or that have no names: the value is not what was asked for."""


def from_issue(issue: dict[str, Any], title: str = "") -> Exception:
    """The exception for what stopped the engine: OSError for trouble with the operating system."""
    text = issue["text"]
    if issue["code"] == "io" and "errno" in issue:  # FileNotFoundError, PermissionError, ...
        return OSError(issue["errno"], os.strerror(issue["errno"]), *([issue["member"]] if issue["member"] else []))
    if issue["code"] == "io":
        return OSError(text)
    return Error(
        f"safe_load: {title}: {text}" if title else f"safe_load: {text}",
        code=issue["code"],
        member=issue["member"],
        offset=issue["offset"],
        hint=issue["hint"],
        issues=[issue],
    )


def printable(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name for a message: escaped by the engine where it cannot be printed, cut where it is long."""
    shown = _core.printable(name[:longest].encode("utf-8", "surrogatepass"))
    return shown if len(name) <= longest else f"{shown}..."


def class_text(cls: str) -> str:
    """printable() of the class of a record, which the engine has escaped, unless somebody else made the record."""
    if not cls.isprintable():
        return printable(cls)
    return cls if len(cls) <= _LONGEST_NAME else f"{cls[:_LONGEST_NAME]}..."


def _row(known: UnknownGlobal, width: int) -> str:
    place = f"at {known.path}" if known.path else "not part of the result"
    return f"  {known.name.ljust(width)}  {known.count}x  {place}"


def _tensors(count: int) -> str:
    return "1 tensor" if count == 1 else f"{count} tensors"


def danger_text(title: str, unknown: Sequence[UnknownGlobal]) -> str:
    """Which names are dangerous, what they do, and what to do with the file."""
    lines = [f"safe_load: {title} is dangerous: whoever unpickles it runs code"]
    dangers = [row for row in unknown if row.danger]
    for row in dangers[:_SHOWN]:
        place = f", at {row.path}" if row.path else ""
        lines.append(f"  {row.name} is called{place}: {row.danger[0].lower()}{row.danger[1:]}")
    if len(dangers) > _SHOWN:
        lines.append(f"  ... and {len(dangers) - _SHOWN} more")
    lines.append("Nothing was run. Delete the file, and get what it should hold from somewhere you trust.")
    return "\n".join(lines)


def refusal(
    title: str, tensor_count: int, unknown: Sequence[UnknownGlobal], issues: Sequence[dict[str, Any]]
) -> Error:
    """One error with all unknown names and all bad values."""
    lines: list[str] = []
    dangers = [row for row in unknown if row.danger]
    if dangers:
        lines.append(danger_text(title, dangers))
        unknown = dangers
    elif unknown:
        noun = "class or function" if len(unknown) == 1 else "classes or functions"
        lines.append(
            f"safe_load: {title} holds {len(unknown)} unknown {noun}; "
            f"{_tensors(tensor_count)} and all plain values are readable"
        )
        width = min(60, max(len(row.name) for row in unknown[:_SHOWN]))
        lines += [_row(row, width) for row in unknown[:_SHOWN]]
        if len(unknown) > _SHOWN:
            lines.append(f"  ... and {len(unknown) - _SHOWN} more in the attribute globals")
        lines.append('Nothing was imported or run. Pass unknown="opaque" to get them as inert records.')
    if issues and not dangers:
        noun = "value" if len(issues) == 1 else "values"
        is_damage = any(issue["code"] != "unsupported" for issue in issues)
        what = f"damaged {noun}" if is_damage else f"{noun} that cannot be read"
        lines.append(f"safe_load: {title} has {len(issues)} {what}")
        lines += [f"  {issue['text']}" for issue in issues[:_SHOWN]]
        if len(issues) > _SHOWN:
            lines.append(f"  ... and {len(issues) - _SHOWN} more in the attribute issues")
        lines.append(f"safe_load.open() reaches the rest, {_tensors(tensor_count)} in it.")
    first: Mapping[str, Any] = (
        issues[0] if issues else {"code": "unknown", "member": "", "offset": unknown[0].offset}
    )
    hint = "open it with safe_load.open()" if issues else 'pass unknown="opaque"'
    return Error(
        "\n".join(lines),
        code="danger" if dangers else first["code"],
        member=first["member"],
        offset=first["offset"],
        hint="delete the file" if dangers else hint,
        globals=unknown,
        issues=issues,
    )
