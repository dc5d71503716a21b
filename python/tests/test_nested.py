"""Checkpoints inside a pickle: torch.storage._load_from_bytes, as a plain pickle writes a storage."""

from __future__ import annotations

import io

import pytest

import safe_load as sl

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed")


class Nested:
    """Is saved as a call of torch.storage._load_from_bytes."""

    def __init__(self, content: bytes):
        self.content = content

    def __reduce__(self):
        return torch.storage._load_from_bytes, (self.content,)


def legacy(value, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def saved(value, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol)
    return stream.getvalue()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int16, torch.bool, torch.bfloat16, torch.complex64])
def test_storages_are_equal(protocol, dtype):
    tensor = torch.arange(7).to(dtype)
    for storage in (tensor.storage(), tensor.untyped_storage()):
        ours = sl.safe_load(saved({"x": Nested(legacy(storage, protocol))}, protocol))["x"]
        assert type(ours) is type(storage) and ours.tolist() == storage.tolist()


def test_tensors_are_views_of_their_storage():
    tensor = torch.arange(12.0).reshape(3, 4)[1:, ::2]
    ours = sl.safe_load(saved(Nested(legacy(tensor))))
    assert torch.equal(ours, tensor)
    assert ours.stride() == tensor.stride() and ours.storage_offset() == tensor.storage_offset()


def test_of_large_storages_every_byte_arrives():
    storage = torch.rand(100_000).storage()
    assert sl.safe_load(saved(Nested(legacy(storage, 4)), 4)).tolist() == storage.tolist()


def nested(depth: int) -> bytes:
    content = legacy(torch.ones(2).storage())
    for _ in range(depth - 1):
        content = legacy(Nested(content))
    return content


def test_eight_levels_are_read_and_nine_are_refused():
    assert sl.safe_load(saved(Nested(nested(8)))).tolist() == [1, 1]
    with pytest.raises(sl.Error, match="more than eight checkpoints inside each other"):
        sl.safe_load(saved(Nested(nested(9))))


def test_every_truncation_is_noticed():
    content = legacy(torch.arange(4.0))
    for end in range(len(content)):
        with pytest.raises(sl.Error, match=r'\$\["x"\]'):
            sl.safe_load(saved({"x": Nested(content[:end])}))


def test_damage_stays_inside():
    content = legacy(torch.arange(4.0))
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0x10
        with sl.open(saved({"x": Nested(bytes(damaged)), "y": torch.ones(1)})) as checkpoint:
            assert checkpoint.get_tensor("y").tolist() == [1]


def test_unknown_classes_inside_are_listed():
    content = legacy(torch.arange(4.0)).replace(b"collections\nOrderedDict", b"collections\nOrderedDuct")
    with pytest.raises(sl.Error) as caught:
        sl.safe_load(saved(Nested(content)))
    assert [unknown.name for unknown in caught.value.globals] == ["collections.OrderedDuct"]


def test_what_is_no_storage_is_named():
    with pytest.raises(sl.Error, match="holds neither a storage nor a tensor"):
        sl.safe_load(saved(Nested(legacy([1, 2]))))
    with pytest.raises(sl.Error, match="magic number"):
        sl.safe_load(saved(Nested(b"\x80\x02K\x01.")))
