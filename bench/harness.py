"""Takes samples in processes of their own, ours and theirs in turns."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import peers
import workloads
from plan import Row
from table import Compared

HERE = pathlib.Path(__file__).resolve().parent


class Harness:
    """Takes samples: where the files are, and on which core."""

    def __init__(self, folder: pathlib.Path, build: pathlib.Path, core: int) -> None:
        self.folder = folder
        self.touch = next(build.glob("bench/libbench_touch.*")).resolve()
        self.memory_program = build / "bench" / "bench_memory"
        self.open_program = build / "bench" / "bench_open"
        self.pinned = ["taskset", "-c", str(core)]

    def _python(
        self, script: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> dict[str, Any]:
        done = subprocess.run(
            [*self.pinned, sys.executable, HERE / script, *arguments],
            env=os.environ | {"OMP_NUM_THREADS": "1"} | (environment or {}),
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
            raise RuntimeError(lines[-1][:200])
        return json.loads(done.stdout)

    def sample(self, row: Row, name: str) -> dict[str, Any]:
        """One load, by `name`, in a fresh process."""
        peer = peers.PEERS[name]
        path = self.folder / (row.workload + peer.suffix)
        request = {
            "peer": name,
            "path": str(path),
            "warmup": str(self.folder / ("w9" + peer.suffix)),
            "touch": str(self.touch),
            "claim": path.stat().st_size + (512 << 20),
            "collector": peers.OTHERS[row.peer].has_collector,
            "repeats": workloads.WORKLOADS[row.workload].repeats,
        }
        return self._python("sample.py", json.dumps(request), environment=peer.environment)

    def same(self, row: Row, *options: str) -> dict[str, Any]:
        return self._python("same.py", row.ours, row.peer, str(self.folder / row.workload), *options)

    def compare(self, row: Row, pairs: int) -> Compared:
        """A B A B, after the tensors were compared bit for bit."""
        compared = Compared(row, same="")
        try:
            found = self.same(row)["difference"]
            compared.same = "differ: " + found if found else "same bits"
            for _ in range(pairs):
                compared.pairs.append((self.sample(row, row.ours), self.sample(row, row.peer)))
        except RuntimeError as error:
            compared.failure = str(error)
        return compared
