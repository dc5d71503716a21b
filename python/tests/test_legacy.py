"""Legacy files, as torch.save wrote them before 1.6, and tar files of 0.1: equal to what torch loads."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import tarfile

import pytest
from test_tensors import DTYPES, difference, layouts

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")

PROTOCOLS = [2, 3, 4, 5]


def legacy(value, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def theirs(content: bytes):
    return torch.load(io.BytesIO(content), weights_only=False)


def expect_equal(value, protocol: int = 2) -> None:
    content = legacy(value, protocol)
    assert difference(safe_load(content), theirs(content)) is None


def filled(name: str):
    raw = torch.randint(0, 256, (64,), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    return (raw % 2 if name == "bool" else raw).view(getattr(torch, name))


# Types without a storage class of their own: torch writes them, and fails to read them.
WRITTEN_ONLY = {name for name in DTYPES if name.startswith(("complex32", "uint16", "uint32", "uint64", "float8", "float4", "bits"))}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_read_bit_for_bit(name, protocol):
    value = {"t": filled(name), "part": filled(name)[2:]}
    content = legacy(value, protocol)
    loaded = safe_load(content)
    if name not in WRITTEN_ONLY:
        assert difference(loaded, theirs(content)) is None
    for key, tensor in value.items():
        assert loaded[key].dtype == tensor.dtype and loaded[key].shape == tensor.shape
        assert loaded[key].view(torch.uint8).equal(tensor.view(torch.uint8))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_layout_is_read_as_it_is(protocol):
    values = layouts(torch)
    for name, value in values.items():
        content = legacy(value, protocol)
        assert difference(safe_load(content), theirs(content)) is None, name
    del values["negated"]  # a view of real numbers on complex ones: torch saves no such pair
    expect_equal(values, protocol)


def test_sharing_survives():
    weight = torch.randn(100, 100)
    tied = torch.nn.Parameter(weight)
    value = {"a": weight, "b": weight, "row": weight[3], "t": weight.T, "tied": [tied, tied]}
    value["storage"] = weight.storage()
    expect_equal(value)
    loaded = safe_load(legacy(value))
    assert loaded["a"] is loaded["b"] and loaded["tied"][0] is loaded["tied"][1]
    loaded["a"][3] = 7
    assert (loaded["row"] == 7).all() and (loaded["t"][:, 3] == 7).all() and (loaded["tied"][0][3] == 7).all()


def test_empty_storages_of_two_types_may_be_one():
    empty = torch.empty(0)
    value = {"f": empty, "i": empty.view(torch.int32), "g": empty}
    loaded = safe_load(legacy(value))
    assert {name: tensor.dtype for name, tensor in loaded.items()} == {name: tensor.dtype for name, tensor in value.items()}


def test_bytes_may_be_seen_under_two_types():
    raw = torch.arange(16, dtype=torch.uint8)
    value = [raw, raw.view(torch.uint16), raw.view(torch.float8_e5m2)]
    loaded = safe_load(legacy(value))
    assert [tensor.view(torch.uint8).tolist() for tensor in loaded] == [raw.tolist()] * 3
    loaded[0][0] = 77
    assert loaded[1].view(torch.uint8)[0] == 77


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_composites_are_equal(protocol):
    dense = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 3.0]])
    value = {"coo": dense.to_sparse(), "csr": dense.to_sparse_csr(), "csc": dense.to_sparse_csc()}
    value |= {"bsr": torch.eye(4).to_sparse_bsr((2, 2)), "per tensor": torch.quantize_per_tensor(dense, 0.5, 3, torch.qint8)}
    value["per channel"] = torch.quantize_per_channel(dense, torch.tensor([0.5, 0.25]), torch.tensor([0, 1]), 0, torch.quint8)
    value["frozen"] = torch.nn.Parameter(dense, False)
    value |= {"size": torch.Size([1, 2]), "dtype": torch.float32, "ordered": collections.OrderedDict(a=1)}
    expect_equal(value, protocol)


def test_nested_tensors_are_read_though_torch_reads_their_offsets_too_early():
    value = torch.nested.nested_tensor([torch.ones(2), torch.arange(3.0)])
    loaded = safe_load(legacy(value))
    assert [part.tolist() for part in loaded.unbind()] == [[1, 1], [0, 1, 2]]


def test_state_of_training_is_equal():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Embedding(5, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model[1](model[0](torch.randn(6, 3))).sum().backward()
    optimizer.step()
    expect_equal({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": 0.5})


def test_a_module_with_its_source_is_a_record_with_the_same_weights():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    content = legacy(model)
    with package.open(content) as handle:
        assert any("source text" in note for note in handle.metadata["notes"])
        loaded = {name: handle.get_tensor(name) for name in handle.keys()}
    state = model.state_dict()
    assert len(loaded) == len(state)
    for name, tensor in state.items():
        assert any(other.equal(tensor) and key.endswith(name.split(".")[-1]) for key, other in loaded.items()), name


def test_pickles_longer_than_a_megabyte_are_read_whole():
    value = {"text": "x" * 3_000_000, "many": [torch.full((2,), float(i)) for i in range(5000)]}
    expect_equal(value)


def test_files_are_mapped_and_may_be_anywhere_in_a_stream(tmp_path):
    value = {"w": torch.arange(100_000, dtype=torch.float64), "b": torch.ones(3)}
    content = legacy(value)
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    for mmap in (None, True, False):
        assert difference(safe_load(path, mmap=mmap) if mmap is not None else safe_load(path), value) is None
    (tmp_path / "later").write_bytes(b"x" * 13 + content)
    with open(tmp_path / "later", "rb") as stream:
        stream.seek(13)
        assert difference(safe_load(stream), value) is None


def test_map_location_is_asked_for_each_storage():
    asked = []

    def here(storage, location):
        asked.append(location)
        return storage

    value = {"w": torch.ones(3), "b": torch.ones(2, dtype=torch.int64)}
    assert difference(safe_load(legacy(value), map_location=here), value) is None
    assert asked == ["cpu", "cpu"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_pickles_of_tensors_are_equal(protocol):
    weight = torch.arange(6.0).reshape(2, 3)
    value = {"w": weight, "t": weight.T, "b": torch.ones(2, dtype=torch.bfloat16), "p": torch.nn.Parameter(weight[0].clone())}
    content = pickle.dumps(value, protocol)
    assert difference(safe_load(content), pickle.loads(content)) is None


# ---- torch 0.1


def tar_file(path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1.5  # which makes a pax header, as in old files
            archive.addfile(info, io.BytesIO(content))


class _Id(str):
    """A persistent id in the pickle of `tar_members`."""


def tar_members() -> dict[str, bytes]:
    def dumps(value) -> bytes:
        return pickle.dumps(value, 2)

    rows = [(11, "FloatStorage", struct.pack("<6f", *range(6)), 6), (13, "LongStorage", struct.pack("<2q", 5, -6), 2)]
    storages = dumps(len(rows))
    for key, kind, content, count in rows:
        storages += dumps((key, "cpu", getattr(torch, kind))) + struct.pack("<q", count) + content
    storages += dumps([(12, 11, 2, 4)])
    tables = [(21, 11, torch.FloatTensor, (2, 3), (3, 1), 0), (22, 12, torch.FloatTensor, (2,), (2,), 1)]
    tables += [(23, 13, torch.LongTensor, (2,), (1,), 0)]
    tensors = dumps(len(tables))
    for key, storage, kind, sizes, strides, offset in tables:
        tensors += dumps((key, storage, kind)) + struct.pack("<i4x", len(sizes))
        tensors += struct.pack(f"<{2 * len(sizes)}q", *sizes, *strides) + struct.pack("<q", offset)

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return str(value) if isinstance(value, _Id) else None

    stream = io.BytesIO()
    value = {"w": _Id("21"), "v": _Id("22"), "n": _Id("23"), "again": _Id("21"), "s": _Id("11"), "epoch": 3}
    Pickler(stream, 2).dump(value)
    machine = dict(protocol_version=1000, little_endian=True, type_sizes=dict(short=2, int=4, long=4))
    return {"sys_info": dumps(machine), "pickle": stream.getvalue(), "tensors": tensors, "storages": storages}


def test_a_tar_file_of_torch_0_1_is_equal(tmp_path):
    path = tmp_path / "x.pt"
    tar_file(path, tar_members())
    loaded = safe_load(path)
    expected = torch.load(path, weights_only=False)
    for name in ("w", "v", "n"):
        assert loaded[name].equal(expected[name]) and loaded[name].stride() == expected[name].stride(), name
        assert loaded[name].dtype == expected[name].dtype
    assert loaded["s"].tolist() == expected["s"].tolist() and loaded["epoch"] == 3
    assert loaded["w"] is loaded["again"]
    loaded["w"][1, 0] = 77
    assert loaded["again"][1, 0] == 77 and loaded["s"][3] == 77
    expected["w"][1, 0] = 77  # "v" lies on a view of the storage
    assert loaded["v"].tolist() == expected["v"].tolist()
