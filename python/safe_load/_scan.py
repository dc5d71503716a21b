"""scan(): whether a file could run code when somebody opens it, what exactly, and where."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import enum
import itertools
import json
import os
from collections import deque
from typing import Any, Iterable, Iterator

from . import _core, _views
from ._errors import Error, counted, from_issue, printable
from ._source import is_plain_file, of_file
from ._stream import as_stream

_LONGEST_TEXT = 120  # characters that are shown


class _Printed(enum.IntEnum):
    """A number that can be compared, printed as its name."""

    def __str__(self) -> str:
        return self.name

    def __format__(self, form: str) -> str:
        return format(self.name, form)


class Verdict(_Printed):
    """What a scan came to; larger is worse.

    SAFE: proved. UNKNOWN: read to its end, and something in it is not known. INCOMPLETE: something that a
    reader could interpret was not read. DANGEROUS: it holds what only an attack does.
    """

    SAFE = 0
    UNKNOWN = 1
    INCOMPLETE = 2
    DANGEROUS = 3


class Severity(_Printed):
    """What a finding does to the verdict."""

    NOTE = 0
    UNKNOWN = 1
    INCOMPLETE = 2
    DANGER = 3


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a scan found; every text is escaped.

    rule: its id, "SL-G01". message: one sentence. member, offset: the member of the container, and the byte
    of the opcode in it. opcode: "REDUCE", or "". path: object path, None if it is not part of the result.
    module, name: the symbol, "" if there is none. args: what it was called with, bounded. evidence: what the
    arguments look like. advisories: public ids. advice: the next step. count: equal findings in one.
    """

    rule: str
    severity: Severity
    message: str
    member: str
    offset: int
    opcode: str
    path: str | None
    module: str
    name: str
    args: str
    evidence: tuple[str, ...]
    advisories: tuple[str, ...]
    advice: str
    count: int


@dataclasses.dataclass(frozen=True)
class Coverage:
    """Which bytes were looked at. covered: their role is proved; read: they were fetched."""

    complete: bool
    bytes_total: int
    bytes_covered: int
    bytes_read: int
    members_total: int
    members_scanned: int
    pickles: int


@dataclasses.dataclass(frozen=True, repr=False)
class ScanReport:
    """What a scan found. path: the file; size in bytes. findings: the worst first."""

    path: str
    verdict: Verdict
    format: str
    size: int
    coverage: Coverage
    findings: tuple[Finding, ...]
    findings_dropped: int
    _record: dict[str, Any]

    def __repr__(self) -> str:
        count = sum(finding.count for finding in self.findings) + self.findings_dropped
        worst = [f", the worst: {f.rule} {f.message[:_LONGEST_TEXT]}" for f in self.findings[:1]]
        path = printable(self.path, _LONGEST_TEXT)
        return f"<ScanReport of {path}: {self.verdict}, {self.format}, {counted(count, 'finding')}{''.join(worst)}>"

    def _repr_html_(self) -> str:
        rows = [(str(f.severity), f.rule, f.message + (f" ({f.count} times)" if f.count > 1 else ""),
                 f.path or f.member or f"byte {f.offset}") for f in self.findings]
        covered = f"{self.coverage.bytes_covered:,} of {self.coverage.bytes_total:,} bytes covered"
        return _views.scan(self.path, str(self.verdict), f"{self.format}, {covered}", rows)

    def to_dict(self) -> dict[str, Any]:
        """The record that `safe-load scan --format jsonl` prints."""
        record: dict[str, Any] = json.loads(self.to_json())
        return record

    def to_json(self) -> str:
        """The same as one line of text."""
        return json.dumps(self._record)

    def raise_if(self, verdict: Verdict) -> None:
        """Raises Error, listing all findings, if the verdict is this one or a worse one."""
        if self.verdict < verdict:
            return
        found = [f for f in self.findings if f.severity is not Severity.NOTE]
        lines = [f"  {f.rule} {f.message}" + (f" at {f.path}" if f.path else "") for f in found]
        raise Error(
            "\n".join([f"{self.path} is {self.verdict.name}:", *lines]),
            code="unsupported",
            hint=found[0].advice if found else "",
        )


