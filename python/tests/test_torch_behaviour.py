"""What torch.load does besides reading: each probe goes through torch.load and safe_load(), and is compared.

The list follows what PyTorch's own test/test_serialization.py asks of torch.load (file objects and where they stand,
offsets, devices, arguments, errors). Where the two differ on purpose the probe says how.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import os
import pickle
import tempfile
import types
import warnings
from typing import Any, Callable

import pytest
from deep_equal import difference

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")

Value = Callable[[], Any]


def several() -> dict[str, Any]:
    shared = torch.arange(40.0)
    return {"a": shared[3:], "b": torch.ones(70_000), "c": [shared, torch.zeros(0), torch.arange(3)], "n": 7}


def backwards() -> dict[str, Any]:
    """The storage that is named last is not the one that was written last before it."""
    large, small = torch.ones(100_000), torch.arange(3)
    return {"small": small, "large": large, "again": small, "part": large[5:]}


VALUES: dict[str, Value] = {
    "several": several,
    "backwards": backwards,
    "no tensor": lambda: {"n": 1, "t": "x" * 300},
    "an empty tensor last": lambda: [torch.ones(3), torch.zeros(0)],
    "a number": lambda: 7,
    "half and bool": lambda: (torch.ones(3).half(), torch.ones(5) > 0),
    "many": lambda: {f"layer{i}": torch.full((i,), float(i)) for i in range(1, 60)},
}


@pytest.fixture(autouse=True)
def files_go_with_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def saved(value: Any, is_zip: bool = True, protocol: int = 2) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    return stream.getvalue()


# ---- where a file object stands


class Duck:
    """A stream that is no subclass of anything."""

    def __init__(self, content: bytes) -> None:
        own = io.BytesIO(content)
        self.read, self.readline, self.seek, self.tell = own.read, own.readline, own.seek, own.tell


class DuckWithReadInto(Duck):
    def __init__(self, content: bytes) -> None:
        own = io.BytesIO(content)
        self.read, self.readline, self.seek, self.tell = own.read, own.readline, own.seek, own.tell
        self.readinto = own.readinto


def on_disk(content: bytes, mode: str = "rb", **options: Any) -> Any:
    descriptor, path = tempfile.mkstemp()
    with os.fdopen(descriptor, "wb") as f:
        f.write(content)
    opened = open(path, mode, **options)
    os.unlink(path)
    return opened


def temporary(content: bytes) -> Any:
    f = tempfile.NamedTemporaryFile()
    f.write(content)
    f.seek(0)
    return f


def spooled(content: bytes) -> Any:
    f = tempfile.SpooledTemporaryFile(max_size=1000)
    f.write(content)
    f.seek(0)
    return f


STREAMS: dict[str, Callable[[bytes], Any]] = {
    "BytesIO": io.BytesIO,
    "file": on_disk,
    "unbuffered file": lambda content: on_disk(content, buffering=0),
    "file to write": lambda content: on_disk(content, "r+b"),
    "temporary file": temporary,
    "spooled file": spooled,
    "duck": Duck,
    "duck with readinto": DuckWithReadInto,
    "buffered reader over memory": lambda content: io.BufferedReader(io.BytesIO(content)),
}


@pytest.mark.parametrize("offset", [0, 1, 4096])
@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", VALUES)
def test_a_file_object_is_read_from_where_it_stands_and_left_where_torch_leaves_it(name, stream, is_zip, offset):
    content = bytes(offset) + saved(VALUES[name](), is_zip)
    found = []
    for load in (torch.load, safe_load):
        with contextlib.closing(STREAMS[stream](content)) if "duck" not in stream else contextlib.nullcontext(
            STREAMS[stream](content)
        ) as f:
            f.seek(offset)
            found.append((load(f), f.tell()))
    assert difference(found[1][0], found[0][0]) is None
    assert found[1][1] == found[0][1]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_legacy_files_and_a_zip_file_follow_each_other(protocol):
    values = [several(), 7, backwards()]
    stream = io.BytesIO(b"".join(saved(value, is_zip=False, protocol=protocol) for value in values) + saved(several()))
    places = []
    for load in (torch.load, safe_load):
        stream.seek(0)
        loaded = []
        for _ in range(4):
            value = load(stream, weights_only=False)  # torch's weights_only does not read protocol 4
            loaded.append((value, stream.tell()))
        places.append([place for _, place in loaded])
        assert all(difference(value, own) is None for (value, _), own in zip(loaded, [*values, several()]))
    assert places[0] == places[1]


def test_a_compressed_file_is_read(tmp_path):
    for is_zip in (True, False):
        path = tmp_path / "x.gz"
        path.write_bytes(gzip.compress(saved(several(), is_zip)))
        for load in (torch.load, safe_load):
            with gzip.open(path) as f:
                assert difference(load(f), several()) is None


def test_a_file_object_can_be_read_again_after_seek():
    for is_zip in (True, False):
        f = io.BytesIO(saved(several(), is_zip))
        for load in (torch.load, safe_load, torch.load, safe_load):
            f.seek(0)
            assert difference(load(f), several()) is None


# ---- arguments, devices and errors


@dataclasses.dataclass
class Probe:
    """What goes into both. more: what safe_load() does differently, in words; then it raises `ours`, or loads."""

    f: Callable[[], Any]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    more: str = ""
    ours: type[Exception] | None = None


ZIP = saved(several())
LEGACY = saved(several(), is_zip=False)
MPS = ZIP.replace(b"X\x03\x00\x00\x00cpu", b"X\x03\x00\x00\x00mps")  # as if it came from there; the size stays
assert MPS != ZIP


class OnlyReads:
    def __init__(self) -> None:
        own = io.BytesIO(ZIP)
        self.read, self.readinto = own.read, own.readinto


def path_of(content: bytes, suffix: str = ".pt") -> str:
    descriptor, path = tempfile.mkstemp(suffix)
    with os.fdopen(descriptor, "wb") as f:
        f.write(content)
    return path


def closed() -> Any:
    f = io.BytesIO(ZIP)
    f.close()
    return f


def to_write() -> Any:
    return tempfile.NamedTemporaryFile("wb")


def zip_stream() -> Any:
    return io.BytesIO(ZIP)


def other_storage(storage: Any, tag: str) -> Any:
    assert tag == "cpu"
    return storage.clone()


def raises(storage: Any, tag: str) -> Any:
    raise LookupError(tag)


DEVICES: dict[str, Probe] = {
    repr(target): Probe(zip_stream, {"map_location": target})
    for target in (
        None, "cpu", torch.device("cpu"), "meta", torch.device("meta"), {"cpu": "cpu"}, {"cpu": "meta"}, {}, {"cuda:0": "cpu"},
        "cuda", "cuda:0", "cuda:7", torch.device("cuda"), "mps", "mps:0", "xpu", "xpu:3", "hpu", "mtia", "mtia:1",
        "privateuseone", "nosuch", "", {"cpu": "cuda:0"}, {"cpu": "nosuch"}, 5, b"cpu", ["cpu"],
    )
}  # fmt: skip

PROBES: dict[str, Probe] = {
    **DEVICES,
    "callable that keeps": Probe(zip_stream, {"map_location": lambda storage, tag: storage}),
    "callable that leaves it to torch": Probe(zip_stream, {"map_location": lambda storage, tag: None}),
    "callable that copies": Probe(zip_stream, {"map_location": other_storage}),
    "callable that raises": Probe(zip_stream, {"map_location": raises}),
    "callable that gives no storage": Probe(zip_stream, {"map_location": lambda storage, tag: 5}),
    "legacy, callable": Probe(lambda: io.BytesIO(LEGACY), {"map_location": lambda storage, tag: storage}),
    "legacy, meta": Probe(lambda: io.BytesIO(LEGACY), {"map_location": "meta"}),
    "legacy, a device that is not here": Probe(lambda: io.BytesIO(LEGACY), {"map_location": "cuda:1"}),
    "a device with a number": Probe(zip_stream, {"map_location": "cpu:0"}, "takes it for cpu"),
    "a device in a dict": Probe(zip_stream, {"map_location": {"cpu": torch.device("cpu")}}, "takes it"),
    "a tag that is not here": Probe(lambda: io.BytesIO(MPS), {}, "gives host memory, with a warning"),
    "a tag that is not here, to cpu": Probe(lambda: io.BytesIO(MPS), {"map_location": "cpu"}),
    "a tag that is not here, by a dict": Probe(lambda: io.BytesIO(MPS), {"map_location": {"mps": "cpu"}}),
    "a tag that is not here, by a dict without it": Probe(lambda: io.BytesIO(MPS), {"map_location": {"cuda": "cpu"}}),
    "path": Probe(lambda: path_of(ZIP)),
    "path of another suffix": Probe(lambda: path_of(LEGACY, ".ckpt")),
    "PathLike": Probe(lambda: __import__("pathlib").Path(path_of(ZIP))),
    "path, mapped": Probe(lambda: path_of(ZIP), {"mmap": True}),
    "path, not mapped": Probe(lambda: path_of(ZIP), {"mmap": False}),
    "path, mapped, to meta": Probe(lambda: path_of(ZIP), {"mmap": True, "map_location": "meta"}),
    "legacy path, mapped": Probe(lambda: path_of(LEGACY), {"mmap": True}, "maps it"),
    "file object, mapped": Probe(lambda: open(path_of(ZIP), "rb"), {"mmap": True}, "maps its file"),
    "memory, mapped": Probe(zip_stream, {"mmap": True}, "has it in memory anyway"),
    "no file": Probe(lambda: "/no such folder/model.pt"),
    "a folder": Probe(lambda: tempfile.mkdtemp(), {}, "looks for a set of files in it", package.Error),
    "an empty path": Probe(lambda: ""),
    "closed": Probe(closed),
    "to write": Probe(to_write),
    "only read and readinto": Probe(OnlyReads, {}, "reads it to its end"),
    "a number": Probe(lambda: 5, {}, "says what it takes", TypeError),
    "None": Probe(lambda: None, {}, "says what it takes", TypeError),
    "bytes": Probe(lambda: ZIP, {}, "reads them"),
    "text": Probe(lambda: io.StringIO("text"), {}, "says that it is text", TypeError),
    "a text file": Probe(lambda: open(path_of(ZIP)), {}, "says that it is text", TypeError),
    "nothing in it": Probe(lambda: io.BytesIO()),
    "an empty file": Probe(lambda: path_of(b"")),
    "at its end": Probe(lambda: (lambda f: (f.seek(0, 2), f)[1])(zip_stream())),
    "a zip file without its end": Probe(lambda: io.BytesIO(ZIP[:-100])),
    "the head of a zip file": Probe(lambda: io.BytesIO(ZIP[:300])),
    "a legacy file without its end": Probe(lambda: io.BytesIO(LEGACY[:-4])),
    "a storage that is damaged away": Probe(lambda: io.BytesIO(LEGACY[:-(280_000)])),
    "another zip file": Probe(lambda: io.BytesIO(b"PK\3\4" + bytes(200))),
    "pickle_module None": Probe(zip_stream, {"pickle_module": None}),
    "pickle_module, weights_only=False": Probe(zip_stream, {"pickle_module": pickle, "weights_only": False}),
    "pickle_module, weights_only=True": Probe(
        zip_stream, {"pickle_module": pickle, "weights_only": True}, "takes it: it is not used"
    ),
    "another pickle_module": Probe(
        zip_stream, {"pickle_module": types.SimpleNamespace(__name__="other", Unpickler=pickle.Unpickler, load=pickle.load), "weights_only": False},
        "uses none", TypeError,
    ),
    "weights_only None": Probe(zip_stream, {"weights_only": None}),
    "weights_only False": Probe(zip_stream, {"weights_only": False}),
    "encoding utf-8": Probe(zip_stream, {"encoding": "utf-8"}),
    "encoding latin1": Probe(zip_stream, {"encoding": "latin1", "weights_only": False}),
    "encoding bytes": Probe(zip_stream, {"encoding": "bytes", "weights_only": False}),
    "encoding ascii": Probe(zip_stream, {"encoding": "ascii", "weights_only": False}),
    "an unknown argument": Probe(zip_stream, {"nosuch": 1}),
    "errors without weights_only=False": Probe(zip_stream, {"errors": "ignore"}),
    "errors": Probe(zip_stream, {"errors": "ignore", "weights_only": False}, "takes no arguments of pickle", TypeError),
    "an unknown class": Probe(lambda: io.BytesIO(saved([UnknownClass()]))),
    "a class that is called": Probe(lambda: io.BytesIO(saved([1j, {UnknownClass(): 1}]))),
}  # fmt: skip


class UnknownClass:
    pass


def outcome(load: Callable[..., Any], probe: Probe) -> Any:
    """What loading gave or raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load(probe.f(), **probe.options)
        except Exception as error:
            return error


