"""Writes the seeds of the fuzz targets to fuzz/corpus: small valid inputs, made here and by nobody else.

    python tools/make_fuzz_corpus.py

Needs torch 2.13, numpy and safetensors for the checkpoints; the pickles are CPython's.
"""

import argparse
import bz2
import collections
import datetime
import decimal
import gzip
import io
import json
import lzma
import pathlib
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import uuid
import warnings
import zipfile
import zlib

import numpy as np
import torch
import torch.distributed.checkpoint
from safetensors.torch import save as save_safetensors

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "attacks"))

from assembler import pickle_of  # noqa: E402
from cases import joblib_array  # noqa: E402

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


def tar(members: dict[str, bytes], form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1.5
            archive.addfile(info, io.BytesIO(content))
    content = stream.getvalue().rstrip(b"\0")  # tarfile pads to 10 KiB
    return content + bytes(-len(content) % 512 + 1024)


def tar_members() -> dict[str, bytes]:
    """torch.save of torch 0.1: a tensor of two elements on a view of a storage."""
    storage = pickle.dumps((1, "cpu", torch.FloatStorage), 2) + struct.pack("<q4f", 4, 1, 2, 3, 4)
    tensor = pickle.dumps((3, 2, torch.FloatTensor), 2) + struct.pack("<i4x3q", 1, 2, 1, 0)
    return {
        "pickle": b"\x80\x02}(U\x01wU\x013QU\x01sK\x01Qu.",
        "tensors": pickle.dumps(1, 2) + tensor,
        "storages": pickle.dumps(1, 2) + storage + pickle.dumps([(2, 1, 1, 2)], 2),
    }


class Scripted(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))
        self.sizes = [1, 2]

    def forward(self, x):
        return x * self.weight


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def containers(tensors: dict) -> dict[str, bytes]:
    """One small file of each kind."""
    made = {}
    for protocol in (2, 4):
        stream = io.BytesIO()
        torch.save(tensors, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
        made[f"legacy-{protocol}"] = stream.getvalue()
        made[f"pickle-{protocol}"] = pickle.dumps(tensors["w"], protocol)
    made["tar"] = tar(tar_members(), tarfile.PAX_FORMAT)
    made["safetensors"] = save_safetensors({"a": torch.ones(2), "b": torch.ones(3).half()}, {"format": "pt"})
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Scripted()), stream)
    with zipfile.ZipFile(stream) as archive:  # the code and what debuggers read name files of this machine
        names = [name for name in archive.namelist() if "/code/" not in name and "debug_pkl" not in name]
        made["torchscript"] = zipped({name: archive.read(name) for name in names})
    for name, array in {"npy": np.arange(6.0).reshape(2, 3).T, "npy-structure": np.zeros(2, "i4,f8")}.items():
        stream = io.BytesIO()
        np.save(stream, array)
        made[name] = stream.getvalue()
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.arange(3), b=np.ones(2))
    made["npz"] = stream.getvalue()
    members = {"a.pt": made["legacy-2"], "b.safetensors": made["safetensors"], "c.txt": b"Some text."}
    made["zip-of-checkpoints"] = zipped(members | {"d.zip": zipped({"e.npy": made["npy"]}, zipfile.ZIP_DEFLATED)})
    model = {"mainModule": {"parameters": [{"name": "w", "tensorId": "0"}], "submodules": [{"name": "s"}]}}
    model["tensors"] = [{"dims": ["2"], "strides": ["1"], "dataType": "FLOAT", "data": {"key": "tensors/0"}, "offset": "0"}]
    stream = io.BytesIO()
    with torch.package.PackageExporter(stream) as exporter:
        exporter.extern("**")
        exporter.save_pickle("a", "one.pkl", tensors)
        exporter.save_pickle("b", "two", [1, tensors["w"]])
    made["package"] = stream.getvalue()
    meta = {"dtype": 7, "sizes": [{"as_int": 2}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}, "layout": 7}
    row = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta}
    rows = {"w": row, "n": row | {"path_name": "weight_1", "use_pickle": True}}
    export = {"m/data/weights/weight_0": bytes(8), "m/data/weights/weight_1": made["legacy-2"]}
    export["m/data/weights/model_weights_config.json"] = json.dumps({"config": rows}).encode()
    made["export"] = zipped(export | {"m/archive_format": b"pt2"})
    made["script-2018"] = zipped({"m/model.json": json.dumps(model).encode(), "m/tensors/0": bytes(8)})
    return made


