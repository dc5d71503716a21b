"""The page docs/kinds.md from the rows that kinds_table.py measures."""

from __future__ import annotations

import difflib
from typing import Any, Iterator

from kinds import GROUPS

HEAD = """\
# Kinds of value

What comes back of each kind of value that `torch.save` takes. Measured with {versions} by
`python tools/kinds_table.py > docs/kinds.md`; the values are those of `python/tests/kinds.py`, and a test holds each
result against the original: types, values, bits, strides, sharing, states, and the next numbers of a generator.

- **torch**: `torch.load(file)`, in a process that did nothing but `import torch`.
- **torch, allow-listed**: the same after allow-listing every name that torch's own lister gives,
  `get_unsafe_globals_in_checkpoint(file)`. Empty where it was not needed.
- **safe_load**: `safe_load(file, unknown="opaque")`, the same result at pickle protocols 2, 3, 4 and 5. torch reads
  protocol 2 here, which is what `torch.save` writes.
- **equal**: the type and the value that were saved. **inert**: records that hold the names and all parts, and run
  nothing; the forms are listed below.
"""


def page(rows: list[Any], kinds: dict[str, Any], versions: str) -> str:
    parts = [HEAD.format(versions=versions), *_summary(rows), *_inert(rows), *_losses(kinds), *_tables(rows)]
    return "\n".join(parts).rstrip("\n") + "\n"


def _of(rows: list[Any], prefix: str) -> list[Any]:
    return [row for row in rows if row.name.split(".", 1)[0] == prefix]


# ---- the numbers


def _summary(rows: list[Any]) -> Iterator[str]:
    common = [row for row in rows if not row.name.startswith("more.")]
    loads = sum(row.torch == "loads" for row in common)
    equal = sum(row.ours == "equal" for row in common)
    inert = sum(row.ours == "inert" for row in common)
    yield f"torch loads {loads} of {len(common)} kinds as they were. safe_load gives {equal} equal and {inert} inert."
    yield ""
    yield "| group | kinds | torch loads | another value | refuses | refuses or crashes, allow-listed | equal | inert | not yet |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for prefix, (title, _) in GROUPS.items():
        if prefix != "more":
            yield _counts(title, _of(rows, prefix))
    yield _counts("**all**", common)
    yield _counts("more, beyond these", _of(rows, "more"))
    yield ""


def _counts(title: str, rows: list[Any]) -> str:
    torch = [sum(row.torch == word for row in rows) for word in ("loads", "another value", "refuses")]
    blocked = sum(row.allowed in ("refuses", "crashes") for row in rows)
    ours = [sum(row.ours == word for row in rows) for word in ("equal", "inert")]
    cells = [title, len(rows), *torch, blocked, *ours, len(rows) - sum(ours)]
    return f"| {' | '.join(map(str, cells))} |"


# ---- what is not equal


def _inert(rows: list[Any]) -> Iterator[str]:
    yield "## Kinds that come back inert"
    yield ""
    yield "What each form is stands in [the guide](guide/python.md#kinds-that-come-back-inert)."
    yield ""
    yield "| kind | form |"
    yield "|---|---|"
    yield from (f"| {row.name} | {_form(row.forms)} |" for row in rows if row.ours == "inert")
    yield ""


def _form(forms: list[str]) -> str:
    first, *others = forms
    kind, _, name = first.partition(" ")
    shown = f"{kind} `{name}`" if name else kind
    if len(others) > 2:
        return f"{shown}, and in it {len(others)} others"
    return ", ".join([shown] + [f"in it {kind} `{name}`" for kind, _, name in (form.partition(" ") for form in others)])


def _losses(kinds: dict[str, Any]) -> Iterator[str]:
    yield "## Kinds of which a file holds less"
    yield ""
    yield "Nobody can read back what was not written. These count as equal if they equal what was written."
    yield ""
    yield "| kind | what the file does not hold |"
    yield "|---|---|"
    yield from (f"| {name} | {kind.loss} |" for name, kind in kinds.items() if kind.loss)
    yield ""


# ---- every kind


def _tables(rows: list[Any]) -> Iterator[str]:
    for prefix, (title, _) in GROUPS.items():
        yield f"## {title}"
        yield ""
        yield "| kind | torch | torch, allow-listed | safe_load |"
        yield "|---|---|---|---|"
        for row in _of(rows, prefix):
            yield f"| {row.name} | {row.torch} | {row.allowed} | {row.ours} |"
        yield ""


def report_differences(committed: str, made: str) -> int:
    """Prints how the page differs from the committed one; 0 if it does not."""
    lines = list(difflib.unified_diff(committed.splitlines(), made.splitlines(), "committed", "measured", "", "", 0))
    for line in lines[:60]:
        print(line)
    if lines:
        print("run: python tools/kinds_table.py > docs/kinds.md")
    return 1 if lines else 0
