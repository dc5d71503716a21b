"""convert(): the bytes are those of the safetensors library, and nothing that is there is ever damaged."""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile

import pytest

import safe_load as package
from safe_load import Error, convert

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
library = pytest.importorskip("safetensors.torch", reason="SKIPPED: safetensors is not installed here")

DTYPES = [
    torch.uint64, torch.int64, torch.float64, torch.complex64, torch.float32, torch.uint32, torch.int32, torch.bfloat16,
    torch.float16, torch.uint16, torch.int16, torch.float8_e5m2, torch.float8_e4m3fn, torch.float8_e5m2fnuz,
    torch.float8_e4m3fnuz, torch.float8_e8m0fnu, torch.int8, torch.uint8, torch.bool,
]  # fmt: skip


def tensor_of(chance, dtype):
    shape = [chance.randrange(4) for _ in range(chance.randrange(4))]
    count = int(torch.tensor(shape).prod()) if shape else 1
    if dtype == torch.bool:
        return (torch.arange(count) % 2).bool().reshape(shape)
    raw = torch.tensor([chance.randrange(256) for _ in range(count * dtype.itemsize)], dtype=torch.uint8)
    return raw.view(dtype).reshape(shape) if count else torch.empty(shape, dtype=dtype)


@pytest.mark.parametrize("seed", range(60))
def test_it_writes_what_the_library_writes(tmp_path, seed):
    chance = random.Random(seed)
    letters = 'ab.é"\\\n\t\b\f\r\x01\x1f\x7f/ \u2028😀0'
    state = {
        "".join(chance.choice(letters) for _ in range(chance.randrange(1, 9))): tensor_of(chance, chance.choice(DTYPES))
        for _ in range(chance.randrange(1, 12))
    }
    torch.save(state, tmp_path / "a.pt")
    library.save_file(state, tmp_path / "theirs.safetensors", metadata={"format": "pt"})
    done = convert(tmp_path / "a.pt", tmp_path / "ours.safetensors")
    ours = (tmp_path / "ours.safetensors").read_bytes()
    assert ours == (tmp_path / "theirs.safetensors").read_bytes()
    assert done.size == len(ours) and done.tensors == len(state) and done.left_out == 0


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
def test_strides_views_and_bits_are_resolved(tmp_path, options):
    base = torch.arange(24.0).reshape(4, 6)
    complexes = torch.tensor([1 + 2j, 3 - 4j])
    state = {
        "transposed": base.t(), "row": base[1], "every other": base[:, ::2], "expanded": torch.ones(1).expand(3, 5),
        "bfloat": base.t().bfloat16(), "parameter": torch.nn.Parameter(base[2:]), "half": base[:2].half(),
    }  # fmt: skip
    if not options:  # the old format has no bits
        state |= {"conjugate": complexes.conj(), "negative": torch._neg_view(torch.rand(3))}
    torch.save(state, tmp_path / "a.pt", **options)
    convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    found = library.load_file(tmp_path / "a.safetensors")
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor.detach().resolve_conj().resolve_neg()), name


def test_a_tensor_with_two_names_is_noted_written_twice_or_refused(tmp_path):
    shared = torch.rand(3, 4)
    torch.save({"embed.weight": shared, "head.weight": shared, "format": shared, "part": shared[1]}, tmp_path / "a.pt")
    target = tmp_path / "a.safetensors"
    done = convert(tmp_path / "a.pt", target)
    assert done.aliases == {"head.weight": "embed.weight"}
    size = int.from_bytes(target.read_bytes()[:8], "little")
    metadata = json.loads(target.read_bytes()[8 : 8 + size])["__metadata__"]
    assert metadata == {"format": "pt", "head.weight": "embed.weight"}
    assert set(library.load_file(target)) == {"embed.weight", "format", "part"}
    assert convert(tmp_path / "a.pt", target, aliases="duplicate", overwrite=True).aliases == {}
    found = library.load_file(target)
    assert torch.equal(found["head.weight"], shared) and torch.equal(found["embed.weight"], shared)
    with pytest.raises(Error, match="embed.weight") as refused:
        convert(tmp_path / "a.pt", tmp_path / "b.safetensors", aliases="refuse")
    assert [issue["path"] for issue in refused.value.issues] == ["head.weight", "format"]
    assert not (tmp_path / "b.safetensors").exists()


