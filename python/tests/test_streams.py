"""Streams: what is needed of them is read where it lies, and nothing else."""

import gzip
import io
import threading
import zipfile

import pytest
import torch

import safe_load as package
from safe_load import safe_load


class Counted(io.RawIOBase):
    """A sparse file in memory that counts the bytes which are read of it."""

    def __init__(self):
        self.pieces, self.length, self.position, self.count = {}, 0, 0, 0

    def writable(self):
        return True

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.position

    def seek(self, offset, whence=io.SEEK_SET):
        self.position = offset + (self.position if whence == io.SEEK_CUR else self.length if whence == io.SEEK_END else 0)
        return self.position

    def write(self, data):
        data = bytes(data)
        if data.strip(b"\0"):
            self.pieces[self.position] = data
        self.position += len(data)
        self.length = max(self.length, self.position)
        return len(data)

    def read(self, size=-1):
        size = self.length - self.position if size < 0 else min(size, self.length - self.position)
        out = bytearray(size)
        for begin, data in self.pieces.items():
            first, last = max(begin, self.position), min(begin + len(data), self.position + size)
            if first < last:
                out[first - self.position : last - self.position] = data[first - begin : last - begin]
        self.position += size
        self.count += size
        return bytes(out)


def saved(value):
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


@pytest.fixture(scope="module")
def two_gigabytes():
    """A checkpoint of 20 tensors of 100 MB, all zeros but for the first element of each."""
    elements = 25 << 20
    tensors = {f"layer{i}": torch.empty(1).expand(elements) for i in range(20)}
    small = saved({name: torch.zeros(1) for name in tensors})
    stream = Counted()
    with zipfile.ZipFile(io.BytesIO(small)) as template, zipfile.ZipFile(stream, "w") as file:
        for row in template.infolist():
            content = template.read(row)
            if row.filename.endswith("data.pkl"):  # (1,), (1,) and a count of 1 become what they are in the large file
                content = saved_pickle(list(tensors), elements)
            if "/data/" not in row.filename:
                file.writestr(row.filename, content)
                continue
            with file.open(zipfile.ZipInfo(row.filename), "w") as record:
                record.write(torch.tensor([float(row.filename.rsplit("/")[-1]) + 1]).numpy().tobytes())
                block = bytes(4 << 20)
                left = 4 * elements - 4
                while left:
                    left -= record.write(block[: min(left, len(block))])
    assert stream.length > 2_000_000_000
    return stream


def saved_pickle(names, elements):
    """data.pkl of a dict of float32 tensors, written by torch on the meta device's sizes."""
    import pickle

    class Pickler(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def persistent_id(self, value):
            return ("storage", torch.FloatStorage, value.key, "cpu", elements) if isinstance(value, Key) else None

    out = io.BytesIO()
    Pickler(out, 2).dump({name: Tensor(Key(str(i)), elements) for i, name in enumerate(names)})
    return out.getvalue()


class Key:
    def __init__(self, key):
        self.key = key


class Tensor:
    def __init__(self, key, elements):
        self.key, self.elements = key, elements

    def __reduce__(self):
        import collections

        arguments = (self.key, 0, (self.elements,), (1,), False, collections.OrderedDict())
        return torch._utils._rebuild_tensor_v2, arguments


def test_a_listing_reads_little_and_a_tensor_its_bytes(two_gigabytes):
    f = two_gigabytes
    f.seek(0)
    f.count = 0
    with package.open(f) as handle:
        assert len(handle.keys()) == 20
        assert f.count < 1_000_000
        before = f.count
        tensor = handle.get_tensor("layer7")
        assert f.count - before == tensor.nbytes == 100 << 20
        assert tensor[0] == 8 and not tensor[1:].any()
    assert f.tell() == 0


def test_a_scan_reads_little(two_gigabytes):
    f = two_gigabytes
    f.seek(0)
    f.count = 0
    assert package.scan(f).verdict is package.Verdict.SAFE
    assert f.count < 1_000_000


@pytest.mark.parametrize("size", [10, 100_000])
def test_every_kind_of_stream_gives_the_same(tmp_path, size):
    value = {"w": torch.arange(size, dtype=torch.float32), "name": "x"}
    content = saved(value)
    path = tmp_path / "m.pt"
    path.write_bytes(content)
    with gzip.open(tmp_path / "m.gz", "wb") as packed:
        packed.write(content)
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("m.pt", content)
    counted = Counted()
    counted.write(content)
    counted.seek(0)
    with open(path, "rb") as plain, gzip.open(tmp_path / "m.gz") as packed, zipfile.ZipFile(tmp_path / "m.zip") as archive:
        with archive.open("m.pt") as member:
            for f in (plain, io.BytesIO(content), counted, packed, member):
                loaded = safe_load(f)
                assert torch.equal(loaded["w"], value["w"]) and loaded["name"] == "x"


def test_memory_file_of_fsspec():
    fsspec = pytest.importorskip("fsspec")
    value = {"w": torch.arange(100_000)}
    with fsspec.open("memory://m.pt", "wb") as f:
        f.write(saved(value))
    with fsspec.open("memory://m.pt", "rb") as f:
        assert torch.equal(safe_load(f)["w"], value["w"])


def test_it_is_read_from_where_it_stands():
    value = torch.arange(50_000)
    f = io.BytesIO(b"in front" + saved(value))
    places = []
    for load in (safe_load, torch.load):
        f.seek(8)
        assert torch.equal(load(f), value)
        places.append(f.tell())
    assert places[0] == places[1] > 8


def test_tensors_outlive_the_stream():
    value = torch.arange(50_000)
    f = io.BytesIO(saved(value))
    ours = safe_load(f)
    f.seek(0)
    f.write(b"\xff" * len(f.getvalue()))
    f.close()
    assert torch.equal(ours, value)


class Failing(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 100:
            raise ConnectionError("the line is dead")
        return super().read(size)


def test_what_the_stream_raises_reaches_the_user():
    with pytest.raises(ConnectionError, match="the line is dead"):
        safe_load(Failing(saved(torch.arange(50_000))))
    with pytest.raises(ConnectionError, match="the line is dead"):
        package.scan(Failing(saved(torch.arange(50_000))))


class Short(io.BytesIO):
    def read(self, size=-1):
        return super().read(min(size, 1000)) if self.tell() < 50_000 else b""


def test_a_stream_that_ends_early_is_truncated():
    with pytest.raises(package.Error) as error:
        safe_load(Short(saved(torch.arange(50_000))))
    assert error.value.code == "truncated"


class Text(io.BytesIO):
    def read(self, size=-1):
        return super().read(size).decode("latin1")


def test_text_is_refused():
    with pytest.raises(TypeError, match="binary mode"):
        safe_load(Text(saved(torch.arange(50_000))))


def test_threads_share_a_handle():
    value = {f"w{i}": torch.full((1000,), float(i)) for i in range(200)}
    with package.open(io.BytesIO(saved(value))) as handle:
        wrong = []

        def read(first):
            for i in range(first, 200, 4):
                if not torch.equal(torch.as_tensor(handle.get_tensor(f"w{i}")), value[f"w{i}"]):
                    wrong.append(i)

        threads = [threading.Thread(target=read, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert not any(thread.is_alive() for thread in threads) and not wrong