@pytest.mark.parametrize("name", PROBES)
def test_both_do_the_same(name):
    probe = PROBES[name]
    theirs, ours = outcome(torch.load, probe), outcome(safe_load, probe)
    if probe.ours is not None:
        assert isinstance(ours, probe.ours) and type(theirs) is not type(ours), (ours, theirs)
    elif probe.more:
        assert isinstance(theirs, Exception), "torch has learned it: the probe should say so"
        assert difference(ours, several()) is None
    elif isinstance(theirs, Exception):
        # Who catches what torch raises catches ours: RuntimeError, EOFError, UnpicklingError, OSError, TypeError ...
        assert isinstance(ours, type(theirs)), (ours, theirs)
    else:
        assert difference(ours, theirs) is None, ours


def test_what_a_callable_is_given_is_the_same():
    for content in (ZIP, LEGACY, MPS):
        calls = []
        for load in (torch.load, safe_load):
            seen: list[Any] = []
            load(io.BytesIO(content), lambda storage, tag: (seen.append((type(storage), storage.nbytes(), tag)), storage)[1])
            calls.append(sorted(seen, key=str))
        assert calls[0] == calls[1]


def test_both_take_positional_arguments_alike():
    for rest in (("cpu",), ("cpu", None)):
        assert difference(safe_load(zip_stream(), *rest), torch.load(zip_stream(), *rest)) is None
    for load in (safe_load, torch.load):
        with pytest.raises(TypeError):
            load(zip_stream(), "cpu", None, True)
        with pytest.raises(TypeError):
            load()


