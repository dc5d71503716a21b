"""fix(): torch.load() takes the file by default, and it holds the plain form of what was saved, byte for byte as torch writes it."""

import collections
import contextlib
import datetime
import fractions
import io
import os
import pathlib
import pickle
import pickletools
import re
import time
import uuid
import warnings
import zipfile
import zoneinfo

import pytest

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
np = pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")

from deep_equal import difference
from forge import forge, tensor, text
from kind_check import saved
from kinds import KINDS
from plain import NoForm, plain
from torch.utils.serialization import config

import safe_load as package
from safe_load import Error, Verdict, fix, scan

# What the oracle says of the file is more than the file says.
STRIDES_OF_COPIES = "more.array axes 1 2 0"  # before protocol 5 NumPy writes the axes in another order
LOSSY = ("nn.quantized Linear",)  # its weights are not where a module has them
NO_FORM = ("nn.LazyLinear", "more.tuple in itself")


def cases():
    for name, kind in KINDS.items():
        for protocol in kind.protocols:
            yield pytest.param(name, kind, protocol, id=f"{name}-{protocol}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, kind, protocol", list(cases()))
def test_a_kind_of_value_has_its_plain_form(tmp_path, name, kind, protocol):
    """Or none, and then it is written when its loss is allowed, or refused."""
    value = kind.value()
    content = saved(value, protocol)
    target = tmp_path / "out.pt"
    try:
        expected = plain(kind.expected(value, protocol))
    except NoForm:
        expected = NoForm
    try:
        changes = fix(content, target).changes
        assert all(change.kind == "plain" for change in changes)
    except Error as error:
        assert expected is NoForm or name in LOSSY + NO_FORM, error
        assert not target.exists()
        try:
            changes = fix(content, target, lossy=True, unknown="record").changes
            assert any(change.kind != "plain" for change in changes)
        except Error:
            assert not target.exists()
            return
        expected = NoForm
    loaded = torch.load(target)  # by default: weights_only
    if expected is not NoForm and not (name == STRIDES_OF_COPIES and protocol < 5):
        assert difference(loaded, expected) is None
    if expected is not NoForm and not changes and protocol == 2:  # torch's safe reader knows no other
        with contextlib.suppress(pickle.UnpicklingError):  # what even torch's own form is refused for
            assert difference(loaded, torch.load(io.BytesIO(content))) is None
    again = tmp_path / "again.pt"
    assert fix(target, again).changes == [] and again.read_bytes() == target.read_bytes()
    assert scan(target).verdict is Verdict.SAFE


def test_most_kinds_have_a_plain_form():
    count = 0
    for kind in KINDS.values():
        try:
            plain(kind.value())
            count += 1
        except (NoForm, TypeError, ValueError):
            pass
    assert count > 250


# ---- byte for byte


