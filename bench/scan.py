"""How fast the scanner is, side by side with its peers in one run: W10, many checkpoints, and W3, a large one.

    python bench/scan.py --cli PROGRAM [--files N] [--pairs N] [--peers PYTHON]

W10: N files (1,000) with 60 tensors of 16 KiB each and ten pickles with a harmless payload. W3: one file with
99,999 tensors. Each sample is a process that scans a whole folder, on one core; ours also on all cores.
PYTHON has the peers (`pip install -r attacks/peers.txt`). fickling and modelaudit take one file at a time or
seconds for each, so they get the first 50 files, and their rate is that of those. A sample is ended after 100
seconds: its rate is then an upper bound. Prints files per second and how many times faster ours is, the median
over the pairs, and the bytes that ours read beside those it covered.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "attacks")]

import workloads  # noqa: E402
from assembler import PAYLOAD, pickle_of  # noqa: E402

FEW = 50
LIMIT = 100.0  # seconds a sample


def one_core(command: list[str]) -> list[str]:
    return ["taskset", "-c", "0", *command]


def seconds(command: list[str], folder: pathlib.Path) -> float:
    """At most LIMIT; a peer neither waits for its telemetry nor sends any."""
    environment = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1"}
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
                          env=environment, start_new_session=True) as child:
        try:
            child.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return LIMIT
    return time.perf_counter() - begin


def peer_commands(python: str, folder: pathlib.Path, few: pathlib.Path) -> dict[str, tuple[list[str], pathlib.Path]]:
    """The command of each peer that is there, and the folder whose files it scans."""
    scripts = pathlib.Path(python).parent
    commands = {}
    if (scripts / "picklescan").exists():
        commands["picklescan"] = ([str(scripts / "picklescan"), "-p", str(folder)], folder)
    if (scripts / "modelscan").exists():
        commands["modelscan"] = ([str(scripts / "modelscan"), "-p", str(few)], few)
    if (scripts / "fickling").exists():
        each = "for f in *; do %s --check-safety $f; done" % (scripts / "fickling")
        commands["fickling"] = (["sh", "-c", f"cd {few} && {each}"], few)
    if (scripts / "modelaudit").exists():
        commands["modelaudit"] = ([str(scripts / "modelaudit"), "scan", str(few)], few)
    return commands


def count_files(folder: pathlib.Path) -> int:
    return sum(path.is_file() for path in folder.iterdir())


def write_w10(folder: pathlib.Path, files: int) -> None:
    folder.mkdir()
    workloads.write("adam", 20, folder / "0000.pt", 4096)
    for i in range(1, files):
        shutil.copyfile(folder / "0000.pt", folder / f"{i:04}.pt")
    for i in range(10):
        (folder / f"evil{i}.pkl").write_bytes(pickle_of(PAYLOAD))


def coverage(cli: str, folder: pathlib.Path) -> str:
    done = subprocess.run([cli, "scan", "--format", "jsonl", str(folder)], capture_output=True, check=False)
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    return (f"{summary['files']} files, {summary['SAFE']} SAFE, {summary['DANGEROUS']} DANGEROUS; "
            f"{summary['bytes_read']:,} of {summary['bytes_total']:,} bytes read, {summary['bytes_covered']:,} covered")


def rate(command: list[str], folder: pathlib.Path) -> float:
    return count_files(folder) / seconds(command, folder.parent)


def compare(cli: str, folder: pathlib.Path, peers: dict[str, tuple[list[str], pathlib.Path]], pairs: int) -> None:
    ours = one_core([cli, "scan", "-q", "-j", "1", str(folder)])
    own, whole = ([rate(command, folder) for _ in range(pairs)] for command in (ours, [cli, "scan", "-q", str(folder)]))
    print(f"  safe-load, one core   {statistics.median(own):>10,.1f} files/s")
    print(f"  safe-load, all cores  {statistics.median(whole):>10,.1f} files/s")
    for name, (command, scanned) in peers.items():
        both = [(rate(ours, folder), rate(one_core(command), scanned)) for _ in range(pairs)]
        theirs = [peer for _, peer in both]
        bound = "at most " if max(theirs) <= count_files(scanned) / LIMIT else ""
        times = statistics.median(mine / peer for mine, peer in both)
        print(f"  {name:21} {bound}{statistics.median(theirs):>10,.2f} files/s, ours {times:,.1f}x", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable)
    arguments = parser.parse_args()
    cli = os.path.abspath(arguments.cli)
    with tempfile.TemporaryDirectory() as scratch:
        w10, few, w3 = (pathlib.Path(scratch) / name for name in ("w10", "few", "w3"))
        write_w10(w10, arguments.files)
        write_w10(few, FEW)
        w3.mkdir()
        workloads.write("adam", 33333, w3 / "w3.pt")
        print(f"W10: {coverage(cli, w10)}")
        compare(cli, w10, peer_commands(arguments.peers, w10, few), arguments.pairs)
        print(f"W3: {coverage(cli, w3)}")
        compare(cli, w3, peer_commands(arguments.peers, w3, w3), arguments.pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