def test_a_model_that_safetensors_saves_is_loaded_by_it_again(tmp_path):
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = torch.nn.Linear(3, 3)
            self.b = torch.nn.Linear(3, 3)
            self.b.weight = self.a.weight

    model, again = Tied(), Tied()
    torch.save(model.state_dict(), tmp_path / "a.pt")
    convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    library.load_model(again, tmp_path / "a.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), again.state_dict().values()))


def test_all_that_stands_against_it_is_listed_and_nothing_is_written(tmp_path):
    quantized = torch.quantize_per_tensor(torch.rand(3), 0.1, 0, torch.qint8)
    state = {"fine": torch.rand(2), "wide": torch.rand(2, dtype=torch.complex128), "__metadata__": torch.rand(1)}
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(Error) as refused:
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    assert [issue["path"] for issue in refused.value.issues] == ["wide", "__metadata__"]
    assert "nothing was" in str(refused.value) and refused.value.code == "unsupported"
    torch.save({"q": quantized}, tmp_path / "q.pt")
    with pytest.raises(Error, match="quantized"):
        convert(tmp_path / "q.pt", tmp_path / "a.safetensors")
    torch.save({"huge": torch.ones(1).expand(10**12)}, tmp_path / "h.pt")
    with pytest.raises(Error, match="max_copied_bytes"):
        convert(tmp_path / "h.pt", tmp_path / "a.safetensors")
    torch.save({"epoch": 3}, tmp_path / "n.pt")
    with pytest.raises(Error, match="no weights"):
        convert(tmp_path / "n.pt", tmp_path / "a.safetensors")
    assert not list(tmp_path.glob("*.safetensors")) and not list(tmp_path.glob(".*"))


def test_what_is_left_out_is_told_and_a_key_chooses(tmp_path):
    state = {"model": {"w": torch.rand(4)}, "optimizer": {"state": {0: {"exp_avg": torch.rand(4, dtype=torch.float64)}}}}
    torch.save(state, tmp_path / "a.pt")
    done = convert(tmp_path / "a.pt", tmp_path / "a.safetensors", dry_run=True)
    assert (done.tensors, done.left_out, done.left_out_bytes) == (1, 1, 32) and not (tmp_path / "a.safetensors").exists()
    convert(tmp_path / "a.pt", tmp_path / "a.safetensors", key='$["optimizer"]["state"][0]')
    assert list(library.load_file(tmp_path / "a.safetensors")) == ["exp_avg"]


def test_it_reads_whatever_opens(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    torch.save(model, tmp_path / "module.pt")
    library.save_file(model.state_dict(), tmp_path / "in.safetensors", metadata={"format": "pt"})
    for source in (tmp_path / "module.pt", (tmp_path / "module.pt").read_bytes(), tmp_path / "in.safetensors"):
        convert(source, tmp_path / "out.safetensors", overwrite=True)
        assert (tmp_path / "out.safetensors").read_bytes() == (tmp_path / "in.safetensors").read_bytes()


@pytest.mark.parametrize(
    "tensor",
    [torch.empty(3, device="meta"), torch.empty(4, 6, device="meta").t(), torch.empty(1 << 40, device="meta")],
    ids=["row", "strides", "huge"],
)
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
def test_a_tensor_of_the_meta_device_is_refused(tmp_path, tensor, options):
    torch.save({"w": torch.rand(2), "nothing": tensor}, tmp_path / "a.pt", **options)
    with pytest.raises(Error, match="meta device") as caught:
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    assert [issue["path"] for issue in caught.value.issues] == ["nothing"]
    assert not (tmp_path / "a.safetensors").exists()


@pytest.mark.parametrize("way", ["stored", "deflated", "legacy", "big-endian"])
def test_views_of_any_kind_of_a_storage_of_any_kind(tmp_path, way):
    chance = random.Random(way)
    base = torch.rand(40_000)
    state = {"whole": base}
    for i in range(200):
        step, start = chance.choice([1, 2, 3, 40, 1000]), chance.randrange(1000)
        state[f"step {i}"] = base[start::step]
        state[f"turned {i}"] = base[start : start + 600].view(20, 30).t()
        state[f"far {i}"] = base.as_strided((3, 4), (9000, chance.choice([1, 1000])), start)
    path = tmp_path / "a.pt"
    torch.save(state, path, _use_new_zipfile_serialization=way != "legacy")
    if way == "deflated":
        packed = tmp_path / "packed.pt"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
        path = packed
    if way == "big-endian":
        turned = tmp_path / "turned.pt"
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(turned, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                if "/data/" in name:
                    content = torch.frombuffer(bytearray(content), dtype=torch.float32).numpy().byteswap().tobytes()
                new.writestr(name, b"big" if name.endswith("byteorder") else content)
        path = turned
    convert(path, tmp_path / "a.safetensors", aliases="duplicate")
    loaded = library.load_file(tmp_path / "a.safetensors")
    assert loaded.keys() == state.keys() and all(torch.equal(loaded[name], state[name]) for name in state)


def test_work_is_in_proportion_to_what_is_written(tmp_path):
    """A storage that must be unpacked is unpacked once, and what lies between the elements of a view is not read."""
    base = torch.zeros(16 << 20)  # 64 MiB
    torch.save({f"w{i}": base[i::4_000_000] for i in range(300)}, tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "a.pt") as old, zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    before = time.process_time()
    for name in "ab":
        convert(tmp_path / f"{name}.pt", tmp_path / f"{name}.safetensors")
    assert time.process_time() - before < 10  # 300 times 64 MiB would take far longer
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_verify_finds_a_record_that_was_changed(tmp_path):
    torch.save({"w": torch.zeros(1 << 18)}, tmp_path / "a.pt")
    content = bytearray((tmp_path / "a.pt").read_bytes())
    content[1 << 19] ^= 1
    (tmp_path / "a.pt").write_bytes(content)
    convert(tmp_path / "a.pt", tmp_path / "a.safetensors")
    with pytest.raises(Error, match="CRC"):
        convert(tmp_path / "a.pt", tmp_path / "b.safetensors", verify=True)
    assert not (tmp_path / "b.safetensors").exists()


@pytest.mark.parametrize("name", ["\ud800", "__metadata__"])
def test_a_name_that_the_format_cannot_hold_is_refused_also_for_a_second_name(tmp_path, name):
    tensor = torch.rand(3)
    torch.save({"w": tensor, name: tensor}, tmp_path / "a.pt")
    for aliases in ("note", "duplicate"):
        with pytest.raises(Error) as caught:
            convert(tmp_path / "a.pt", tmp_path / "a.safetensors", aliases=aliases)
        assert len(caught.value.issues) == 1 and not (tmp_path / "a.safetensors").exists()


# ---- nothing is damaged


def test_a_file_that_is_there_stays_unless_it_is_to_be_overwritten(tmp_path):
    torch.save({"w": torch.rand(4)}, tmp_path / "a.pt")
    target = tmp_path / "a.safetensors"
    target.write_text("precious")
    with pytest.raises(Error, match="there already"):
        convert(tmp_path / "a.pt", target)
    assert target.read_text() == "precious"
    convert(tmp_path / "a.pt", target, overwrite=True)
    assert list(library.load_file(target)) == ["w"]


@pytest.mark.parametrize("size", [4, 1 << 20])  # read at once, and where it is needed
@pytest.mark.parametrize("way", ["name", "link", "hard link", "file object", "folder", "dry run"])
def test_the_checkpoint_itself_is_never_replaced(tmp_path, size, way):
    source = tmp_path / ("model.safetensors" if way == "folder" else "a.safetensors")
    library.save_file({"w": torch.rand(size)}, source)
    before = source.read_bytes()
    target = tmp_path / "b.safetensors" if "link" in way else source
    if way == "link":
        target.symlink_to(source)
    if way == "hard link":
        os.link(source, target)
    with pytest.raises(Error, match="itself"), source.open("rb") as file:
        given = file if way == "file object" else tmp_path if way == "folder" else source
        convert(given, target, overwrite=True, dry_run=way == "dry run")
    assert source.read_bytes() == before and target.read_bytes() == before


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(4)}, tmp_path / "a.pt")
    target = tmp_path / "a.safetensors"
    with pytest.raises(Error, match="there already"):
        convert(tmp_path / "a.pt", target, progress=lambda *_: target.write_text("precious"))
    assert target.read_text() == "precious" and len(list(tmp_path.iterdir())) == 2


def test_of_several_threads_one_writes_the_file(tmp_path):
    torch.save({"w": torch.rand(1 << 18)}, tmp_path / "a.pt")

    def write(_):
        try:
            return convert(tmp_path / "a.pt", tmp_path / "a.safetensors").size
        except Error as error:
            assert "there already" in str(error)
            return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sizes = [size for size in pool.map(write, range(32)) if size is not None]
    assert sizes == [(tmp_path / "a.safetensors").stat().st_size]


def test_it_writes_where_the_process_was_when_it_began(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(4)}, tmp_path / "a.pt")
    monkeypatch.chdir(tmp_path)
    convert("a.pt", "a.safetensors", progress=lambda *_: os.chdir(tmp_path / "elsewhere"))
    assert (tmp_path / "a.safetensors").exists() and not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("dry_run", [False, True])
