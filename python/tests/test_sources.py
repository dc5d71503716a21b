"""What can be opened: paths, streams at their position, bytes. What cannot is told apart by its exception."""

import gzip
import io
import mmap
import os
import pathlib
import tarfile
import tempfile
import zipfile

import pytest
from forge import forge, tensor, text

import safe_load as package
from safe_load import safe_load

CONTENT = forge(b"}(" + text("a") + b"}" + text("w") + tensor("0", 3) + b"s" + text("epoch") + b"K\x07u.", {"0": bytes(12)})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(CONTENT)
    return path


class Raw(io.RawIOBase):
    """A stream that can only be read: no position, no descriptor."""

    def __init__(self):
        self.rest = io.BytesIO(CONTENT)

    def readable(self):
        return True

    def readinto(self, into):
        return self.rest.readinto(into)


class Reader:
    """The least that a stream can be."""

    def __init__(self):
        self.read = io.BytesIO(CONTENT).read


class PathOnly:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def piped(buffering):
    outlet, inlet = os.pipe()
    os.write(inlet, CONTENT)
    os.close(inlet)
    return os.fdopen(outlet, "rb", buffering)


def member_of_a_tar(path):
    with tarfile.open(path.with_suffix(".tar"), "w") as archive:
        archive.add(path, "x.pt")
    return tarfile.open(path.with_suffix(".tar")).extractfile("x.pt")


def member_of_a_zip(path):
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "x.pt")
    return zipfile.ZipFile(path.with_suffix(".zip")).open("x.pt")


def compressed(path):
    path.with_suffix(".gz").write_bytes(gzip.compress(CONTENT))
    return gzip.open(path.with_suffix(".gz"))  # its descriptor is that of the compressed file


def temporary(path):
    stream = tempfile.NamedTemporaryFile()
    stream.write(CONTENT)
    stream.seek(0)
    return stream


def mapped_file(path):
    with open(path, "rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


SOURCES = {
    "str": str,
    "bytes path": os.fsencode,
    "PathLike": pathlib.Path,
    "PathLike of bytes": lambda path: PathOnly(os.fsencode(path)),
    "buffered file": lambda path: open(path, "rb"),
    "raw file": lambda path: open(path, "rb", buffering=0),
    "file for both": lambda path: open(path, "r+b"),
    "temporary file": temporary,
    "BytesIO": lambda path: io.BytesIO(CONTENT),
    "member of a tar file": member_of_a_tar,
    "member of a zip file": member_of_a_zip,
    "gzip file": compressed,
    "pipe": lambda path: piped(-1),
    "raw pipe": lambda path: piped(0),
    "buffered stream without a descriptor": lambda path: io.BufferedReader(Raw()),
    "raw stream without a descriptor": lambda path: Raw(),
    "object with nothing but read": lambda path: Reader(),
    "bytes": lambda path: CONTENT,
    "bytearray": lambda path: bytearray(CONTENT),
    "memoryview": lambda path: memoryview(CONTENT),
    "part of a memoryview": lambda path: memoryview(b"..." + CONTENT)[3:],
    "mmap": mapped_file,
}


@pytest.mark.parametrize("mapped", [None, True, False])
@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_of_source_is_opened(name, mapped, path):
    loaded = safe_load(SOURCES[name](path), mmap=mapped, framework="none")
    assert loaded["epoch"] == 7 and loaded["a"]["w"].shape == (3,) and loaded["a"]["w"].tobytes() == bytes(12)


@pytest.mark.parametrize("name", SOURCES)
def test_open_and_inspect_take_the_same_sources(name, path):
    with package.open(SOURCES[name](path)) as handle:
        assert handle.keys() == ["a.w"]
    assert package.inspect(SOURCES[name](path)).tensor_count == 1


def test_streams_are_read_from_their_position(tmp_path):
    path = tmp_path / "embedded"
    path.write_bytes(b"x" * 5001 + CONTENT)
    for buffering in (-1, 0):
        with open(path, "rb", buffering) as stream:
            stream.seek(5001)
            assert safe_load(stream)["a"]["w"].shape == (3,)
            assert not stream.closed
    for stream in (io.BytesIO(b"y" * 10 + CONTENT), tempfile.SpooledTemporaryFile()):
        if not isinstance(stream, io.BytesIO):
            stream.write(b"y" * 10 + CONTENT)
        stream.seek(10)
        assert safe_load(stream)["epoch"] == 7


def test_what_was_written_but_not_flushed_is_read(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"?" + CONTENT[1:])
    with open(tmp_path / "x.pt", "r+b") as stream:
        stream.read(1)  # what was read is in the buffer, so that going back within it writes nothing
        stream.seek(0)
        stream.write(CONTENT[:1])
        stream.seek(0)
        assert safe_load(stream)["epoch"] == 7


def test_the_source_may_be_closed_or_changed_afterwards(torch, path):
    content = bytearray(CONTENT)
    with open(path, "rb") as stream:
        kept = [safe_load(stream)["a"]["w"], safe_load(content)["a"]["w"]]
    content[:] = b"\xff" * len(content)
    assert [t.tolist() for t in kept] == [[0.0] * 3] * 2


def test_a_source_in_memory_is_let_go_of_even_if_it_is_refused(path):
    path.write_bytes(b"no checkpoint")
    mapped, stream = mapped_file(path), io.BytesIO(b"no checkpoint")
    for source in (mapped, stream):
        with pytest.raises(package.Error) as caught:
            safe_load(source)
        source.close()  # a BufferError if anything still looked at it
        assert "no checkpoint" in str(caught.value)


def test_a_text_file_or_another_type_is_a_typeerror(path):
    for wrong in (open(path), open(path, encoding="latin1"), io.StringIO("text"), None, 7, [str(path)], object()):
        with pytest.raises(TypeError, match="binary"):
            safe_load(wrong)


def test_trouble_with_the_system_is_the_oserror_that_python_raises(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        safe_load(tmp_path / "missing.pt")
    assert caught.value.filename == str(tmp_path / "missing.pt") and caught.value.errno == 2
    with pytest.raises(NotADirectoryError):
        (tmp_path / "file").touch()
        safe_load(tmp_path / "file" / "x.pt")
    with pytest.raises(ValueError, match="closed"):
        closed = open(tmp_path / "file", "rb")
        closed.close()
        safe_load(closed)
    with pytest.raises(OSError):
        safe_load(open(tmp_path / "file", "wb"))
    with pytest.raises(ValueError, match="null byte"):
        safe_load(f"{tmp_path}/file\0.pt")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_named_pipe_is_refused_and_not_waited_for(make, tmp_path):
    make(tmp_path / "x")
    with pytest.raises(package.Error, match="folder|regular"):
        safe_load(tmp_path / "x")


def test_bytes_that_name_no_file_are_the_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(package.Error, match="missing.pt"):
        safe_load(b"missing.pt")
