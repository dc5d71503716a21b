"""Runs the fuzz targets that script/fuzz built, and prints what each executed and covered.

    python3 tools/fuzz_all.py --minutes N [--only TARGET] [--jobs N]

Each target gets its share of N minutes on each core, more of them where one execution costs more. What was found
before is a seed. Ends with 1 if a target found a crash, a hang or a leak.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
# The share of the time. Those with the whole engine behind them are slow.
TARGETS = {"fuzz_scan": 6, "fuzz_container": 3, "fuzz_checkpoint": 3, "fuzz_pickle": 3, "fuzz_zip": 2, "fuzz_operands": 2, "fuzz_tar": 1,
           "fuzz_json": 1, "fuzz_index": 1, "fuzz_metadata": 1, "fuzz_decompress": 1}
LENGTHS = {"fuzz_operands": 64}  # the longest input, else 4096
PIECE = 30  # seconds
# Without the power schedule of libFuzzer: on targets as quick as these it takes most of the time.
OPTIONS = ["-timeout=10", "-rss_limit_mb=3000", "-entropic=0"]
DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)")


@dataclasses.dataclass
class Total:
    executions: int = 0
    edges: int = 0
    features: int = 0
    inputs: int = 0
    failure: str = ""


def run(target: str, seconds: int) -> Total:
    found = BUILD / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "fuzz" / target, f"-max_total_time={seconds}", f"-max_len={LENGTHS.get(target, 4096)}", *OPTIONS, f"-dict={BUILD / 'all.dict'}",
               f"-artifact_prefix={BUILD / 'found'}/", found, ROOT / "fuzz" / "corpus" / target]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    last = DONE.findall(done.stderr)
    if done.returncode != 0 or not last:
        return Total(failure=done.stderr[-4000:] or f"exit {done.returncode}")
    return Total(*map(int, last[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    (BUILD / "all.dict").write_text("".join(path.read_text() for path in sorted((ROOT / "fuzz" / "dictionaries").glob("*.dict"))))
    targets = {arguments.only: 1} if arguments.only else TARGETS
    whole = arguments.minutes * 60 * arguments.jobs
    shares = {target: whole * share / sum(targets.values()) for target, share in targets.items()}
    # In pieces, so that the cores stay busy to the end and a target's inputs are minimal seeds of its next piece.
    pieces = [(target, PIECE) for target, share in shares.items() for _ in range(int(share // PIECE))]
    pieces += [(target, int(share % PIECE)) for target, share in shares.items() if share % PIECE >= 1]
    totals = {target: Total() for target in targets}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for (target, _), part in zip(pieces, pool.map(lambda piece: run(*piece), pieces)):
            total = totals[target]
            total.executions += part.executions
            total.edges = max(total.edges, part.edges)
            total.features = max(total.features, part.features)
            total.inputs = max(total.inputs, part.inputs)
            total.failure = total.failure or part.failure
    for target, total in totals.items():
        print(f"{target:16} {total.executions:>13,} executions, {total.edges:>6,} edges, {total.features:>7,} features, "
              f"{total.inputs:>6,} inputs{'; FAILED' if total.failure else ''}")
        if total.failure:
            print(total.failure)
    failed = sum(bool(total.failure) for total in totals.values())
    print(f"fuzz: {sum(total.executions for total in totals.values()):,} executions, {failed} targets failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
