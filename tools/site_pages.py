"""Makes pages of a site from those of the repository: README.md as its start, and the rules of the scanner.

    python tools/site_pages.py FOLDER

FOLDER holds copies of the pages already. Links to files and folders that are no pages lead to nothing on a site, so
they become plain text, with the path.
"""

from __future__ import annotations

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def without_links_to_sources(page: pathlib.Path, folder: pathlib.Path) -> str:
    def kept(link: re.Match[str]) -> str:
        text, target = link[1], link[2]
        path = (page.parent / target.split("#")[0]).resolve()
        is_page = not target.split("#")[0] or (path.is_file() and path.is_relative_to(folder))
        return link[0] if is_page or "://" in target else f"{text} (`{path.relative_to(folder)}`)"

    return re.sub(r"\[([^]\n]+)\]\(([^)\s]+)\)", kept, page.read_text())


def main() -> int:
    folder = pathlib.Path(sys.argv[1]).resolve()
    (folder / "index.md").write_text((ROOT / "README.md").read_text())
    for page in folder.rglob("*.md"):
        page.write_text(without_links_to_sources(page, folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