def test_only_files_are_replaced(tmp_path, dry_run):
    torch.save({"w": torch.rand(4)}, tmp_path / "a.pt")
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "null.safetensors").symlink_to("/dev/null")
    (tmp_path / "x.safetensors").mkdir()
    (tmp_path / "there.safetensors").touch()
    for name in ("pipe", "null", "x"):
        with pytest.raises(Error, match="not a file"):
            convert(tmp_path / "a.pt", tmp_path / f"{name}.safetensors", overwrite=True, dry_run=dry_run)
    with pytest.raises(Error, match="there already"):
        convert(tmp_path / "a.pt", tmp_path / "there.safetensors", dry_run=dry_run)
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "a.pt", tmp_path / "missing" / "y.safetensors", dry_run=dry_run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_cleans_up_when_it_is_ended(tmp_path, program, number):
    torch.save({f"w{i}": torch.rand(1 << 22) for i in range(16)}, tmp_path / "a.pt")
    process = subprocess.Popen([program, "convert", tmp_path / "a.pt", tmp_path / "a.safetensors"])
    while not list(tmp_path.glob(".*.part")):
        assert process.poll() is None
    process.send_signal(number)
    assert process.wait() == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_a_source_that_changes_meanwhile_is_an_error(tmp_path):
    source, target = tmp_path / "a.pt", tmp_path / "a.safetensors"
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(8)}, source)

    def change(done, total, unit):
        os.utime(source, (1, 1))

    with pytest.raises(OSError, match="changed"):
        convert(source, target, progress=change)
    assert not target.exists()

    def cut(done, total, unit):
        os.truncate(source, 5000)

    with pytest.raises((OSError, Error)):
        convert(source, target, progress=cut)
    assert not target.exists() and [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_an_exception_of_progress_ends_it_and_leaves_nothing(tmp_path):
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(4)}, tmp_path / "a.pt")

    def stop(done, total, unit):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_progress_counts_to_the_end(tmp_path):
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(4)}, tmp_path / "a.pt")
    seen = []
    done = convert(tmp_path / "a.pt", tmp_path / "a.safetensors", progress=lambda *told: seen.append(told))
    assert seen[-1] == (done.size, done.size, "bytes") and seen == sorted(seen)