def plain_values():
    shared, cycle, knot = [1, 2], [1], {}
    cycle.append(cycle)
    knot["self"] = knot
    attributed = collections.OrderedDict(a=1, b=2)
    attributed._metadata = {"x": 1}
    rows = torch.rand(4, 6)
    complexes = torch.rand(3, dtype=torch.complex64)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.rand(5, 3)).sum().backward()
    optimizer.step()
    marked, parameter = torch.rand(3), torch.nn.Parameter(torch.rand(3))
    marked.note = parameter.note = 1
    old = "float16 float32 float64 bfloat16 complex64 complex128 uint8 int8 int16 int32 int64 bool".split()
    late = "uint16 uint32 uint64 float8_e4m3fn float8_e5m2 complex32".split()
    edges = [0, 1, 255, 256, 65535, 65536, -1, -128, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63, -(2**63)]
    return {
        "ints": [*edges, 2**64, 2**200, -(2**200), 128, 32768, 40000],
        "texts": ["", "a", "é", "\ud800", "x" * 300, "latin1"],
        "bytes": [b"a", b"\xff\x00", b"abc" * 100, bytearray(b""), bytearray(b"x")],
        "numbers": [0.0, -0.0, 1.5, float("inf"), float("nan"), 1 + 2j, None, True, False],
        "lists": [list(range(n)) for n in (0, 1, 2, 1000, 1001, 2500)],
        "dicts": [{i: i for i in range(n)} for n in (0, 1, 2, 1000, 1001, 2500)],
        "ordered": [collections.OrderedDict((i, i) for i in range(n)) for n in (0, 1, 2, 1000, 1001, 2500)],
        "attributes": attributed,
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "shared": [shared, shared, (shared, shared)],
        "sets": [{1, 2, 3}, {"a"}, set(), collections.Counter("abca")],
        "cycles": [cycle, knot],
        "views": [rows, rows.t(), rows[1:], rows[:, ::2], rows[:0], torch.nn.Parameter(torch.rand(2))],
        "old types": [torch.zeros(3, dtype=getattr(torch, name)) for name in old],
        "late types": [torch.zeros(3, dtype=getattr(torch, name)) for name in late],
        "bits": [complexes.conj(), torch._neg_view(torch.rand(2))],
        "empty": [torch.empty(0), torch.empty(0, 3), torch.tensor(5.0), torch.empty(3, 4, device="meta")],
        "symbols": [torch.float32, torch.Size([1, 2]), torch.device("cpu"), torch.device("cuda", 1), torch.strided],
        "sparse": [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.eye(3).to_sparse().coalesce()],
        "nested": torch.nested.nested_tensor([torch.rand(2), torch.rand(3)]),
        "quantized": torch.quantize_per_tensor(torch.rand(3), 0.1, 2, torch.qint8),
        "storages": [torch.rand(3).untyped_storage(), torch.rand(3).storage()],
        "marked": [marked, parameter, torch.rand(2, requires_grad=True)],
        "training": {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3},
    }


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch speaks of prototypes
    VALUES = plain_values()


@pytest.mark.parametrize("name", VALUES)
def test_plain_values_are_written_as_torch_writes_them(tmp_path, name):
    source, target = tmp_path / "archive.pt", tmp_path / "out.pt"
    torch.save(VALUES[name], source)
    assert fix(source, target).changes == []
    with zipfile.ZipFile(source) as theirs, zipfile.ZipFile(target) as ours:
        wanted = pickletools.optimize(theirs.read("archive/data.pkl"))
        records = {entry: ours.read(entry) for entry in ours.namelist()}
        assert records["archive/data.pkl"] == wanted
        assert list(records) == theirs.namelist()
    # The same records by torch's own writer.
    twin = tmp_path / "twin" / "archive.pt"
    twin.parent.mkdir()
    writer = torch._C.PyTorchFileWriter(str(twin), True, 64)
    for entry, content in records.items():
        if not entry.endswith(("/version", "/serialization_id")):
            writer.write_record(entry.removeprefix("archive/"), content, len(content))
    writer.write_end_of_file()
    assert zeroed(target.read_bytes()) == zeroed(twin.read_bytes())
    with zipfile.ZipFile(twin) as theirs:
        assert theirs.read("archive/.data/serialization_id")[20:] == records["archive/.data/serialization_id"][20:]


def zeroed(content: bytes) -> bytes:
    """Without the first half of the id, which is another one in each build of torch, and its checksums."""
    start = content.index(b".data/serialization_id")
    data = content.index(b"Z", start)
    data += len(content[data:]) - len(content[data:].lstrip(b"Z"))
    entry = content.rindex(b".data/serialization_id") - 46 - len("archive/")
    zeroed = bytearray(content)
    for begin, end in ((data, data + 20), (data + 44, data + 48), (entry + 16, entry + 20)):
        zeroed[begin:end] = bytes(end - begin)
    return bytes(zeroed)


# ---- storages


def all_ways(path):
    yield torch.load(path)
    yield torch.load(path, mmap=True)
    with config.patch("load.calculate_storage_offsets", True):
        yield torch.load(path, mmap=True)


def test_a_storage_is_cut_to_what_is_used(tmp_path):
    base = torch.arange(100_000.0)
    used = {"a": base[70_000:70_010], "b": base[70_004:70_020], "c": base[70_013:70_013]}
    torch.save(used, tmp_path / "a.pt")
    done = fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert done.size < 4000 < (tmp_path / "a.pt").stat().st_size
    for loaded in all_ways(tmp_path / "b.pt"):
        assert all(torch.equal(loaded[name], used[name]) for name in used)
        assert loaded["a"].untyped_storage().data_ptr() == loaded["b"].untyped_storage().data_ptr()


