"""How handles, inspections and reports look in a notebook: tables, without scripts. All text is escaped."""

from __future__ import annotations

import html
from typing import Any, Iterable, Sequence

from ._errors import counted, printable

_MOST_ROWS = 200
_LONGEST_TEXT = 200  # characters of a cell


def inspection(title: str, found: dict[str, Any]) -> str:
    """Of the members of an Inspection: tensors, then folded what else there is."""
    head = f"{found['container']['format']}, {counted(found['tensor_count'], 'tensor')} of {found['storage_bytes']:,} bytes"
    tensors = [(row["name"] or "$", row["dtype"], row["shape"]) for row in found["tensors"]]
    values = [(row["path"], row["text"]) for row in found["values"]]
    names = [(row["name"], row["count"]) for row in found["unknown_globals"]]
    issues = [(row["text"],) for row in found["issues"]]
    return "".join([
        _heading(title, head),
        table(("tensor", "dtype", "shape"), tensors),
        _folded("values", table(("path", "value"), values), len(values)),
        _folded("unknown names", table(("name", "times"), names), len(names)),
        _folded("damaged values", table(("what",), issues), len(issues)),
    ])


def scan(title: str, verdict: str, head: str, findings: Iterable[Sequence[Any]]) -> str:
    """Of a ScanReport; a finding: severity, rule, message, place."""
    return _heading(title, f"{verdict}, {head}") + table(("severity", "rule", "what", "where"), list(findings))


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The first rows; how many more there are is in the last one."""
    if not rows:
        return ""
    lines = [_row("th", header), *(_row("td", row) for row in rows[:_MOST_ROWS])]
    if len(rows) > _MOST_ROWS:
        lines.append(_row("td", [f"... and {len(rows) - _MOST_ROWS} more", *[""] * (len(header) - 1)]))
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: Iterable[Any]) -> str:
    texts = (html.escape(_cut(str(cell))) for cell in cells)
    return "<tr>" + "".join(f'<{tag} style="text-align:left">{text}</{tag}>' for text in texts) + "</tr>"


def _cut(text: str) -> str:
    """What the engine made is escaped already, and would be escaped again."""
    if not text.isprintable():
        return printable(text, _LONGEST_TEXT)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def _heading(title: str, head: str) -> str:
    return f"<div><b>{html.escape(printable(title, _LONGEST_TEXT))}</b> {html.escape(head)}</div>"


def _folded(title: str, inside: str, count: int) -> str:
    return f"<details><summary>{html.escape(title)}: {count}</summary>{inside}</details>" if inside else ""


__all__ = ["inspection", "scan", "table"]
