"""Compares safe_load with other loaders: fresh processes, ours and theirs in turns; prints Markdown.

    python bench/compare.py --build build/release [--folder SCRATCH] [--pairs 11] [--only w1,w9] ...
    python bench/compare.py --build build/release --self-test

Needs torch 2.13 and, for its rows, safetensors 0.8. How it measures is described in bench/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import sys
import tempfile
import time

import machine
import peers
import report
import table
import workloads
from harness import Harness
from plan import PLAN, Row

HERE = pathlib.Path(__file__).resolve().parent
MARKS = "<!-- report -->", "<!-- end of report -->"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--build", type=pathlib.Path, required=True, help="a Release build with SAFE_LOAD_BUILD_BENCH"
    )
    parser.add_argument(
        "--folder", type=pathlib.Path, help="for the workloads, 4.6 GB, kept; else a temporary one"
    )
    parser.add_argument("--pairs", type=int, default=11, help="for each row (11)")
    parser.add_argument("--only", default="", help="workloads, or one way to load them: w1/load,w9")
    parser.add_argument(
        "--core", type=int, default=max(os.sched_getaffinity(0)), help="that all samples run on"
    )
    parser.add_argument("--wait", type=float, default=300, help="seconds to wait for a quiet machine (300)")
    parser.add_argument(
        "--force", action="store_true", help="measure on a busy machine, and say so in the report"
    )
    parser.add_argument("--json", type=pathlib.Path, help="a file for all samples")
    parser.add_argument("--update", action="store_true", help="also put the report into bench/README.md")
    parser.add_argument("--self-test", action="store_true", help="test the harness on tiny workloads")
    return parser.parse_args()


def planned(only: str) -> list[Row]:
    wanted = set(only.split(",")) if only else set(workloads.WORKLOADS)
    names = {row.workload for row in PLAN} | {f"{row.workload}/{row.ours}" for row in PLAN}
    if unknown := wanted - names - set(workloads.WORKLOADS):
        raise SystemExit(f"no such workload: {', '.join(sorted(unknown))}")
    rows = [row for row in PLAN if wanted & {row.workload, f"{row.workload}/{row.ours}"}]
    if not peers.has_safetensors():
        say("SKIPPED: the rows of safetensors, which is not installed")
        rows = [row for row in rows if peers.OTHERS[row.peer].suffix == ".pt"]
    return rows


def measure(rows: list[Row], folder: pathlib.Path, arguments: argparse.Namespace) -> str | None:
    """The report; None if the machine is too busy."""
    for name in workloads.WORKLOADS:
        if name == "w9" or any(row.workload == name for row in rows):
            say(f"{name}: sha256 {workloads.write(name, folder)['sha256']}")
    head = []
    if not machine.wait_until_quiet(0 if arguments.force else arguments.wait):
        busy = f"the 1-minute load was {machine.load():.2f} at the start, more than {machine.QUIET}"
        if not arguments.force:
            say(f"{busy}; --force measures all the same")
            return None
        head.append(f"**Not to be quoted: {busy}.**")
    head.append(table.markdown(["", ""], machine.describe(folder)))
    harness = Harness(folder, arguments.build, arguments.core)
    compared = []
    for number, row in enumerate(rows, 1):
        start = time.monotonic()
        compared.append(harness.compare(row, arguments.pairs))
        say(f"{number}/{len(rows)} {row.workload} {row.ours} / {row.peer}: {time.monotonic() - start:.0f} s")
        if arguments.json:
            arguments.json.write_text(json.dumps([vars(c) | {"row": vars(c.row)} for c in compared]))
    return report.report(harness, head, compared, arguments.pairs)


def update_readme(text: str) -> None:
    readme = HERE / "README.md"
    between = re.compile(re.escape(MARKS[0]) + ".*" + re.escape(MARKS[1]), re.DOTALL)
    readme.write_text(between.sub(lambda _: f"{MARKS[0]}\n\n{text}\n{MARKS[1]}", readme.read_text()))


def main() -> int:
    arguments = parse()
    if arguments.self_test:
        import self_test

        return self_test.run(arguments.build, arguments.core)
    rows = planned(arguments.only)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        text = measure(rows, folder, arguments)
    if text is None:
        return 3
    print(text)
    if arguments.update:
        update_readme(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