def test_many_storages_in_any_order_are_found_again(tmp_path):
    base = [torch.rand(n % 97) for n in range(300)]
    torch.save({"forwards": base, "backwards": base[::-1], "odd": [t[1:] for t in base[::3]]}, tmp_path / "a.pt")
    fix(tmp_path / "a.pt", tmp_path / "b.pt")
    for loaded in all_ways(tmp_path / "b.pt"):
        assert all(torch.equal(a, b) for a, b in zip(loaded["forwards"], base))
        assert all(a is b for a, b in zip(loaded["forwards"], reversed(loaded["backwards"])))


def test_an_expanded_tensor_costs_its_storage(tmp_path):
    torch.save(torch.ones(1).expand(1_000_000, 1_000_000), tmp_path / "a.pt")
    assert fix(tmp_path / "a.pt", tmp_path / "b.pt").size < 2000
    assert torch.load(tmp_path / "b.pt").shape == (1_000_000, 1_000_000)


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"])
def test_the_bytes_are_little_endian_and_stored(tmp_path, byteorder, method):
    values = {name: torch.arange(12).to(getattr(torch, name)) for name in ("int16", "float32", "complex128", "bool", "uint8")}
    torch.save(values, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w", method) as new:
        for i, name in enumerate(old.namelist()):
            content = old.read(name)
            if "/data/" in name and byteorder == "big":
                width = (2, 4, 8, 1, 1)[int(name.rsplit("/", 1)[1])]
                content = b"".join(content[at : at + width][::-1] for at in range(0, len(content), width))
            new.writestr(name, byteorder.encode() if name.endswith("byteorder") else content)
    fix(tmp_path / "b.pt", tmp_path / "c.pt")
    for loaded in all_ways(tmp_path / "c.pt"):
        assert difference(loaded, values) is None


# ---- what stands against it


class Mine:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_what_is_not_known_is_refused_left_out_or_written_as_a_dict(tmp_path):
    knot = Mine(name="knot", w=torch.rand(2))
    knot.self = knot
    torch.save({"keep": 1, "mine": Mine(a=[1]), "list": [knot, 2]}, tmp_path / "a.pt")
    with pytest.raises(Error, match="not known") as caught:
        fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert {issue["path"] for issue in caught.value.issues} == {'$["mine"]', '$["list"][0]'}
    assert not (tmp_path / "b.pt").exists()

    def fixed(rule):
        done = fix(tmp_path / "a.pt", tmp_path / f"{rule}.pt", unknown=rule)
        assert {change.kind for change in done.changes} == {"unknown"} and len(done.changes) == 2
        return torch.load(tmp_path / f"{rule}.pt")

    assert fixed("drop") == {"keep": 1, "list": [None, 2]}
    as_dict = fixed("dict")
    assert as_dict["mine"] == {"a": [1]} and as_dict["list"][0]["self"] is as_dict["list"][0]
    record = fixed("record")
    assert record["mine"] == {"__class__": f"{__name__}.Mine", "a": [1]}
    assert torch.equal(record["list"][0]["w"], knot.w)


def test_a_dict_of_attributes_is_refused_where_there_is_more(tmp_path):
    torch.save([ValueError("why"), Mine(a=1)], tmp_path / "a.pt")
    with pytest.raises(Error, match="more than attributes"):
        fix(tmp_path / "a.pt", tmp_path / "b.pt", unknown="dict")
    fix(tmp_path / "a.pt", tmp_path / "b.pt", unknown="record")
    assert torch.load(tmp_path / "b.pt")[0] == {"__class__": "builtins.ValueError", "args": ["why"]}


def test_what_would_be_lost_is_refused_unless_it_may_be(tmp_path):
    torch.save({"d": collections.deque([1, 2], maxlen=2), "f": torch.nn.functional.relu}, tmp_path / "a.pt")
    with pytest.raises(Error, match="`lossy`"):
        fix(tmp_path / "a.pt", tmp_path / "b.pt")
    done = fix(tmp_path / "a.pt", tmp_path / "b.pt", lossy=True)
    assert {change.kind for change in done.changes} == {"lossy"}
    assert torch.load(tmp_path / "b.pt") == {"d": [1, 2], "f": "torch.nn.functional.relu"}


class Apart(dict):
    """A dict with keys that Python would take for one."""

    def __init__(self, *keys):
        self.keys_apart = keys

    def __reduce__(self):
        return (dict, (), None, None, iter([(key, i) for i, key in enumerate(self.keys_apart)]))


class Members:
    """A set with members that Python would take for one."""

    def __init__(self, *members):
        self.members = members

    def __reduce__(self):
        return (set, (list(self.members),))


SECOND = datetime.timedelta(seconds=1)
BECOME_EQUAL = [
    (1, np.int64(1)), ("a", pathlib.PurePosixPath("a")), (True, np.int8(1)), ((1, 2), (np.int64(1), 2)), (1.0, np.int64(1)),
    (SECOND, 1.0), (SECOND, True), (SECOND, complex(1, 0)), (datetime.timedelta(0), -0.0), ((SECOND,), (True,)),
    (2**3000, hex(2**3000)), (uuid.UUID(int=1), str(uuid.UUID(int=1))), (np.str_("a"), "a"),
    (torch.Size([1, 44]), (np.int64(1), 44)),
]  # fmt: skip


@pytest.mark.parametrize("holder", [Apart, Members])
@pytest.mark.parametrize("keys", BECOME_EQUAL, ids=lambda keys: " ".join(str(key)[:12] for key in keys))
def test_keys_that_become_equal_are_refused(tmp_path, holder, keys):
    torch.save(holder(*keys), tmp_path / "a.pt")
    with pytest.raises(Error, match="equal"):
        fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert not (tmp_path / "b.pt").exists()


class Mapping(dict):
    pass


def test_pairs_of_an_unknown_mapping_are_told_apart_too(tmp_path):
    for keys in ((pathlib.PurePosixPath("a"), "a"), (SECOND, 1)):
        torch.save(Mapping(dict.fromkeys(keys)), tmp_path / "a.pt")
        with pytest.raises(Error, match="equal"):
            fix(tmp_path / "a.pt", tmp_path / "b.pt", unknown="dict")


UNHASHABLE = [
    re.compile("a", re.I), datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")), torch.nn.Linear(1, 1)
]  # fmt: skip


@pytest.mark.parametrize("value", UNHASHABLE, ids=lambda value: type(value).__name__)
def test_what_becomes_no_key_is_refused_as_a_key(tmp_path, value):
    for holder in ({value}, {value: 1}, {(value, 1): 2}):
        torch.save(holder, tmp_path / "a.pt")
        with pytest.raises(Error, match="cannot be a key"):
            fix(tmp_path / "a.pt", tmp_path / "b.pt")


def test_keys_that_stay_apart_are_kept(tmp_path):
    row = torch.rand(2)
    nan = [float("nan"), float("nan")]
    parameters = [torch.nn.Parameter(row), torch.nn.Parameter(row)]
    keys = [*nan, (nan[0],), *parameters, torch.float32, 2**70, 2.5, b"a", "a", torch.Size([44]), torch.Size([0, 0]), (0, 44), 1 + 2j, (1, 2), np.int64(7)]
    torch.save({key: i for i, key in enumerate(keys)}, tmp_path / "a.pt")
    fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert list(torch.load(tmp_path / "b.pt").values()) == list(range(len(keys)))


PATHS = [
    ("a", "/b"), ("a//b", "."), ("a/",), ("/", "a"), ("//", "a"), ("///a",), (".",), (), ("a", "..", "b"), ("",)
]  # fmt: skip


@pytest.mark.parametrize("parts", PATHS, ids=repr)
def test_paths_are_what_pathlib_makes_of_their_parts(tmp_path, parts):
    class Path:
        def __init__(self, kind):
            self.kind = kind

        def __reduce__(self):
            return (self.kind, parts)

    torch.save(Path(pathlib.PurePosixPath), tmp_path / "a.pt")
    fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert torch.load(tmp_path / "b.pt") == str(pathlib.PurePosixPath(*parts))
    torch.save(Path(pathlib.PureWindowsPath), tmp_path / "a.pt")
    with contextlib.suppress(Error):  # roots behind the first part
        fix(tmp_path / "a.pt", tmp_path / "b.pt", overwrite=True)
        assert torch.load(tmp_path / "b.pt") == str(pathlib.PureWindowsPath(*parts))


@pytest.mark.parametrize("parts", [("C:\\", "a"), ("C:", "a"), ("C:a", "b"), ("\\", "a"), ("a/b", "c"), ("C:/a/./b/",)], ids=repr)
def test_paths_of_windows_too(tmp_path, parts):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Parts(pathlib.PureWindowsPath, parts), 2))
    fix(tmp_path / "a.pkl", tmp_path / "b.pt")
    assert torch.load(tmp_path / "b.pt") == str(pathlib.PureWindowsPath(*parts))


