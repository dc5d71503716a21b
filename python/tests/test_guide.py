"""docs/guide/python.md is a program: its blocks run one after the other, in a folder with the example."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import EXAMPLE, ROOT

PAGE = ROOT / "docs" / "guide" / "python.md"


def test_the_page_runs(torch, np, tmp_path):
    blocks = list(re.finditer(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    assert len(blocks) > 15
    lines = []  # each block where it stands on the page, so that a traceback has its line
    for block in blocks:
        start = PAGE.read_text()[: block.start(1)].count("\n")
        lines += [""] * (start - len(lines)) + block[1].splitlines()
    (tmp_path / "python.md").write_text("\n".join(lines))
    shutil.copy(EXAMPLE, tmp_path)
    done = subprocess.run([sys.executable, "python.md"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(#([\w-]+)\)", PAGE.read_text()))))
def test_links_into_the_page_lead_somewhere(link):
    titles = re.findall(r"^#+ (.*)$", PAGE.read_text(), re.MULTILINE)
    assert link in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
