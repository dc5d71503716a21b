"""Scans files whose verdicts are known: the labelled corpus, the real corpora, and every kind of kinds.py.

    python tools/check_scan.py --cli PROGRAM [--shared FOLDER] [--list]

Labelled files: no malicious file is SAFE, every verdict is one of those expected, at least 95 % of the
malicious ones get their goal, no benign file is DANGEROUS. Real files and kinds: none is DANGEROUS. All of it
is hostile input, which only the scanner opens. Without a corpus (--shared, $SAFE_LOAD_SHARED, ../shared) its
part is skipped; without torch the kinds are. --list prints every file that is not SAFE. Ends with 1 if
anything is not as it must be.

Of real files it prints, too, how many are SAFE of those without code of their own: whose names are all of well-known
packages, and that hold no function and no program.
"""

from __future__ import annotations

import argparse
import collections
import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOAL = 0.95


def scan(cli: str, folder: pathlib.Path) -> dict[str, dict]:
    """The record of each file, by its path below the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = b"\0".join(os.fsencode(path) for path in paths)
    command = [cli, "scan", "--format", "jsonl", "--files-from", "-", "--null"]
    done = subprocess.run(command, input=listed, capture_output=True, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    return {os.path.relpath(record["path"], folder): record for record in records if "path" in record}


def unpack(archive: pathlib.Path, into: str) -> pathlib.Path:
    if archive.suffix == ".zst":
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", into], check=True)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(into)
    return pathlib.Path(into)


def tally(records: dict[str, dict]) -> str:
    counts = collections.Counter(record["verdict"] for record in records.values())
    return ", ".join(f"{counts[v]} {v}" for v in ("SAFE", "UNKNOWN", "INCOMPLETE", "DANGEROUS"))


def check_labels(cli: str, archive: pathlib.Path) -> list[str]:
    faults = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = next(unpack(archive, scratch).iterdir())
        records = scan(cli, folder)
        with (folder / "LABELS.tsv").open(newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    goals = malicious = 0
    for row in rows:
        verdict = records[row["path"]]["verdict"] if row["path"] in records else "no record"
        if verdict not in row["expected"].split(","):
            faults.append(f"{row['path']}: {verdict}, not {row['expected']}")
        if row["label"] == "malicious":
            malicious += 1
            goals += verdict == row["goal"]
            if verdict == "SAFE":
                faults.append(f"{row['path']}: malicious and SAFE")
    if goals < GOAL * malicious:
        faults.append(f"labels: only {goals} of {malicious} malicious files get their goal")
    labelled = {row["path"]: records[row["path"]] for row in rows if row["path"] in records}
    print(f"labels: {len(rows)} files, {tally(labelled)}; {goals} of {malicious} malicious at their goal")
    return faults


def check_honest(name: str, records: dict[str, dict], show: bool) -> list[str]:
    print(f"{name}: {len(records)} files, {tally(records)}")
    for path, record in records.items():
        if show and record["verdict"] != "SAFE":
            why = record["findings"][0] if record["findings"] else {"rule": "", "message": ""}
            print(f"  {record['verdict']}\t{path}\t{why['rule']} {why['message']}")
    return [f"{path}: DANGEROUS: {record['findings'][0]['message']}" for path, record in records.items()
            if record["verdict"] == "DANGEROUS"]


def well_known_packages() -> set[str]:
    """The packages of the table of package classes, and of the sources that come with Python or make arrays."""
    table = (ROOT / "src" / "scan" / "package_classes.inc").read_text()
    return {module.split(".")[0] for module in re.findall(r'^CLASSES\(\d+, "([^"]+)"', table, re.M)} | {"numpy", "pandas", "builtins", "collections"}


def has_own_code(record: dict, packages: set[str]) -> bool:
    """Whether a class, function or program in the file is of nobody but whoever wrote it."""
    open_findings = [finding for finding in record["findings"] if finding["severity"] != "note"]
    modules = {finding["global"]["module"].split(".")[0] for finding in open_findings if finding.get("global")}
    return bool(modules - packages) or any(finding["rule"] in ("SL-A04", "SL-G09", "SL-T05") for finding in open_findings)


def print_share(name: str, records: dict[str, dict]) -> None:
    packages = well_known_packages()
    plain = {path: record for path, record in records.items() if not has_own_code(record, packages)}
    safe = sum(record["verdict"] == "SAFE" for record in plain.values())
    print(f"{name}: {safe} SAFE of {len(plain)} without code of their own ({100 * safe / max(len(plain), 1):.1f} %)")
    for path, record in plain.items():
        if record["verdict"] != "SAFE":
            print(f"  {record['verdict']}\t{path}\t" + "; ".join(sorted({f"{one['rule']} {one['message']}" for one in record["findings"] if one["severity"] != "note"}))[:200])


def check_kinds(cli: str, show: bool) -> list[str]:
    sys.path.insert(0, str(ROOT / "python" / "tests"))
    try:
        import torch
    except ImportError:
        print("SKIPPED: no torch, so no kinds")
        return []
    import warnings

    warnings.simplefilter("ignore")
    from kinds import KINDS

    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name, kind in KINDS.items():
            for protocol in kind.protocols:
                torch.save(kind.value(), folder / f"{name}-{protocol}.pt".replace("/", "_"), pickle_protocol=protocol)
        return check_honest("kinds", scan(cli, folder), show)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True)
    parser.add_argument("--shared", default=os.environ.get("SAFE_LOAD_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    cli = os.path.abspath(arguments.cli)
    corpus = pathlib.Path(arguments.shared) / "corpus"
    faults = []
    if (corpus / "scan-cases.tar.zst").exists():
        faults += check_labels(cli, corpus / "scan-cases.tar.zst")
    else:
        print(f"SKIPPED: no labelled corpus in {corpus}")
    for name, archive in (("real files", "real.tar.gz"), ("more real files", "more.tar.gz")):
        if not (corpus / archive).exists():
            print(f"SKIPPED: no {archive} in {corpus}")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            top = unpack(corpus / archive, scratch)
            records = scan(cli, next(top.rglob("files")))
        faults += check_honest(name, records, arguments.list)
        print_share(name, records)
    faults += check_kinds(cli, arguments.list)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"scan: faults {len(faults)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
