"""The one exception of safe_load."""

from __future__ import annotations

import os
import pickle
from typing import Any, NamedTuple, Sequence

from . import _core

_LONGEST_NAME = 80


class UnknownGlobal(NamedTuple):
    """A name that a file asks for and that is not in the table of known names.

    name: "module.name", escaped. count: in how many places it stands. path: object path of the first place,
    "" if that is not part of the result. offset: of the first mention, in bytes of the pickle. called: whether
    it was called, as a class or function; else it stands as a value. danger: what it does, if it is called and
    known to be bad, as a sentence; "" says nothing about it.
    """

    name: str
    count: int  # type: ignore[assignment]  # hides a method of tuple that nobody needs here
    path: str
    offset: int
    called: bool
    danger: str = ""


class Error(pickle.UnpicklingError, RuntimeError):
    """A file that cannot be loaded, and why: a pickle.UnpicklingError and a RuntimeError, as torch.load raises either.

    It can be pickled and raised elsewhere. Of a file object with nothing left to read it is an EOFError, too.

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


class EmptyError(Error, EOFError):
    """Nothing is left to read: where a loop over the values of a file ends."""


def from_issue(issue: dict[str, Any], title: str = "", kind: type[Error] = Error) -> Exception:
    """The exception for what stopped the engine: OSError for trouble with the operating system."""
    text = issue["text"]
    if issue["code"] == "io" and "errno" in issue:  # FileNotFoundError, PermissionError, ...
        return OSError(issue["errno"], os.strerror(issue["errno"]), *([issue["member"]] if issue["member"] else []))
    if issue["code"] == "io":
        return OSError(text)
    return kind(
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


def counted(count: int, noun: str) -> str:
    """A number with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
