"""Every kind of value that torch.save takes comes back: equal in type and value, or in the inert form it has."""

import io
import pathlib
import re
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")

import torch
from conftest import ROOT
from deep_equal import difference
from kinds import GROUPS, KINDS

from safe_load import Error, safe_load

GUIDE = ROOT / "docs" / "guide" / "python.md"


def cases():
    for name, kind in KINDS.items():
        for protocol in kind.protocols:
            reason = kind.gaps.get(protocol)
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            if name == "stdlib.enum StrEnum" or name == "py.exception group":
                marks.append(pytest.mark.skipif(sys.version_info < (3, 11), reason="SKIPPED: Python 3.11 has it"))
            yield pytest.param(kind, protocol, id=f"{name}-{protocol}", marks=marks)


def saved(value, protocol: int) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind, protocol", cases())
def test_kind_comes_back(kind, protocol):
    value = kind.value()
    content = saved(value, protocol)
    forms = set()
    loaded = safe_load(content, unknown="opaque")
    assert difference(loaded, kind.expected(value, protocol), protocol=protocol, forms=forms) is None
    assert forms == kind.forms_at(protocol)
    assert refused_names(content) == kind.refused_at(protocol)


def refused_names(content: bytes) -> set[str]:
    """What strict loading says that it does not know."""
    try:
        safe_load(content)
    except Error as error:
        assert error.code == "unknown" and error.issues == []
        return {row.name for row in error.globals}
    return set()


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
    expected = {name: form.removeprefix("numpy.") for name, form in first_words.items()}
    assert guide_rows() == {name: form for name, form in expected.items() if not name.startswith("more.")}


def test_the_table_in_docs_is_what_the_command_prints():
    command = [sys.executable, ROOT / "tools" / "kinds_table.py", "--check", ROOT / "docs" / "kinds.md"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode == 0 and "SKIPPED" in result.stdout:
        pytest.skip(result.stdout.strip())
    assert result.returncode == 0, result.stdout + result.stderr