class Parts:
    """What pickle makes of a call that no object asks for."""

    def __init__(self, kind, parts, *state):
        self.made = kind, parts, *state

    def __reduce__(self):
        return self.made


@pytest.mark.parametrize("microseconds", [1, -1, 3_600_000_000, -86_399_999_999, 86_399_999_999, 90_061_000_000 - 86_400_000_000])
def test_offsets_of_zones_are_whole(tmp_path, microseconds):
    zone = datetime.timezone(datetime.timedelta(microseconds=microseconds))
    when = datetime.datetime(2020, 2, 3, 4, 5, 6, 7, zone)
    torch.save([when, when.timetz(), zone], tmp_path / "a.pt")
    fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert torch.load(tmp_path / "b.pt") == [when.isoformat(), when.timetz().isoformat(), str(zone)[3:]]


def test_what_hangs_on_a_value_is_not_lost(tmp_path):
    words = collections.UserDict(a=1)
    words.more = 2
    stream = io.BytesIO(b"a")
    stream.more = 2
    module = torch.nn.Module()
    module.register_buffer("q", torch.quantize_per_tensor(torch.ones(1), 0.1, 3, torch.qint8))
    counter = Parts(collections.Counter, ({"a": 1},), {"more": 2})
    for value in (words, stream, module, counter):
        torch.save(value, tmp_path / "a.pt")
        with pytest.raises(Error):
            fix(tmp_path / "a.pt", tmp_path / "b.pt")


