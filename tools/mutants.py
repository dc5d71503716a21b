"""Breaks the core and the scanner in the places of mutants_table.py, one at a time, and says which test notices.

    python tools/mutants.py [--only NAME] [--list] [--jobs N] [--quick]

All places are changed in one copy of the source, in build/mutants, each behind a switch, so that one build of the
C++ tests serves them all: SAFE_LOAD_MUTANT is the number of the one that is on, 0 for none. For each the tests run
until one fails: those of its own folder, then what is quick, then the rest. A crash and a hang are noticed, too. The
tests also scan the cases of attacks/cases.py. To build takes some minutes, and to run as many. Ends with 1 if a test
fails with nothing broken, if a mutant survives that the table does not call the same, or if one that it does is noticed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "attacks"))

from cases import cases  # noqa: E402
from mutants_table import MUTANTS, Mutant  # noqa: E402

WORK = ROOT / "build" / "mutants"
COPIED = ["CMakeLists.txt", "cmake", "include", "src", "tests", "fuzz", "examples", "tools"]
QUICK = 0.1  # seconds of a test that runs among the first
MEMORY = 8 << 30
HEADER = """// The number of the mutant that is on; see tools/mutants.py.
#pragma once
#include <cstdlib>
inline const int safe_load_mutant = [] {
  const char* const number = std::getenv("SAFE_LOAD_MUTANT");
  return number ? std::atoi(number) : 0;
}();
"""


# ---- the source with all mutants


def mutated(file: str, source: str, mutants: list[tuple[int, Mutant]]) -> str:
    """The source of a file with its mutants in place."""
    places: list[tuple[int, int, str]] = []
    for number, mutant in mutants:
        found = list(re.finditer(r"\s+".join(map(re.escape, mutant.text.split())), source))
        if len(found) != 1:
            raise SystemExit(f"{mutant.name}: its text occurs {len(found)} times in {file}")
        instead = mutant.instead.replace("MUTANT", f"(::safe_load_mutant == {number})")
        # In lines of their own, or the compiler warns of how they look.
        places.append((*found[0].span(), instead.replace("; ", ";\n")))
    places.sort()
    for (_, end, _), (begin, _, text) in zip(places, places[1:]):
        if begin < end:
            raise SystemExit(f"{file}: two mutants in one place: {text}")
    for begin, end, text in reversed(places):
        source = source[:begin] + text + source[end:]
    return f'#include "{WORK / "mutant.h"}"\n{source}'


def update(path: pathlib.Path, content: bytes) -> None:
    """Writes what has changed only, so that a later run builds only that."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def sources() -> Iterator[pathlib.Path]:
    for name in COPIED:
        for path in [ROOT / name] if (ROOT / name).is_file() else sorted((ROOT / name).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                yield path.relative_to(ROOT)


def write_source() -> None:
    update(WORK / "mutant.h", HEADER.encode())
    by_file: dict[str, list[tuple[int, Mutant]]] = {}
    for number, mutant in enumerate(MUTANTS, 1):
        by_file.setdefault(mutant.file, []).append((number, mutant))
    copy = WORK / "source"
    kept = set()
    for path in sources():
        content = (ROOT / path).read_bytes()
        if mutants := by_file.pop(path.as_posix(), None):
            content = mutated(path.as_posix(), content.decode(), mutants).encode()
        update(copy / path, content)
        kept.add(copy / path)
    if by_file:
        raise SystemExit(f"no such file: {', '.join(by_file)}")
    for path in [path for path in copy.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()


def build() -> pathlib.Path:
    """The test program with all mutants in it."""
    write_source()
    tree = WORK / "build"
    if not (tree / "build.ninja").exists():
        options = ["-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1 -D_GLIBCXX_ASSERTIONS"]
        options += ["-DSAFE_LOAD_BUILD_TESTS=ON"]
        options += [f"-DSAFE_LOAD_{part}=OFF" for part in ("BUILD_CLI", "BUILD_FUZZERS", "INSTALL")]
        command = ["cmake", "-G", "Ninja", "-S", WORK / "source", "-B", tree, *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    command = ["cmake", "--build", tree, "-j", "1", "--target", "safe_load_tests"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return tree / "tests" / "safe_load_tests"


def write_cases(folder: pathlib.Path) -> None:
    """Each case of the scorecard and each twin as a file, and what their verdicts must be."""
    rows = ["file\tverdict\trules"]
    for case in cases():
        (folder / case.file).write_bytes(case.content)
        rows.append(f"{case.file}\t{case.verdict}\t{case.rule}")
        if case.twin is not None:
            (folder / f"{case.file}.twin").write_bytes(case.twin)
            rows.append(f"{case.file}.twin\tSAFE\t")
    (folder / "expected.tsv").write_text("\n".join(rows) + "\n")


# ---- the tests


@dataclasses.dataclass
class Test:
    name: str
    folder: str  # "scan" of tests/unit/scan
    seconds: float = 0

    @property
    def is_quick(self) -> bool:
        return self.seconds < QUICK or self.folder == "scan"


@dataclasses.dataclass
class Tests:
    """The test program, and what it needs to run."""

    program: pathlib.Path
    cases: pathlib.Path
    tests: list[Test]

    def run(self, mutant: int, tests: list[Test], limit: float | None) -> tuple[str, dict[str, float]]:
        """What noticed, "" if nothing did; and the seconds of each test that passed."""
        environment = {**os.environ, "SAFE_LOAD_MUTANT": str(mutant), "GTEST_FAIL_FAST": "1", "GTEST_COLOR": "no"}
        environment |= {"GTEST_FILTER": ":".join(test.name for test in tests), "SAFE_LOAD_SCAN_CASES": str(self.cases)}
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            code: int | None = None
            try:
                code = subprocess.run([self.program], env=environment, stdout=output, stderr=subprocess.DEVNULL,
                                      timeout=limit, preexec_fn=limit_memory, check=False).returncode
            except subprocess.TimeoutExpired:
                pass
            output.seek(0)
            said = output.read()
        passed = re.findall(r"^\[       OK \] (\S+) \((\d+) ms\)$", said, re.MULTILINE)
        seconds = {name: int(milliseconds) / 1000 for name, milliseconds in passed}
        begun = re.findall(r"^\[ RUN      \] (\S+)$", said, re.MULTILINE)
        if code == 0:
            return ("" if begun else "no test ran"), seconds
        failed = re.findall(r"^\[  FAILED  \] (\S+)", said, re.MULTILINE)
        if failed:
            return failed[0], seconds
        return (begun[-1] if begun else "the start") + (" (hangs)" if code is None else " (crashes)"), seconds

    def notice(self, mutant: Mutant, number: int, quick_only: bool) -> str:
        """The first test that fails."""
        folder = mutant.file.split("/")[1]
        own = [test for test in self.tests if test.folder == folder]
        quick = [test for test in self.tests if test not in own and test.is_quick]
        slow = [test for test in self.tests if test not in own and not test.is_quick]
        for stage in (own, quick, [] if quick_only else slow):
            if stage and (found := self.run(number, stage, 30 + 10 * sum(test.seconds for test in stage))[0]):
                return found
        return ""


def limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def all_tests(program: pathlib.Path, folder: pathlib.Path) -> Tests:
    """All tests, and how long they take with nothing broken."""
    listed = folder / "tests.json"
    command = [program, "--gtest_list_tests", f"--gtest_output=json:{listed}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    tests = Tests(program, folder / "cases", [])
    for suite in json.loads(listed.read_text())["testsuites"]:
        for test in suite["testsuite"]:
            tests.tests.append(Test(f"{suite['name']}.{test['name']}", pathlib.Path(test["file"]).parent.name))
    found, seconds = tests.run(0, tests.tests, None)
    if found:
        raise SystemExit(f"with nothing broken: {found} fails")
    for test in tests.tests:
        test.seconds = seconds.get(test.name, 0)
    return tests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="those whose name or file has this text")
    parser.add_argument("--list", action="store_true", help="print the table, and no more")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help=f"without the tests that take more than {QUICK} s")
    arguments = parser.parse_args()
    chosen = [(number, mutant) for number, mutant in enumerate(MUTANTS, 1)
              if not arguments.only or arguments.only in mutant.name or arguments.only in mutant.file]
    if arguments.list:
        print(*(f"{number}\t{mutant.file}\t{mutant.name}" for number, mutant in chosen), sep="\n")
        return 0
    begin = time.monotonic()
    program = build()
    survived = wrong = same = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        (pathlib.Path(scratch) / "cases").mkdir()
        write_cases(pathlib.Path(scratch) / "cases")
        tests = all_tests(program, pathlib.Path(scratch))
        noticed = pool.map(lambda row: tests.notice(row[1], row[0], arguments.quick), chosen)
        for (_, mutant), found in zip(chosen, noticed):
            said = f"noticed by {found}" if found else f"the same: {mutant.same}" if mutant.same else "SURVIVED"
            survived += not found and not mutant.same
            same += not found and bool(mutant.same)
            wrong += bool(found and mutant.same)
            print(f"{mutant.file.removeprefix('src/')}: {mutant.name}: {said}", flush=True)
    print(f"mutants: {len(chosen)}, noticed {len(chosen) - survived - same}, the same {same}, survived {survived}, "
          f"called the same and noticed {wrong}; {time.monotonic() - begin:.0f} s")
    return 1 if survived or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
