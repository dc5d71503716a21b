"""Safetensors files: equal to what safetensors 0.8 loads."""

from __future__ import annotations

import json
import struct

import pytest

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("safetensors", reason="SKIPPED: safetensors is not installed here")
from safetensors.torch import load_file, save_file  # noqa: E402

DTYPES = (
    "uint8 int8 int16 int32 int64 float16 float32 float64 complex64 bool bfloat16 uint16 uint32 uint64 "
    "float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e5m2fnuz float8_e4m3fnuz"
).split()


def expect_equal(path) -> None:
    ours, theirs = safe_load(path), load_file(path)
    assert sorted(ours) == sorted(theirs)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype and ours[name].shape == tensor.shape, name
        assert ours[name].stride() == tensor.stride(), name
        assert ours[name].reshape(-1).view(torch.uint8).equal(tensor.reshape(-1).view(torch.uint8)), name


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_read_bit_for_bit(name, tmp_path):
    raw = torch.randint(0, 256, (64,), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    value = (raw % 2 if name == "bool" else raw).view(getattr(torch, name))
    path = tmp_path / "x.bin"
    try:
        save_file({"t": value, "part": value[2:].clone(), "one": value[0].clone(), "none": value[:0].clone()}, path)
    except (KeyError, ValueError, RuntimeError) as error:
        pytest.skip(f"SKIPPED: safetensors does not write {name}: {error}")
    expect_equal(path)


def test_shapes_and_names_of_every_form(tmp_path):
    path = tmp_path / "model.safetensors"
    value = {"a.b.c": torch.zeros(2, 3, 4), "\u00e9 \"quoted\" \\ \n": torch.ones(1), "": torch.tensor(3), "z": torch.zeros(0, 5, 0)}
    value |= {f"layer.{i}": torch.full((3, 1), float(i)) for i in range(300)}
    save_file(value, path, metadata={"format": "pt", "\u00e9": "\n"})
    expect_equal(path)
    with package.open(path) as handle:
        assert handle.metadata["format"] == "safetensors"
        assert len(handle.keys()) == len(value)  # where odd names are escaped
        assert handle.get_tensor("layer.7").tolist() == [[7.0]] * 3
    assert package.inspect(path).tensor_count == len(value)


def test_order_is_that_of_the_header(tmp_path):
    path = tmp_path / "x"
    save_file({"b": torch.ones(2), "a": torch.ones(3, dtype=torch.float64), "c": torch.ones(1, dtype=torch.uint8)}, path)
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    assert list(safe_load(path)) == [name for name in header if name != "__metadata__"]


def test_tensors_are_writable_and_apart(tmp_path):
    path = tmp_path / "x"
    save_file({"a": torch.zeros(4), "b": torch.zeros(4)}, path)
    before = path.read_bytes()
    loaded = safe_load(path)
    loaded["a"][:] = 7
    assert loaded["b"].tolist() == [0.0] * 4 and path.read_bytes() == before


@pytest.mark.parametrize("size", [10**6])
def test_large_files_are_mapped(tmp_path, size):
    path = tmp_path / "x"
    save_file({"odd": torch.ones(3, dtype=torch.uint8), "w": torch.arange(size, dtype=torch.float32)}, path)
    for mmap in (True, False):
        assert safe_load(path, mmap=mmap)["w"].equal(torch.arange(size, dtype=torch.float32))


def test_forged_headers_are_refused_as_there(tmp_path):
    from safetensors import SafetensorError

    def entry(begin: int, end: int) -> dict:
        return {"dtype": "U8", "shape": [end - begin], "data_offsets": [begin, end]}

    forged = {
        "overlap": ({"a": entry(0, 4), "b": entry(2, 8)}, 8),
        "hole": ({"a": entry(0, 2), "b": entry(4, 8)}, 8),
        "trailing": ({"a": entry(0, 4)}, 8),
        "short": ({"a": entry(0, 8)}, 4),
        "shape": ({"a": entry(0, 8) | {"shape": [7]}}, 8),
        "negative": ({"a": {"dtype": "U8", "shape": [-2, -4], "data_offsets": [0, 8]}}, 8),
        "overflow": ({"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}, 8),
        "dtype": ({"a": entry(0, 8) | {"dtype": "F128"}}, 8),
        "metadata": ({"__metadata__": {"a": 1}, "a": entry(0, 8)}, 8),
    }
    for name, (header, size) in forged.items():
        text = json.dumps(header).encode()
        path = tmp_path / "forged"
        path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))
        with pytest.raises((SafetensorError, OverflowError)):
            load_file(path)
        with pytest.raises(package.Error):
            safe_load(path)
        assert name