@pytest.mark.parametrize("limit", [0, 1000, 3 << 20])
def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path, limit):
    """A limit of the size of files stands in for it: the write fails in the middle."""
    torch.save({f"w{i}": torch.rand(1 << 18) for i in range(4)}, tmp_path / "a.pt")
    code = (
        "import resource, signal, sys, safe_load\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try:\n    safe_load.convert(sys.argv[1], sys.argv[2])\n"
        "except OSError as error:\n    print('refused', error.errno)\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.pt", tmp_path / "a.safetensors"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith("refused 27") and done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_killed_at_any_moment_it_leaves_the_old_file(tmp_path):
    torch.save({f"w{i}": torch.rand(1 << 20) for i in range(24)}, tmp_path / "a.pt")
    target = tmp_path / "a.safetensors"
    old = b"old content"
    whole = convert(tmp_path / "a.pt", tmp_path / "whole.safetensors").size
    code = "import sys, safe_load; print(flush=True); safe_load.convert(*sys.argv[1:], overwrite=True)"
    for i in range(12):
        target.write_bytes(old)
        process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "a.pt", target], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(i * 0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert target.read_bytes() == old or target.stat().st_size == whole
        for part in tmp_path.glob(".*.part"):
            part.unlink()


def test_arguments_of_another_kind_are_refused(tmp_path):
    torch.save({"w": torch.rand(4)}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="safetensors"):
        convert(tmp_path / "a.pt", tmp_path / "x.pt")
    with pytest.raises(ValueError, match="NUL"):
        convert(tmp_path / "a.pt", "x\0.safetensors")
    with pytest.raises(ValueError, match="aliases"):
        convert(tmp_path / "a.pt", tmp_path / "y.safetensors", aliases="both")
    for key in (1, [1], [b"w"]):
        with pytest.raises(TypeError):
            convert(tmp_path / "a.pt", tmp_path / "y.safetensors", key=key)
    convert(tmp_path / "a.pt", os.fsencode(tmp_path / "bytes.safetensors"))
    assert (tmp_path / "bytes.safetensors").exists()


def test_it_takes_no_memory_in_proportion_to_the_file(tmp_path):
    torch.save({f"w{i}": torch.rand(1 << 22) for i in range(16)}, tmp_path / "a.pt")  # 256 MiB
    code = (
        "import re, sys, safe_load\n"
        "safe_load.convert(*sys.argv[1:])\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.pt", tmp_path / "a.safetensors"]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert peak < 64 << 10  # KiB


def test_it_is_a_function_of_safe_load_too():
    assert package.safe_load.convert is convert


def test_a_header_that_begins_like_a_pickle_is_safe_all_the_same(tmp_path):
    """Its length begins with PROTO, behind which 0 is no opcode: no unpickler goes on there."""
    for size in range(1, 400):
        torch.save({"w" * size: torch.rand(1)}, tmp_path / "a.pt")
        convert(tmp_path / "a.pt", tmp_path / "a.safetensors", overwrite=True)
        if (tmp_path / "a.safetensors").read_bytes()[:1] == b"\x80":
            break
    else:
        pytest.fail("no header of this length")
    assert package.scan(tmp_path / "a.safetensors").verdict is package.Verdict.SAFE
