"""A case of the scanner's catalogue, and the two pickles that most of them are made of."""

from __future__ import annotations

import dataclasses

from assembler import PAYLOAD, pickle_of, text

EVIL = pickle_of(PAYLOAD)
CLEAN = pickle_of(b"}" + text("a") + b"K\x01s")


@dataclasses.dataclass(frozen=True)
class Case:
    row: str
    name: str
    content: bytes
    verdict: str
    rule: str = ""
    twin: bytes | None = None

    @property
    def file(self) -> str:
        return f"{self.row}-{self.name}"