def test_bytes_seen_as_two_types_stay_shared(tmp_path):
    numbers = torch.arange(6, dtype=torch.int16).view(torch.uint16)
    torch.save({"a": numbers, "b": numbers.view(torch.uint8)}, tmp_path / "a.pt")
    assert fix(tmp_path / "a.pt", tmp_path / "b.pt").changes == []
    loaded = torch.load(tmp_path / "b.pt")
    assert torch.equal(loaded["a"].view(torch.uint8), loaded["b"])
    assert loaded["a"].untyped_storage().data_ptr() == loaded["b"].untyped_storage().data_ptr()


def test_tensors_as_keys_with_what_hangs_on_them_end(tmp_path):
    """Their attributes are no part of what they are equal to: cycles, depth and sharing there cost nothing."""
    key = torch.rand(1)
    knot = collections.OrderedDict()
    key.note = knot
    knot["again"] = knot
    for _ in range(60):
        knot = collections.OrderedDict(a=knot, b=knot)
    key.deep = knot
    torch.save({key: 1, np.int64(2): 2}, tmp_path / "a.pt")
    fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert list(torch.load(tmp_path / "b.pt").values()) == [1, 2]


def test_items_without_bytes_are_not_made_for_nothing(tmp_path):
    empty = np.zeros(1, "S0").__reduce__()
    state = (1, (10**12,), np.dtype("S0"), False, b"")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Parts(empty[0], empty[1]), 2)[:-1] + pickle.dumps(state, 2)[2:-1] + b"b.")
    with pytest.raises(Error):
        fix(tmp_path / "a.pkl", tmp_path / "b.pt")


def test_many_damaged_values_are_found_in_linear_time(tmp_path):
    values = [Parts(fractions.Fraction, (1, 0)) for _ in range(30_000)]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(values, 2))
    before = time.process_time()
    with pytest.raises(Error):
        fix(tmp_path / "a.pkl", tmp_path / "b.pt")
    assert time.process_time() - before < 10


