"""Writes the seeds of the fuzz targets to fuzz/corpus: small valid inputs, made here and by nobody else.

    python tools/make_fuzz_corpus.py

Needs torch 2.13 and numpy for the checkpoints; the pickles are CPython's.
"""

import argparse
import collections
import datetime
import decimal
import io
import pathlib
import pickle
import uuid
import zipfile

import numpy as np
import torch

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"

VALUES = {
    "plain": {"a": 1, "b": [1.5, None, True, (2, 3)], "c": {"d": b"bytes"}, "big": 1 << 80, "s": {1, 2}},
    "ordered": collections.OrderedDict(a=1, b=collections.OrderedDict()),
    "records": [datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.timedelta(1, 2, 3), uuid.UUID(int=5)]
    + [decimal.Decimal("1.5"), complex(1, 2), range(3), pathlib.PurePosixPath("/a/b")],
    "namespace": argparse.Namespace(lr=0.1, name="x"),
    "numpy": [np.float64(1.5), np.arange(3), np.array(["a", None], object), np.zeros(2, "i4,f8")],
    "alias": [[x := [1], x], {"k": x}],
}


def main() -> None:
    pickles, zips, checkpoints = (CORPUS / f"fuzz_{kind}" for kind in ("pickle", "zip", "checkpoint"))
    for folder in (pickles, zips, checkpoints):
        folder.mkdir(parents=True, exist_ok=True)
    for name, value in VALUES.items():
        for protocol in range(6):
            (pickles / f"{name}-{protocol}").write_bytes(pickle.dumps(value, protocol))
        (checkpoints / f"{name}.pkl").write_bytes(pickle.dumps(value, 2))
        stream = io.BytesIO()
        torch.save(value, stream)
        (checkpoints / f"{name}.pt").write_bytes(stream.getvalue())
    weight = torch.arange(16, dtype=torch.float32).reshape(4, 4)
    tensors = {"w": weight, "t": weight.T, "s": weight[1:, 1:], "p": torch.nn.Parameter(weight[0].clone())}
    tensors |= {"b": torch.ones(2, dtype=torch.bfloat16), "u": torch.ones(2, dtype=torch.uint16)}
    stream = io.BytesIO()
    torch.save(tensors, stream)
    (checkpoints / "tensors.pt").write_bytes(stream.getvalue())
    (zips / "torch").write_bytes(stream.getvalue())
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            archive.writestr("a/data.pkl", b"N.")
            archive.writestr("a/data/0", bytes(100))
        (zips / f"python-{method}").write_bytes(stream.getvalue())


if __name__ == "__main__":
    main()
