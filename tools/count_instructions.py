"""Counts the instructions of opening checkpoints under callgrind, and holds them against accepted counts.

    python tools/count_instructions.py PROGRAM [--accept | --full]

PROGRAM opens its arguments (bench_open); bench_scan beside it scans them. Counts do not depend on the machine's load, so they can gate.
They do depend on the compiler: bench/instructions.json has a row for each that was accepted (--accept
writes one); for others only linearity is checked: three times the tensors may cost at most 3.3 times.
--full checks linearity only, with the sizes that are measured: 6,000 and 99,999 tensors.
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
LINEAR = 1.1  # times the ratio of tensors
FULL = {"adam 6,000 tensors": ("adam", 2000), "adam 99,999 tensors": ("adam", 33333)}
SCANNED = {"scan 60 tensors": ("adam", 20)}  # one file of the scanner's workload, W10 ...
TIMES = 100  # ... so often that starting the program does not count
CASES = {"adam 1,500 tensors": ("adam", 500), "adam 4,500 tensors": ("adam", 1500), "vocabulary 5,000": ("vocabulary", 5000)} | SCANNED


def count(program: str, path: pathlib.Path, times: int = 1) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, *[str(path)] * times]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def main() -> int:
    program = sys.argv[1]
    scanner = str(pathlib.Path(program).with_name("bench_scan"))
    cases = FULL if "--full" in sys.argv else CASES
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    accepted = json.loads(ACCEPTED.read_text()) if ACCEPTED.exists() else {}
    gate = accepted.get(compiler, {})
    if not gate and cases is CASES:
        print(f"SKIPPED: no accepted counts for {compiler}")
    failed = 0
    counts = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, (kind, size) in cases.items():
            path = pathlib.Path(scratch) / "workload.pt"
            workloads.write(kind, size, path)
            counts[name] = count(scanner, path, TIMES) // TIMES if name in SCANNED else count(program, path)
            limit = int(gate.get(name, counts[name]) * TOLERANCE)
            failed += counts[name] > limit
            print(f"{name:20} {counts[name]:>13,} instructions" + (f", at most {limit:,}" if name in gate else ""))
    small, large = list(counts.values())[:2]
    (_, few), (_, many) = list(cases.values())[:2]
    most = LINEAR * many / few
    failed += large > most * small
    print(f"{many / few:.2f} times the tensors: {large / small:.2f} times the instructions, at most {most:.2f}")
    if "--accept" in sys.argv and cases is CASES:
        ACCEPTED.write_text(json.dumps(accepted | {compiler: counts}, indent=2) + "\n")
    checks = 1 + sum(name in gate for name in cases)
    print(f"{checks - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
