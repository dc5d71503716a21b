"""Files that are compressed as a whole give what Python's own modules, or zstd, unpack."""

import bz2
import gzip
import lzma
import pickle
import shutil
import subprocess
import zlib

import numpy as np
import pytest
import torch

import safe_load
from safe_load import Error, Verdict


def zstd(content):
    if shutil.which("zstd") is None:
        pytest.skip("the program zstd is not installed")
    return subprocess.run(["zstd", "-q", "-c"], input=content, capture_output=True, check=True).stdout


PACKERS = {
    ".gz": gzip.compress,
    ".z": zlib.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".lzma": lambda content: lzma.compress(content, format=lzma.FORMAT_ALONE),
    ".zst": zstd,
}
UNPACKERS = {".gz": gzip.decompress, ".z": zlib.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress, ".lzma": lzma.decompress}


def saved(value, path, **options):
    torch.save(value, path, **options)
    return path.read_bytes()


def same(ours, theirs):
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert torch.equal(torch.as_tensor(ours[key]), torch.as_tensor(value)), key


VALUE = {"w": torch.arange(100_000.0), "b": torch.zeros(3, dtype=torch.int64), "view": torch.arange(12).reshape(3, 4).T}


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("zip_file", [True, False])
def test_a_checkpoint_is_read_as_if_it_were_unpacked(ending, zip_file, tmp_path):
    content = saved(VALUE, tmp_path / "m.pt", _use_new_zipfile_serialization=zip_file)
    path = tmp_path / f"m.pt{ending}"
    path.write_bytes(PACKERS[ending](content))
    same(safe_load.safe_load(path), VALUE)
    same(safe_load.safe_load(path.read_bytes()), VALUE)
    assert safe_load.scan(path).verdict is Verdict.SAFE
    container = safe_load.inspect(path).container
    assert container["file_size"] == path.stat().st_size
    assert container["notes"][-1].endswith(f" data, {len(content)} bytes")


@pytest.mark.parametrize("ending", PACKERS)
def test_a_pickle_of_arrays_is_read_as_if_it_were_unpacked(ending, tmp_path):
    value = {"a": np.arange(1000.0), "n": [1, "two", None]}
    path = tmp_path / f"m.pkl{ending}"
    path.write_bytes(PACKERS[ending](pickle.dumps(value)))
    ours = safe_load.safe_load(path)
    assert ours["n"] == value["n"] and np.array_equal(ours["a"], value["a"])


@pytest.mark.parametrize("ending", UNPACKERS)
def test_whatever_byte_changes_the_content_is_theirs_or_there_is_none(ending):
    content = pickle.dumps({"n": list(range(40))}, 2)
    packed = PACKERS[ending](content)
    differ = 0
    for at in range(len(packed)):
        damaged = packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]
        try:
            theirs = pickle.loads(content) if UNPACKERS[ending](damaged) == content else None
        except Exception:
            theirs = None
        try:
            ours = safe_load.safe_load(damaged)
        except Error:
            ours = None
        assert ours is None or ours == theirs or ending == ".lzma", at
        differ += ours is None
    assert differ > len(packed) // 2


def test_streams_behind_each_other_are_read_as_one():
    content = pickle.dumps({"n": list(range(40))})
    for ending in (".gz", ".bz2", ".xz", ".zst"):
        packed = PACKERS[ending](content[:30]) + PACKERS[ending](content[30:])
        assert safe_load.safe_load(packed) == {"n": list(range(40))}, ending
        assert safe_load.scan(packed).verdict is Verdict.UNKNOWN


def test_errors_say_where_and_what_to_do():
    packed = gzip.compress(pickle.dumps([1, 2]))
    with pytest.raises(Error, match="gzip-compressed data .* cannot be unpacked: the checksum"):
        safe_load.safe_load(packed[:-8] + bytes(8))
    with pytest.raises(Error, match="lz4-compressed data.*unpack it first"):
        safe_load.safe_load(b"\x04\x22\x4d\x18" + bytes(20))
    with pytest.raises(Error, match="more than the limits allow"):
        safe_load.safe_load(bz2.compress(bytes(1 << 26)))