def test_every_fault_of_an_archive_is_a_runtimeerror():
    """Callers catch RuntimeError for these, as torch.load raises it for a damaged archive."""
    for content in (ZIP[:-1], ZIP[:1000], ZIP[:-30] + bytes(30), LEGACY[:-1], b"PK\3\4"):
        for load in (torch.load, safe_load):
            with pytest.raises(RuntimeError):
                load(io.BytesIO(content))
    assert issubclass(package.Error, pickle.UnpicklingError) and issubclass(package.Error, RuntimeError)


# ---- modes that are set around a call


@contextlib.contextmanager
def default_device(device: str):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextlib.contextmanager
def default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


MODES = {
    "device": lambda: torch.device("meta"),
    "default device": lambda: default_device("meta"),
    "default dtype": default_dtype,
    "inference": torch.inference_mode,
    "no_grad": torch.no_grad,
    "fake": lambda: torch._subclasses.FakeTensorMode(),
}


def described(value: Any) -> Any:
    return {
        name: (type(tensor), tensor.device, tensor.dtype, tuple(tensor.shape), tensor.requires_grad, tensor.is_inference())
        for name, tensor in value.items()
    }


@pytest.mark.parametrize("target", [None, "cpu", {"cpu": "cpu"}, "meta"])
@pytest.mark.parametrize("mode", MODES)
def test_a_mode_around_the_call_means_what_it_means_to_torch(mode, target):
    value = {"a": torch.arange(4.0), "p": torch.nn.Parameter(torch.ones(2)), "t": torch.ones(2, 3).T, "h": torch.ones(3).half()}
    content, found = saved(value), []
    for load in (torch.load, safe_load):
        with MODES[mode]():
            found.append(load(io.BytesIO(content), target))
    assert described(found[0]) == described(found[1])
    if mode != "fake" and target != "meta":
        assert difference({name: tensor.detach() for name, tensor in found[1].items()}, {n: t.detach() for n, t in value.items()}) is None


