"""What a scan found, as plain data."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any

from ._errors import Error, counted, printable

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
        from . import _views

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


def read_report(text: str) -> ScanReport:
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


__all__ = ["Coverage", "Finding", "ScanReport", "Severity", "Verdict", "read_report"]
