"""Every kind of value that torch.save takes comes back: equal in type and value, or in the inert form it has."""

import re
import sys

import pytest

pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")

import kinds_page
from conftest import ROOT
from kind_check import fault
from kinds import KINDS

GUIDE = ROOT / "docs" / "guide" / "python.md"
SINCE_3_11 = ("stdlib.enum StrEnum", "py.exception group")


def cases():
    for name, kind in KINDS.items():
        is_too_new = name in SINCE_3_11 and sys.version_info < (3, 11)
        marks = [pytest.mark.skip(reason="SKIPPED: Python 3.11 has it")] if is_too_new else []
        for protocol in kind.protocols:
            yield pytest.param(kind, protocol, id=f"{name}-{protocol}", marks=marks)


@pytest.mark.parametrize("kind, protocol", list(cases()))
def test_kind_comes_back(kind, protocol):
    assert fault(kind, protocol) is None


def test_the_table_holds_the_common_kinds():
    assert sum(not name.startswith("more.") for name in KINDS) == 399


def guide_rows() -> dict[str, str]:
    """The kinds that the guide names as inert, each with its form."""
    section = GUIDE.read_text().split("### Kinds that come back inert", 1)[1].split("\n## ", 1)[0]
    rows = {}
    for form, listed in re.findall(r"^\| `(\w+)`[^|]*\|[^|]*\| (.*) \|$", section, re.M):
        for prefix, names in re.findall(r"(\w+): ([^;]+)", listed):
            rows |= {f"{prefix}.{name.strip()}": form for name in names.split(",")}
    return rows


def test_the_guide_names_every_kind_that_comes_back_inert():
    first_words = {name: kind.forms[0].split(" ")[0] for name, kind in KINDS.items() if kind.forms}
    assert guide_rows() == {name: form.removeprefix("numpy.") for name, form in first_words.items()}


def test_the_page_in_docs_fits_the_table():
    assert kinds_page.report_differences((ROOT / "docs" / "kinds.md").read_text(), KINDS) == 0
