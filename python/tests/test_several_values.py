"""Several values in one file: a file object stands behind what was read, load_all() gives all, a path warns."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import pickle
import warnings

import pytest
from forge import call, forge

import safe_load as package
from safe_load import safe_load

VALUES = [{"a": 1}, [2, "two"], (3,), "four"]
UNKNOWN = b"\x80\x02" + call("pkg", "C", b"K\x01") + b"."


def pickles(values=VALUES, protocol=4) -> bytes:
    return b"".join(pickle.dumps(value, protocol) for value in values)


def legacy_files(torch, values) -> bytes:
    stream = io.BytesIO()
    for value in values:
        torch.save(value, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def plain(path, content):
    path.write_bytes(content)
    return path.open("rb")


def unbuffered(path, content):
    path.write_bytes(content)
    return path.open("rb", buffering=0)


def writable(path, content):
    f = path.open("w+b")
    f.write(content)
    f.seek(0)
    return f


def in_memory(path, content):
    return io.BytesIO(content)


def zipped(path, content):
    path.write_bytes(gzip.compress(content))
    return gzip.open(path)


def other_zipped(path, content):
    path.write_bytes(bz2.compress(content))
    return bz2.open(path)


class Least:
    """What torch asks of a stream, and no more."""

    def __init__(self, path, content):
        own = io.BytesIO(content)
        self.read, self.readline, self.seek, self.tell = own.read, own.readline, own.seek, own.tell


STREAMS = [plain, unbuffered, writable, in_memory, zipped, other_zipped, Least]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("make", STREAMS)
def test_each_call_gives_the_next_value(make, protocol, tmp_path):
    f = make(tmp_path / "several.pkl", pickles(protocol=protocol))
    assert [safe_load(f) for _ in VALUES] == VALUES
    with pytest.raises(EOFError, match="nothing is left to read") as caught:
        safe_load(f)
    assert isinstance(caught.value, package.Error) and f.read() == b""


@pytest.mark.parametrize("size", [3, 100_000])  # of the last a part is read at first
@pytest.mark.parametrize("make", [make for make in STREAMS if make is not other_zipped])  # torch fails there
def test_legacy_files_are_read_as_torch_reads_them(torch, make, size, tmp_path):
    values = [{"a": torch.arange(size)}, {"b": torch.zeros(2, size), "c": [torch.ones(3), 1]}, 7, {"a": torch.arange(2.0)}]
    content = legacy_files(torch, values)
    found = []
    for load in (safe_load, torch.load):
        f = make(tmp_path / "several.pt", content)
        found.append([(str(load(f)), f.tell()) for _ in values])
        with pytest.raises(EOFError):
            load(f)
    assert found[0] == found[1] and found[0][-1][1] == len(content)


def test_arrays_of_numpy_follow_each_other(np):
    stream = io.BytesIO()
    for count in (3, 5):
        np.save(stream, np.arange(count))
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    stream.seek(0)
    assert [len(safe_load(stream)) for _ in range(3)] == [3, 5, 1]
    stream.seek(0)
    assert [len(array) for array in package.load_all(stream)] == [3, 5, 1]


def test_a_handle_on_a_stream_leaves_it_where_others_have_moved_it(torch):
    values = [{"a": torch.arange(50_000)}, {"b": torch.arange(3)}]
    f = io.BytesIO(legacy_files(torch, values))
    with package.open(f) as handle:
        first = safe_load(f)
        place = f.tell()
        assert torch.equal(handle["a"], first["a"]) and f.tell() == place > 400_000
        assert torch.equal(safe_load(f)["b"], values[1]["b"])


def test_what_stands_before_and_behind_is_not_touched(tmp_path):
    f = plain(tmp_path / "x", b"before" + pickles(VALUES[:1]) + b"behind")
    f.seek(6)
    assert safe_load(f) == VALUES[0] and f.read() == b"behind"


def test_what_cannot_be_read_moves_nothing():
    for wrong in (b"no such format", UNKNOWN, forge(b"N.")[:-9], pickles()[:10]):
        f = io.BytesIO(pickles(VALUES[:1]) + wrong)
        assert safe_load(f) == VALUES[0]
        place = f.tell()
        for load in (safe_load, package.open, package.inspect)[: 1 if wrong is UNKNOWN else 3]:
            with pytest.raises(package.Error, match=f"from byte {place} on|unknown"):
                load(f)
            assert f.tell() == place


def test_all_values_come_as_a_list(tmp_path):
    (tmp_path / "several.pkl").write_bytes(pickles())
    with open(tmp_path / "several.pkl", "rb") as f:
        assert safe_load(f) == VALUES[0]
        assert package.load_all(f) == VALUES[1:] and f.read() == b""
    assert package.load_all(tmp_path / "several.pkl") == VALUES
    assert package.load_all(str(tmp_path / "several.pkl")) == VALUES
    assert package.load_all(os.fsencode(tmp_path / "several.pkl")) == VALUES
    for content in (pickles(), bytearray(pickles()), memoryview(pickles())):
        assert package.load_all(content) == VALUES
    outlet, inlet = os.pipe()
    os.write(inlet, pickles())
    os.close(inlet)
    with os.fdopen(outlet, "rb") as f:
        assert package.load_all(f) == VALUES
    assert safe_load.load_all is package.load_all


def test_other_files_have_one_value(torch, example, tmp_path):
    assert [value["epoch"] for value in package.load_all(example)] == [12]
    with example.open("rb") as f:
        assert len(package.load_all(f)) == 1
    torch.save({"a": torch.ones(2)}, tmp_path / "m.pt")
    assert len(package.load_all((tmp_path / "m.pt").read_bytes())) == 1


def test_load_all_takes_the_arguments_of_safe_load(torch):
    content = legacy_files(torch, [torch.ones(2), torch.ones(3)]) + UNKNOWN
    with pytest.raises(package.Error, match="pkg.C"):
        package.load_all(content)
    first, second, record = package.load_all(content, "meta", unknown="opaque")
    assert first.is_meta and second.shape == (3,) and record.cls == "pkg.C"
    built = package.load_all(content, device="cpu", constructors={"pkg.C": lambda number: number}, framework="none")
    assert type(built[0]) is package.TensorView and built[2] == 1
    own = inspect_parameters(safe_load)
    assert inspect_parameters(package.load_all) == [name for name in own if name in inspect_parameters(package.load_all)]


def inspect_parameters(function) -> list[str]:
    import inspect

    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("behind", [b"\0" * 8, b"no format", pickles()[:10]])
def test_bytes_that_are_no_value_are_an_error_of_load_all(behind, tmp_path):
    (tmp_path / "several.pkl").write_bytes(pickles() + behind)
    for source in (pickles() + behind, tmp_path / "several.pkl"):
        with pytest.raises(package.Error, match=f"from byte {len(pickles())} on.*; 4 values stand before it"):
            package.load_all(source)


def test_nothing_is_no_list():
    for source in (b"", io.BytesIO()):
        with pytest.raises(EOFError):
            package.load_all(source)


def warned(load) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load()
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def test_a_path_or_bytes_with_more_values_warn_once(torch, tmp_path):
    for content in (pickles(), legacy_files(torch, [torch.ones(2), 3])):
        (tmp_path / "several").write_bytes(content)
        for source in (tmp_path / "several", content):
            (text,) = warned(lambda: safe_load(source))
            assert "load_all" in text
    with torch.serialization.safe_globals([]), package.as_torch_load():
        (text,) = warned(lambda: torch.load(tmp_path / "several"))
        assert "several" in text


def test_nothing_else_warns(torch, tmp_path):
    one = pickles(VALUES[:1])
    for content in (one, one + bytes(8), one + b"\n", one + b"no value"):
        (tmp_path / "one").write_bytes(content)
        assert warned(lambda: safe_load(tmp_path / "one")) == warned(lambda: safe_load(content)) == []
    assert warned(lambda: safe_load(io.BytesIO(pickles()))) == []  # whoever has a file object reads on
    assert warned(lambda: package.load_all(pickles())) == []
    outlet, inlet = os.pipe()
    os.write(inlet, pickles())
    os.close(inlet)
    with os.fdopen(outlet, "rb") as f:  # what was read from a pipe is gone
        assert len(warned(lambda: safe_load(f))) == 1
