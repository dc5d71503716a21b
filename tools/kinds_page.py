"""The page docs/kinds.md, from the table of kinds and torch's answers; and those answers from the page."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
import warnings
from typing import Any, Iterator, NamedTuple

from kind import PROTOCOLS
from kind_check import saved
from kinds import GROUPS

from safe_load import Error, fix

HEAD = """\
# Kinds of value

What comes back of each kind of value that `torch.save` takes. Measured with {versions} by
`python tools/kinds_table.py > docs/kinds.md`. The values are those of `python/tests/kinds.py`; a test saves each and
holds what safe_load gives against the original: types, values, bits, strides, sharing, states, and the next numbers
of a generator.

- **torch**: `torch.load(file)`, in a process that did nothing but `import torch`.
- **torch, allow-listed**: the same after allow-listing every name that torch's own lister gives,
  `get_unsafe_globals_in_checkpoint(file)`. Empty where it was not needed.
- **safe_load**: `safe_load(file, unknown="opaque")`. It does the same at pickle protocols 2, 3, 4 and 5, or at those
  that stand there. torch reads protocol 2 here, which is what `torch.save` writes.
- **fixed**: what `safe_load.fix()` makes of a file of the first of these protocols: **same**, a **plain** form
  ([fix](how-to/fix.md)), one that is **lossy** or asks what to do with what is **unknown**, or **refused**.
- **equal**: the type and the value that were saved. **inert**: records that hold the names and all parts, and run
  nothing; the forms are listed below.
"""
# Whether a file can be fixed, by the options that it takes.
_WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lossy": {"lossy": True},
    "unknown": {"lossy": True, "unknown": "record"},
}
_VERSIONS = re.compile(r"^What comes back .*? Measured with (.*?) by$", re.M | re.S)
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) \| [^|]+ \| [^|]+ \|$", re.M)


class Answers(NamedTuple):
    """What torch says to a kind."""

    plain: str  # "loads", "another value", "refuses", "crashes"
    allowed: str  # the same after allow-listing what torch's own lister names; "" where that was not needed


def page(kinds: dict[str, Any], answers: dict[str, Answers], versions: str) -> str:
    parts = [HEAD.format(versions=versions), *_summary(kinds, answers), *_inert(kinds), *_losses(kinds)]
    return "\n".join([*parts, *_tables(kinds, answers)]).rstrip("\n") + "\n"


def _names(kinds: dict[str, Any], prefix: str) -> list[str]:
    return [name for name in kinds if name.split(".", 1)[0] == prefix]


def _ours(kind: Any) -> str:
    word = "inert" if kind.forms else "equal"
    return word if kind.protocols == PROTOCOLS else f"{word} at {', '.join(map(str, kind.protocols))}"


def _fixed(kind: Any) -> str:
    """What fix() makes of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = saved(kind.value(), kind.protocols[0])
    target = os.path.join(tempfile.gettempdir(), "fixed.pt")  # not written
    for word, options in _WAYS.items():
        try:
            done = fix(content, target, dry_run=True, overwrite=True, **options)
        except Error:
            continue
        return word if done.changes or word != "plain" else "same"
    return "refused"


# ---- the numbers


def _summary(kinds: dict[str, Any], answers: dict[str, Answers]) -> Iterator[str]:
    common = [name for name in kinds if not name.startswith("more.")]
    loads = sum(answers[name].plain == "loads" for name in common)
    inert = sum(bool(kinds[name].forms) for name in common)
    equal = len(common) - inert
    yield f"torch loads {loads} of {len(common)} kinds as they were. safe_load gives {equal} equal and {inert} inert."
    yield ""
    yield "| group | kinds | torch loads | another value | refuses | refuses or crashes, allow-listed | equal | inert |"
    yield "|---|---|---|---|---|---|---|---|"
    for prefix, (title, _) in GROUPS.items():
        if prefix != "more":
            yield _counts(title, _names(kinds, prefix), kinds, answers)
    yield _counts("**all**", common, kinds, answers)
    yield _counts("more, beyond these", _names(kinds, "more"), kinds, answers)
    yield ""


def _counts(title: str, names: list[str], kinds: dict[str, Any], answers: dict[str, Answers]) -> str:
    torch = [sum(answers[name].plain == word for name in names) for word in ("loads", "another value", "refuses")]
    blocked = sum(answers[name].allowed in ("refuses", "crashes") for name in names)
    inert = sum(bool(kinds[name].forms) for name in names)
    cells = [title, len(names), *torch, blocked, len(names) - inert, inert]
    return f"| {' | '.join(map(str, cells))} |"


# ---- what is not equal


def _inert(kinds: dict[str, Any]) -> Iterator[str]:
    yield "## Kinds that come back inert"
    yield ""
    yield "What each form is stands in [the guide](guide/python.md#kinds-that-come-back-inert)."
    yield ""
    yield "| kind | form |"
    yield "|---|---|"
    yield from (f"| {name} | {_form(kind.forms)} |" for name, kind in kinds.items() if kind.forms)
    yield ""


def _form(forms: tuple[str, ...]) -> str:
    first, *others = (_shown(form) for form in forms)
    if len(others) > 2:
        return f"{first}, and in it {len(others)} others"
    return ", ".join([first, *(f"in it {other}" for other in others)])


def _shown(form: str) -> str:
    kind, _, name = form.partition(" ")
    return f"{kind} `{name}`" if name else kind


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


def _tables(kinds: dict[str, Any], answers: dict[str, Answers]) -> Iterator[str]:
    for prefix, (title, _) in GROUPS.items():
        yield f"## {title}"
        yield ""
        yield "| kind | torch | torch, allow-listed | safe_load | fixed |"
        yield "|---|---|---|---|---|"
        for name in _names(kinds, prefix):
            cells = [name, answers[name].plain, answers[name].allowed, _ours(kinds[name]), _fixed(kinds[name])]
            yield f"| {' | '.join(cells)} |"
        yield ""


# ---- back from the page


def report_differences(committed: str, kinds: dict[str, Any]) -> int:
    """Prints how the page differs from one with the same answers of torch; 0 if it does not."""
    answers = {name: Answers(plain, allowed) for name, plain, allowed in _ROW.findall(committed) if name in kinds}
    missing = kinds.keys() - answers.keys()
    made = page(kinds, dict.fromkeys(missing, Answers("?", "")) | answers, _VERSIONS.search(committed)[1])
    lines = list(difflib.unified_diff(committed.splitlines(), made.splitlines(), "committed", "the table", "", "", 0))
    for line in lines[:60]:
        print(line)
    if lines:
        print("run: python tools/kinds_table.py > docs/kinds.md")
    return 1 if lines else 0
