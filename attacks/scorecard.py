"""The scanner's scorecard: one harmless attack for each row of its catalogue, and what peers say to it.

    python attacks/scorecard.py [--folder FOLDER] [--peers] [--update]

Prints a row for each case: the verdict it must get, ours, and with --peers those of picklescan, modelscan,
fickling and modelaudit, as far as they are installed (`pip install -r attacks/peers.txt`). Ends with 1 if a
case falls below attacks/scorecard.tsv or a twin is not SAFE. --update writes the floor, which may only rise.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import safe_load

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from case import Case  # noqa: E402
from cases import cases  # noqa: E402

FLOOR = HERE / "scorecard.tsv"
# Of files that cannot be opened or change meanwhile, and of the command's workers: python/tests/test_scan_command.py.
BY_THE_COMMAND = {"SL-R14", "SL-R15", "SL-H03", "SL-H05"}
ORDER = ["SAFE", "UNKNOWN", "INCOMPLETE", "DANGEROUS"]


def faults(case: Case) -> list[str]:
    """What is wrong with our answer to this case and to its twin."""
    found = []
    report = safe_load.scan(case.content)
    if report.verdict.name != case.verdict:
        found.append(f"{case.file}: {report.verdict.name}, not {case.verdict}")
    if case.rule and case.rule not in {finding.rule for finding in report.findings}:
        found.append(f"{case.file}: no finding {case.rule}")
    if case.twin is not None and (twin := safe_load.scan(case.twin)).verdict is not safe_load.Verdict.SAFE:
        found.append(f"{case.file}: its twin is {twin.verdict.name}: {[f.message for f in twin.findings]}")
    return found


def rules() -> list[str]:
    """The ids of the table that the scanner is made from."""
    return ["SL-" + rule for rule in re.findall(r"^  X\((\w+),", (HERE.parent / "src/scan/rule.h").read_text(), re.MULTILINE)]


def floor() -> dict[str, str]:
    with FLOOR.open(newline="") as file:
        return {row["case"]: row["verdict"] for row in csv.DictReader(file, delimiter="\t")}


def write_floor(rows: dict[str, str]) -> None:
    with FLOOR.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["case", "verdict"])
        writer.writerows(sorted(rows.items()))


# ---- peers; "found", "clean", or what became of the run


def _ask(path: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A peer's script, not its module: `python -m picklescan` ends with 0 whatever it found.

    Run in the folder of the file: fickling leaves a report where it is run. modelaudit waits seconds for its
    telemetry, which it is told not to send.
    """
    command = [os.path.join(os.path.dirname(sys.executable), program), *arguments]
    environment = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=os.path.dirname(path),
                          env=environment)


def picklescan(path: str) -> str:
    done = _ask(path, "picklescan", "-p", path)
    return {0: "clean", 1: "found"}.get(done.returncode, "error")


def modelscan(path: str) -> str:
    done = _ask(path, "modelscan", "-p", path, "-r", "json")
    return {0: "clean", 1: "found", 3: "skipped"}.get(done.returncode, "error")


def fickling(path: str) -> str:
    """A traceback ends with 1 as a find does."""
    done = _ask(path, "fickling", "--check-safety", path)
    told = {0: "clean", 1: "found"}.get(done.returncode, "error")
    return "error" if "Traceback" in done.stderr else told


def modelaudit(path: str) -> str:
    done = _ask(path, "modelaudit", "scan", path, "--format", "json")
    try:
        issues = json.loads(done.stdout)["issues"]
    except (ValueError, KeyError):
        return "error"
    return "found" if any(issue["severity"] in ("critical", "warning") for issue in issues) else "clean"


PEERS = {"picklescan": picklescan, "modelscan": modelscan, "fickling": fickling, "modelaudit": modelaudit}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, help="where the files are written; by default they vanish")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    peers = {name: ask for name, ask in PEERS.items() if arguments.peers and importlib.util.find_spec(name)}
    found: list[str] = []
    rows: dict[str, str] = {}
    raised: set[str] = set()
    counts = dict.fromkeys(peers, 0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print("\t".join(["case", "expected", "safe-load", *peers]))
        for case in cases():
            path = folder / case.file
            path.write_bytes(case.content)
            report = safe_load.scan(path)
            verdict = report.verdict.name
            raised |= {finding.rule for finding in report.findings}
            rows[case.file] = verdict
            found += faults(case)
            answers = {name: ask(str(path)) for name, ask in peers.items()}
            for name, answer in answers.items():
                counts[name] += answer == "found"
            print("\t".join([case.file, case.verdict, verdict, *answers.values()]))
    never = {rule for rule in rules() if rule not in raised and rule not in BY_THE_COMMAND}
    found += [f"{rule}: no case raises this rule" for rule in sorted(never)]
    if arguments.update:
        write_floor(rows)
    below = [name for name, least in floor().items() if ORDER.index(rows.get(name, "SAFE")) < ORDER.index(least)]
    found += [f"{name}: below its floor" for name in below]
    print(*found, sep="\n", end="\n" if found else "")
    ours = sum(verdict != "SAFE" for verdict in rows.values())
    told = "".join(f", {name} {count}" for name, count in counts.items())
    print(f"scorecard: {len(rows)} cases, not SAFE {ours}{told}; faults {len(found)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
