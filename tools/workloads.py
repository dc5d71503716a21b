"""Checkpoints to measure with, made without torch: the pickle is assembled opcode by opcode.

    python tools/workloads.py adam 2000 adam6k.pt       an Adam state of 2,000 parameters: 6,000 tensors
    python tools/workloads.py adam 500 wide.pt 8192     the same with larger tensors: 8,192 elements, not 64
    python tools/workloads.py vocabulary 300000 w5.pt   a dict of words, and as many small dicts
"""

import pathlib
import struct
import sys
import zipfile


class Pickle:
    """A protocol 2 pickle in the way torch.save writes it; text is memoised as CPython does."""

    def __init__(self) -> None:
        self.parts = [b"\x80\x02"]
        self.memo: dict[object, int] = {}

    def raw(self, *parts: bytes) -> "Pickle":
        self.parts += parts
        return self

    def put(self, key: object) -> "Pickle":
        index = self.memo[key] = len(self.memo)
        return self.raw(b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index))

    def get(self, key: object) -> "Pickle":
        index = self.memo[key]
        return self.raw(b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index))

    def text(self, text: str) -> "Pickle":
        if text in self.memo:
            return self.get(text)
        encoded = text.encode()
        return self.raw(b"X" + struct.pack("<I", len(encoded)) + encoded).put(text)

    def number(self, number: int) -> "Pickle":
        if number < 256:
            return self.raw(b"K" + bytes([number]))
        return self.raw(b"M" + struct.pack("<H", number) if number < 65536 else b"J" + struct.pack("<i", number))

    def symbol(self, module: str, name: str) -> "Pickle":
        if (module, name) in self.memo:
            return self.get((module, name))
        return self.raw(f"c{module}\n{name}\n".encode()).put((module, name))

    def tensor(self, key: str, count: int, shape: tuple[int, ...]) -> "Pickle":
        """A float32 tensor over the storage `key`; shape is () or (count,)."""
        self.symbol("torch._utils", "_rebuild_tensor_v2").raw(b"((").text("storage")
        self.symbol("torch", "FloatStorage").text(key).text("cpu").number(count).raw(b"tQK\x00")
        for sizes in (shape, (1,) * len(shape)):
            self.raw(b")") if not sizes else self.number(sizes[0]).raw(b"\x85")
        return self.raw(b"\x89").symbol("collections", "OrderedDict").raw(b")RtR")

    def finish(self) -> bytes:
        return b"".join(self.parts) + b"."


def adam(parameters: int, elements: int = 64) -> tuple[bytes, dict[str, bytes]]:
    """{"state": {i: {step, exp_avg[elements], exp_avg_sq[elements]}}}."""
    pickle = Pickle().raw(b"}").text("state").raw(b"}(")
    storages: dict[str, bytes] = {}
    for i in range(parameters):
        pickle.number(i).raw(b"}(")
        for name, count in (("step", 1), ("exp_avg", elements), ("exp_avg_sq", elements)):
            key = str(len(storages))
            storages[key] = struct.pack("<f", i) * count
            pickle.text(name).tensor(key, count, () if count == 1 else (count,))
        pickle.raw(b"u")
    return pickle.raw(b"us").finish(), storages


def vocabulary(words: int) -> tuple[bytes, dict[str, bytes]]:
    """{"words": {word: number}, "log": [{"epoch", "loss"}]}."""
    pickle = Pickle().raw(b"}(").text("words").raw(b"}(")
    for i in range(words):
        pickle.raw(b"X" + struct.pack("<I", 9) + b"word%05x" % i)
        pickle.number(i)
    pickle.raw(b"u").text("log").raw(b"](")
    for i in range(words):
        pickle.raw(b"}(").text("epoch").number(i).text("loss").raw(b"G" + struct.pack(">d", i / 7)).raw(b"u")
    return pickle.raw(b"eu").finish(), {}


def write(kind: str, size: int, path: pathlib.Path, *more: int) -> None:
    pickle, storages = {"adam": adam, "vocabulary": vocabulary}[kind](size, *more)
    fixed = lambda name: zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the same bytes every time
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(fixed("archive/data.pkl"), pickle)
        archive.writestr(fixed("archive/byteorder"), b"little")
        for key, content in storages.items():
            archive.writestr(fixed(f"archive/data/{key}"), content)
        archive.writestr(fixed("archive/version"), b"3\n")


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]), *map(int, sys.argv[4:]))
