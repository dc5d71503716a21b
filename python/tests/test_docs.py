"""What the pages name in code style is there: files, and the names of our code."""

from __future__ import annotations

import itertools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Pages about this project; docs/format and docs/corpus.md speak of what others wrote.
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/guide/*.md"), ROOT / "bench" / "README.md"])
PAGES = [page for page in PAGES if page.name != "CHANGELOG.md"]
FOLDERS = ("include", "src", "cli", "python", "tools", "script", "attacks", "bench", "fuzz", "tests", "cmake", "docs",
           "examples", ".ci", ".github")
CODE = {".h", ".cc", ".py", ".pyi", ".toml", ".txt", ".cmake", ".in", ".json", ".tsv", ".yml", ".yaml", ""}
# Names of others: of the kernel, of a package, of Python's data model, of torch; and a word of an example.
FOREIGN = {"clear_page_erms", "tzdata", "__this__", "_save_to_state_dict", "area"}


def files() -> list[pathlib.Path]:
    below = itertools.chain.from_iterable((ROOT / folder).rglob("*") for folder in FOLDERS)
    return [*below, *ROOT.glob("*")]


FILES = [path for path in files() if path.is_file() and "__pycache__" not in path.parts]
NAMES = {path.relative_to(ROOT).as_posix() for path in FILES} | {folder.relative_to(ROOT).as_posix() for path in FILES
                                                                 for folder in path.parents if folder.is_relative_to(ROOT)}
THIS = pathlib.Path(__file__).resolve()
WORDS = {word for path in FILES if path.suffix in CODE and path != THIS
         for word in re.findall(r"\w+", path.read_text(errors="replace"))}
STEMS = {path.stem for path in FILES}


def spans(page: pathlib.Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", text))


def is_of_this_repository(path: str) -> bool:
    first = path.split("/")[0]
    return first in FOLDERS or first in {folder.name for folder in (ROOT / "src").iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_are_there(page):
    for span in spans(page):
        if not re.fullmatch(r"[\w.-]+(/[\w.*-]+)+/?", span) or not is_of_this_repository(span):
            continue
        wanted = re.compile(r"(?:src/)?%s(?:\.\w+)?" % re.escape(span.rstrip("/")).replace(r"\*", "[^/]*"))
        assert any(wanted.fullmatch(name) for name in NAMES), f"{page.name}: {span}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_names_are_in_the_code(page):
    for span in spans(page):
        if "/" in span or re.fullmatch(r"[0-9a-f]{32,}", span):
            continue
        words = {word for word in re.findall(r"[A-Za-z_]\w{2,}", span) if not word.endswith("_")}
        assert not words - WORDS - STEMS - FOREIGN, f"{page.name}: {span}"


def test_a_name_that_is_gone_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("`Checkpoint::open`, `src/base/hash.h`, `nosuchname_really`, `src/base/nothing.h`")
    with pytest.raises(AssertionError, match="nosuchname"):
        test_names_are_in_the_code(page)
    with pytest.raises(AssertionError, match="nothing"):
        test_paths_are_there(page)
