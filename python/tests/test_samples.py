"""What the pages show is real: console blocks are run and compared, and the Python of a page is a program."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from conftest import PROGRAM, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return list(re.finditer(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


def commands(page):
    """Commands of console blocks, each with the lines that follow it."""
    for block in blocks(page, ""):
        if not block[1].startswith("$ "):
            continue
        for part in re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


CONSOLE = [(page, command, output) for page in PAGES for command, output in commands(page)]


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, ROOT / "examples" / "make_samples.py", folder], check=True)
    (folder / "models").mkdir()
    for name in ("hooked.pt", "best_model_acc.pth"):
        (folder / "models" / name).write_bytes((folder / name).read_bytes())
    return folder


def agree(shown, printed):
    """Whether the output is what is shown, where a line `...` stands for any number of lines."""
    pattern = "".join("(?:.*\n)*?" if line.strip() == "..." else re.escape(line + "\n") for line in shown.splitlines())
    return re.fullmatch(pattern, printed) is not None


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"SKIPPED: no program at {PROGRAM}")
@pytest.mark.parametrize("page, command, shown", CONSOLE, ids=[f"{page.name}: {command}" for page, command, _ in CONSOLE])
def test_a_console_block(page, command, shown, samples):
    path = f"{PROGRAM.parent}:{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", command], cwd=samples, env=os.environ | {"PATH": path, "LC_ALL": "C.UTF-8"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    assert agree(shown, done.stdout), done.stdout


def test_other_output_is_noticed():
    assert agree("a\n...\nb\n", "a\nx\ny\nb\n") and agree("...\n", "")
    assert not agree("a\nb\n", "a\nc\n") and not agree("a\n...\nb\n", "a\nx\n")


PROGRAMS = [page for page in (ROOT / "README.md", *(ROOT / "docs" / "how-to").glob("*.md")) if blocks(page, "python")]


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page, np, samples):
    program = "".join(block[1] for block in blocks(page, "python"))
    assert "safe_load" in program
    # A machine that tests need not have a GPU.
    done = subprocess.run([sys.executable, "-c", program.replace('device="cuda"', 'device="cpu"')], cwd=samples,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
