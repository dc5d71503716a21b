"""Counts the instructions of opening checkpoints under callgrind, and holds them against accepted counts.

    python tools/count_instructions.py PROGRAM [--accept]

PROGRAM opens its arguments (bench_open). Counts do not depend on the machine's load, so they can gate.
They do depend on the compiler: bench/instructions.json has a row for each that was accepted (--accept
writes one); for others only linearity is checked. Three times the tensors may cost at most 3.3 times.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import workloads

ACCEPTED = pathlib.Path(__file__).resolve().parent.parent / "bench" / "instructions.json"
TOLERANCE = 1.03
CASES = {"adam 1,500 tensors": ("adam", 500), "adam 4,500 tensors": ("adam", 1500), "vocabulary 5,000": ("vocabulary", 5000)}


def count(program: str, path: pathlib.Path) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def main() -> int:
    program = sys.argv[1]
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    accepted = json.loads(ACCEPTED.read_text()) if ACCEPTED.exists() else {}
    gate = accepted.get(compiler, {})
    if not gate:
        print(f"SKIPPED: no accepted counts for {compiler}")
    failed = 0
    counts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, (kind, size) in CASES.items():
            path = pathlib.Path(scratch) / "workload.pt"
            workloads.write(kind, size, path)
            counts[name] = count(program, path)
            limit = int(gate.get(name, counts[name]) * TOLERANCE)
            failed += counts[name] > limit
            print(f"{name:20} {counts[name]:>12,} instructions, at most {limit:,}")
    small, large = list(counts.values())[:2]
    failed += large > 3.3 * small
    print(f"three times the tensors: {large / small:.2f} times the instructions, at most 3.30")
    if "--accept" in sys.argv:
        ACCEPTED.write_text(json.dumps(accepted | {compiler: counts}, indent=2) + "\n")
    print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