def packed(content: bytes) -> dict[str, bytes]:
    """The same in each coding, in the order in which src/decompress/coding.h has them. Needs the program zstd."""
    return {
        "gzip": gzip.compress(content, mtime=0),
        "zlib": zlib.compress(content),
        "bzip2": bz2.compress(content),
        "xz": lzma.compress(content),
        "lzma": lzma.compress(content, format=lzma.FORMAT_ALONE),
        "zstd": subprocess.run(["zstd", "-q", "-c"], input=content, capture_output=True, check=True).stdout,
    }


def write_joblib() -> None:
    """Two arrays between opcodes, as attacks/cases.py writes them: joblib itself need not be here."""
    arrays = joblib_array(3) + b"abc" + joblib_array(0) + b"\x86"
    (CORPUS / "fuzz_container" / "joblib").write_bytes(pickle_of(arrays))


def write_packed() -> None:
    content = pickle.dumps(VALUES["plain"], 2)
    (CORPUS / "fuzz_decompress").mkdir(parents=True, exist_ok=True)
    for number, (name, data) in enumerate(packed(content).items()):
        (CORPUS / "fuzz_decompress" / name).write_bytes(bytes([number]) + data)
        (CORPUS / "fuzz_container" / f"{name}-pickle").write_bytes(data)
    series = gzip.compress(content[:9], mtime=0) + gzip.compress(content[9:], mtime=0) + bytes(3)
    (CORPUS / "fuzz_decompress" / "gzip-series").write_bytes(b"\0" + series)


def main() -> None:
    kinds = ("pickle", "zip", "checkpoint", "container", "tar", "json", "index", "metadata")
    pickles, zips, checkpoints, others, tars, texts, indexes, metadata = (CORPUS / f"fuzz_{kind}" for kind in kinds)
    for folder in (pickles, zips, checkpoints, others, tars, texts, indexes, metadata):
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
    for name, content in containers({"w": weight, "row": weight[1], "b": tensors["b"]}).items():
        (others / name).write_bytes(content)
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        (tars / f"format-{form}").write_bytes(tar({"short": b"abc", "long/" * 30 + "name": b"x", "empty": b""}, form))
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    index = {"metadata": {"total_size": 24}, "weight_map": {"a": shards[0], "b": shards[1], "c": shards[0]}}
    (texts / "nothing").write_bytes(b"")
    for name, value in {"two-shards": index, "empty": {"weight_map": {}}}.items():
        (indexes / name).write_text(json.dumps(value))
    with tempfile.TemporaryDirectory() as folder:
        nested = {"model": {"w": torch.arange(6.0).reshape(2, 3)}, "optimizer": [{"step": 3}], "empty": torch.zeros(0, 2)}
        torch.distributed.checkpoint.save(nested, checkpoint_id=folder, no_dist=True)
        (metadata / "nested").write_bytes((pathlib.Path(folder) / ".metadata").read_bytes())
    write_packed()
    write_joblib()
    header = (others / "safetensors").read_bytes()[8:]
    (texts / "header").write_bytes(header[: header.rindex(b"}") + 1])
    (texts / "values").write_bytes(b'{"a": [1, -2, 3.5e2, null, true, "\\u00e9\\n"], "b": {"c": [[], {}]}}')


if __name__ == "__main__":
    main()
