"""Checks who includes whom: prints each include that breaks the table below, then exits 1.

Usage: python3 tools/check_layers.py [ROOT] [--self-test | --graph]

--self-test breaks a copy of the tree in several ways and checks that each one is found.
--graph prints what each folder really includes, in the order of the table: no arrow goes down the page.
"""

import pathlib
import re
import shutil
import sys
import tempfile

# Folder -> folders that it may include besides itself, all of which stand above it in this table: a byte goes down.
FOLDERS = {
    "include": "",  # the public headers
    "base": "",
    "os": "base",
    "deflate": "base",
    "json": "base",
    "digest": "base",
    "decompress": "base deflate",
    "archive": "base deflate decompress",
    "pickle": "base",
    "types": "base pickle",
    "data": "base archive",
    "torch": "base json archive pickle types data",
    "container": "base json archive pickle types data torch",
    "formats": "base deflate decompress json archive pickle types data torch container",
    "sets": "base json archive pickle types data torch container formats",
    "records": "base sets",
    "scan": "base json archive pickle types data torch container formats",
    "report": "base json digest data records",
    "writing": "base digest formats",
    "api": "base os deflate decompress json digest archive pickle types data torch container formats sets records scan report writing",
    "cli": "",
    "python": "",
}
# Pattern of a header -> folders that may include it. A header without a slash and without .h is
# the standard library's and free for all; any other header that is not here is free for none.
OWNERS = {
    # What a lower folder needs of the public headers: plain data, and Source.
    r"safe_load/export\.h": " ".join(FOLDERS),
    r"safe_load/(result|limits|dtype|version|issue|source|sink|atomic_file|shared_bytes|open_options|container_info|verdict|file_report|scan_options)\.h":
        " ".join(FOLDERS),
    r"safe_load/\w+\.h": "include records report api cli python",
    r"fstream|filesystem|thread": "os cli",
    r"(sys|linux)/.*|unistd\.h|pthread\.h|sched\.h|fcntl\.h|dirent\.h|windows\.h": "os cli",
    r"(libdeflate|zlib)\.h": "deflate",
    r"(bzlib|lzma|zstd|zstd_errors)\.h": "decompress",
    r"nlohmann/.*": "json",
    r"sha2\.h": "digest",
    r"CLI/.*": "cli",
    r"nanobind/.*|Python\.h": "python",
    r"[a-z_]+": " ".join(FOLDERS),
    r"\w+\.h": "cli python",  # a file beside the one that includes it
}
SOURCES = ("include/safe_load", "src", "cli", "python/src")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def folder_of(name):
    return name.parts[1] if name.parts[0] == "src" else name.parts[0]


def is_allowed(folder, header):
    first = header.split("/")[0]
    if "/" in header and first in FOLDERS:
        return first in [folder, *FOLDERS.get(folder, "").split()]
    owners = (names for pattern, names in OWNERS.items() if re.fullmatch(pattern, header))
    return folder in next(owners, "").split()


def find_faults(root):
    """Yields one line per fault; a tree without sources is a fault too."""
    yield from find_arrows_up(FOLDERS)
    files = [f for s in SOURCES for f in sorted(root.joinpath(s).rglob("*.*")) if f.is_file()]
    if not files:
        yield f"{root}: no sources here"
    for file in files:
        name = file.relative_to(root)
        folder = folder_of(name)
        text = file.read_text(encoding="utf-8")
        for header in INCLUDE.findall(text):
            if not is_allowed(folder, header):
                yield f"{name}: {folder}/ must not include {header}"
        if name.parts[0] == "src" and folder != "base" and re.search(r"reinterpret_cast\s*<", text):
            yield f"{name}: {folder}/ must not use reinterpret_cast"


BROKEN = {
    "src/base/bad.h": ('#include "torch/x.h"', "base/ must not include torch/x.h"),
    "src/pickle/bad.cc": ("#include <sys/mman.h>", "pickle/ must not include sys/mman.h"),
    "src/torch/bad.cc": ('#include "safe_load/scan.h"', "torch/ must not include safe_load/scan.h"),
    "src/scan/bad.cc": ("reinterpret_cast<char*>(p)", "scan/ must not use reinterpret_cast"),
    "src/bad/bad.cc": ("#include <vector>", "bad/ must not include vector"),
    "src/data/bad.cc": ('#include "torch/x.h"', "data/ must not include torch/x.h"),
    "src/formats/bad.cc": ('#include "sets/x.h"', "formats/ must not include sets/x.h"),
    "src/container/bad.cc": ('#include "os/x.h"', "container/ must not include os/x.h"),
    "src/container/bad.h": ('#include "safe_load/checkpoint.h"', "container/ must not include safe_load/checkpoint.h"),
    "include/safe_load/bad.h": ('#include "base/x.h"', "include/ must not include base/x.h"),
    "cli/bad.cc": ('#include "api/x.h"', "cli/ must not include api/x.h"),
    "python/src/bad.cc": ("#include <CLI/CLI.hpp>", "python/ must not include CLI/CLI.hpp"),
}


def find_arrows_up(folders):
    """Folders that the table lets include what stands below them."""
    above = set()
    for folder, allowed in folders.items():
        for name in sorted(set(allowed.split()) - above):
            yield f"table: {folder}/ stands above {name}/, which it may include"
        above.add(folder)


def print_graph(root):
    included = {folder: set() for folder in FOLDERS}
    for source in SOURCES:
        for file in root.joinpath(source).rglob("*.*"):
            folder = folder_of(file.relative_to(root))
            headers = INCLUDE.findall(file.read_text(encoding="utf-8"))
            firsts = {"include" if h.startswith("safe_load/") else h.split("/")[0] for h in headers if "/" in h}
            included[folder] |= firsts & set(FOLDERS) - {folder}
    for folder, others in included.items():
        print(f"{folder:10} -> {' '.join(f for f in FOLDERS if f in others)}".rstrip(" ->"))


def self_test(root):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for source in SOURCES:
            if root.joinpath(source).is_dir():
                shutil.copytree(root / source, copy / source)
        for name, (line, _) in BROKEN.items():
            copy.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            copy.joinpath(name).write_text(f"// planted\n#include <string>\n{line}\n")
        found = set(find_faults(copy))
    for name, (_, fault) in BROKEN.items():
        if f"{name}: {fault}" not in found:
            yield f"self-test: not found: {name}: {fault}"
    if not list(find_arrows_up({"low": "high", "high": ""})):
        yield "self-test: not found: an arrow up in the table"


def main():
    roots = [a for a in sys.argv[1:] if not a.startswith("--")]
    root = pathlib.Path(roots[0] if roots else ".")
    if "--graph" in sys.argv:
        print_graph(root)
        return 0
    faults = list((self_test if "--self-test" in sys.argv else find_faults)(root))
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