def test_what_is_written_again_and_again_has_an_end(tmp_path):
    """Many objects that share one state: each gets a dict of its own."""
    state = b"}(" + b"".join(b"X\x05\x00\x00\x00%05dN" % i for i in range(20_000)) + b"u"
    one = b"cargparse\nNamespace\n)Rh\x00b"
    content = b"\x80\x02](" + state + b"q\x00" + one * 1000 + b"e."
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(Error, match="work_per_byte"):
        fix(tmp_path / "a.pkl", tmp_path / "b.pt")
    with pytest.raises(Error, match="proportion"):
        limits = package.Limits()
        limits.work_per_byte = 10**6
        fix(tmp_path / "a.pkl", tmp_path / "b.pt", limits=limits)


def test_a_damaged_value_is_refused_by_name(tmp_path):
    content = forge(b"}(" + text("good") + b"K\x01" + text("w") + tensor("0", 4) + b"u.", {"0": bytes(4)})
    with pytest.raises(Error) as caught:
        fix(content, tmp_path / "b.pt")
    assert [issue["path"] for issue in caught.value.issues] == ['$["w"]']
    assert not (tmp_path / "b.pt").exists()


def test_elements_that_make_no_sense_are_refused(tmp_path):
    beyond = torch.sparse_coo_tensor(torch.tensor([[5]]), torch.tensor([1.0]), (3,), check_invariants=False)
    torch.save({"s": beyond}, tmp_path / "a.pt")
    with pytest.raises(Error, match="index") as caught:
        fix(tmp_path / "a.pt", tmp_path / "b.pt")
    assert [issue["path"] for issue in caught.value.issues] == ['$["s"]']
    assert not (tmp_path / "b.pt").exists()


def test_a_million_levels_take_linear_time(tmp_path):
    def nested(depth):
        return b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."

    def seconds(depth):
        (tmp_path / "a.pkl").write_bytes(nested(depth))
        before = time.process_time()
        fix(tmp_path / "a.pkl", tmp_path / "b.pt", overwrite=True)
        return time.process_time() - before

    few, many = seconds(100_000), seconds(1_000_000)
    with zipfile.ZipFile(tmp_path / "b.pt") as written:
        assert written.read("archive/data.pkl") == nested(1_000_000)
    assert many < 60 * max(few, 0.01)


# ---- nothing is damaged


def test_targets_are_those_of_convert(tmp_path):
    source, target = tmp_path / "a.pt", tmp_path / "b.pt"
    torch.save({"w": torch.rand(4)}, source)
    before = source.read_bytes()
    with pytest.raises(Error, match="itself"):
        fix(source, source, overwrite=True)
    assert source.read_bytes() == before
    target.write_text("precious")
    for dry_run in (True, False):
        with pytest.raises(Error, match="there already"):
            fix(source, target, dry_run=dry_run)
    assert target.read_text() == "precious"
    planned = fix(source, target, overwrite=True, dry_run=True)
    assert target.read_text() == "precious"
    assert fix(source, target, overwrite=True) == planned
    assert target.stat().st_size == planned.size
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Error, match="not a file"):
        fix(source, tmp_path / "pipe", overwrite=True)
    with pytest.raises(ValueError, match="unknown"):
        fix(source, target, unknown="all")
    assert package.safe_load.fix is fix


def test_the_same_twice_is_the_same_file(tmp_path, example):
    for name in "ab":
        fix(example, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_command_says_what_it_does(tmp_path, program, example):
    import subprocess

    def run(*arguments):
        return subprocess.run([program, "fix", *map(str, arguments)], capture_output=True, text=True)

    assert run(example, "--check").returncode == 1
    done = run(example, "-o", tmp_path / "a.pt")
    assert done.returncode == 0 and 'numpy scalar -> float: $["best_acc"]' in done.stdout
    assert run(tmp_path / "a.pt", "--check").returncode == 0
    assert run(example, "-o", tmp_path / "a.pt").returncode == 2
    assert run(example).returncode == 4
    assert type(torch.load(tmp_path / "a.pt")["best_acc"]) is float