def _finding(record: dict[str, Any]) -> Finding:
    symbol = record["global"] or {"module": "", "name": ""}
    return Finding(
        rule=record["rule"],
        severity=Severity[record["severity"].upper()],
        message=record["message"],
        member=record["member"],
        offset=record["offset"],
        opcode=record["opcode"],
        path=record["path"],
        module=symbol["module"],
        name=symbol["name"],
        args=record["args"],
        evidence=tuple(record["evidence"]),
        advisories=tuple(record["advisories"]),
        advice=record["advice"],
        count=record["count"],
    )


def _report(text: str) -> ScanReport:
    record = json.loads(text)
    return ScanReport(
        path=record["path"],
        verdict=Verdict[record["verdict"]],
        format=record["format"],
        size=record["size"],
        coverage=Coverage(**record["coverage"]),
        findings=tuple(map(_finding, record["findings"])),
        findings_dropped=record["findings_dropped"],
        _record=record,
    )


def _scan_stream(f: Any, options: tuple[_core.Limits, bool, bool, int]) -> ScanReport:
    stream = as_stream(f)
    if stream is not None:
        return _report(_core.scan_stream(stream, stream.size, "the stream", *options))
    content = f.read()
    if isinstance(content, str):
        raise TypeError("f gives text; open it in binary mode")
    return _report(_core.scan_bytes(bytes(content), "the stream", *options))


def scan(
    f: Any,
    *,
    strict: bool = False,
    deep: bool = False,
    limits: _core.Limits | None = None,
    max_findings: int = 1000,
) -> ScanReport:
    """Says whether a file could run code when somebody opens it. Runs, imports and writes nothing.

    f: a path (str or PathLike), the content as bytes, a binary file object or a file descriptor. The position of a
    descriptor and of a file of the file system is not used; another stream is scanned from where it stands.
    strict: some notes count as unknown.
    deep: the checksum of every record is checked, which reads the file.
    limits: what the file may make us do; what it would exceed is INCOMPLETE.
    max_findings: how many are kept; all count.

    What the file holds is a verdict and never an error; OSError or Error if it cannot be opened as one file.
    Thread-safe; the GIL is released.
    """
    options = (limits or _core.Limits(), bool(strict), bool(deep), int(max_findings))
    try:
        if isinstance(f, int):
            return _report(_core.scan_descriptor(f, f"descriptor {f}", *options))
        if isinstance(f, (str, os.PathLike)):
            return _report(_core.scan_path(os.fsencode(f), os.fsdecode(f), *options))
        if isinstance(f, (bytes, bytearray, memoryview)):
            return _report(_core.scan_bytes(bytes(f), "the bytes", *options))
        if is_plain_file(f):
            return _report(_core.scan_descriptor(f.fileno(), str(getattr(f, "name", "the file")), *options))
        if hasattr(f, "read"):
            return _scan_stream(f, options)
    except OSError as error:
        raise (of_file(f, error) if isinstance(f, (str, os.PathLike)) else error) from None
    except Error as error:
        raise from_issue(error.issues[0]) from None
    raise TypeError(f"f must be a path, bytes, a file or a descriptor, not {type(f).__name__}")


def scan_many(paths: Iterable[Any], *, jobs: int | None = None, **options: Any) -> Iterator[ScanReport]:
    """scan() of many files on `jobs` threads (default: one for each core), in the order of the paths.

    Takes no more paths than it needs to keep the threads busy. An error is raised where its file comes.
    """
    count = jobs or os.cpu_count() or 1
    waiting: deque[concurrent.futures.Future[ScanReport]] = deque()
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        rest = iter(paths)
        for path in itertools.islice(rest, 2 * count):
            waiting.append(pool.submit(scan, path, **options))
        while waiting:
            done = waiting.popleft()
            for path in itertools.islice(rest, 1):
                waiting.append(pool.submit(scan, path, **options))
            yield done.result()


__all__ = ["Coverage", "Finding", "ScanReport", "Severity", "Verdict", "scan", "scan_many"]