def test_a_sparse_tensor_keeps_its_elements_whatever_the_default_device_is():
    value = [torch.eye(2).to_sparse(), torch.eye(2).to_sparse_csr()]
    content = saved(value)
    with default_device("meta"):
        loaded = safe_load(content)
    assert [tensor.device.type for tensor in loaded] == ["cpu", "cpu"] and difference(loaded, value) is None


# ---- tags


TAGS = [
    f"{name}{number}"
    for name in "cuda mps xpu hpu mtia privateuseone xla ipu ve fpga maia vulkan lazy hip npu mlu".split()
    for number in ("", ":0", ":3", ":63")
] + ["cuda3", "cuda:", "nosuch", "maia:1:2", "CUDA"]


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("tag", TAGS)
def test_tensors_of_every_tag_come_into_host_memory_with_one_warning(tag, is_zip):
    if torch.cuda.is_available() and tag.startswith("cuda"):
        pytest.skip("this machine has the device")
    value = {"a": torch.arange(3.0), "b": torch.arange(5)}
    plain = saved(value, is_zip)
    content = with_tag(value, tag, is_zip)
    assert content != plain
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ours = safe_load(io.BytesIO(content))
    assert difference(ours, value) is None and ours["a"].device.type == "cpu"
    (warning,) = caught
    assert repr(tag) in str(warning.message) and warning.filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for there in ("cpu", {tag: "cpu"}, lambda storage, tag: storage):
            assert difference(safe_load(io.BytesIO(content), there), value) is None
        assert safe_load(io.BytesIO(content), "meta")["a"].is_meta
    with package.open(content) as handle, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert difference(dict(handle.items()), value) is None and len(caught) == 1


def with_tag(value: Any, tag: str, is_zip: bool) -> bytes:
    """As torch.save writes it on a machine with such a device."""
    before = torch.serialization._package_registry[:]
    torch.serialization.register_package(0, lambda storage: tag, lambda storage, location: None)
    try:
        return saved(value, is_zip)
    finally:
        torch.serialization._package_registry[:] = before


def test_meta_stays_meta():
    for is_zip in (True, False):
        content = saved({"a": torch.ones(2, device="meta")}, is_zip)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for load in (safe_load, torch.load):
                assert load(io.BytesIO(content))["a"].is_meta
