"""The cases of attacks/loading.py, each of which was once wrong; and manners that need a program around them."""

import os
import signal
import subprocess
import sys
import threading
import time

import child
import loading
import pytest
from assembler import call, checkpoint, pickle_of, symbol, tensor, text

import safe_load as package
from safe_load import safe_load

CASES = [(number, case) for number, case in enumerate(loading.all_cases())]
COSTLY = {case.name for case in loading.costs()}


@pytest.mark.parametrize("number, case", CASES, ids=lambda x: x.name if isinstance(x, loading.Case) else "")
def test_case(number, case):
    for framework in case.frameworks:
        if framework != "none":
            pytest.importorskip(framework, reason=f"SKIPPED: {framework} is not installed here")
        seen = loading.in_child(number, framework) if case.name in COSTLY else loading.judge(case, framework)
        assert not seen, framework


def test_an_attribute_is_kept_beside_an_array(torch, np, tmp_path):
    weight = torch.arange(3.0)
    weight.note = "kept"
    torch.save({"w": weight}, tmp_path / "x.pt")
    for framework in ("torch", "numpy", "none"):
        loaded = safe_load(tmp_path / "x.pt", framework=framework)["w"]
        assert package.tensor_attributes(loaded) == {"note": "kept"}
    assert safe_load(tmp_path / "x.pt")["w"].note == "kept"
    assert package.tensor_attributes(np.zeros(3)) == {} == package.tensor_attributes(torch.zeros(3))


def test_a_storage_that_stands_twice_is_one_object(torch, round_trip):
    storage = torch.zeros(2).storage()
    loaded = round_trip([storage, storage])
    assert loaded[0] is loaded[1]


def test_parameters_around_sparse_tensors(torch, round_trip):
    loaded = round_trip({"w": torch.nn.Parameter(torch.eye(3).to_sparse())})["w"]
    assert type(loaded) is torch.nn.Parameter and loaded.to_dense().equal(torch.eye(3)) and loaded.requires_grad
    csr = torch.nn.Parameter(torch.eye(3).to_sparse_csr(), requires_grad=False)
    csr.note = 5
    loaded = round_trip({"w": csr})["w"]
    assert loaded.layout is torch.sparse_csr and not loaded.requires_grad and loaded.note == 5


def test_safetensors_of_float4(torch, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    value = torch.arange(12, dtype=torch.uint8).reshape(3, 4).view(torch.float4_e2m1fn_x2)
    safetensors.save_file({"t": value}, tmp_path / "x.safetensors")
    loaded = safe_load(tmp_path / "x.safetensors")["t"]
    assert loaded.dtype == value.dtype and loaded.view(torch.uint8).equal(value.view(torch.uint8))


def save_set(folder, count):
    """As many files of one tensor, t0, t1, ..., with their index; gives their names."""
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    names = [f"model-{i:05}-of-{count:05}.safetensors" for i in range(1, count + 1)]
    for i, name in enumerate(names):
        safetensors.save_file({f"t{i}": torch.full((300,), float(i))}, folder / name)
    rows = ", ".join(f'"t{i}": "{name}"' for i, name in enumerate(names))
    (folder / "model.safetensors.index.json").write_text(f'{{"weight_map": {{{rows}}}}}')
    return names


@pytest.mark.parametrize("limit, is_enough", [(24, True), (9, False)])
def test_a_set_of_more_files_than_a_process_may_have_open(limit, is_enough, tmp_path):
    save_set(tmp_path, 40)
    said = child.run(
        """
import errno, resource, sys, safe_load
held = [open("/dev/null") for _ in range(4)]
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]),) * 2)
try:
    loaded = safe_load.safe_load(sys.argv[1], framework="none")
    assert [memoryview(loaded[f"t{i}"])[7] for i in range(40)] == list(range(40))
    with safe_load.open(sys.argv[1], framework="none") as handle:
        assert [memoryview(handle.get_tensor(f"t{i}"))[7] for i in range(40)] == list(range(40))
    print("loaded")
except OSError as error:
    print(errno.errorcode[error.errno])
""",
        tmp_path,
        limit,
    )
    assert said == ("loaded\n" if is_enough else "EMFILE\n")


def test_a_file_of_a_set_that_is_replaced_is_noticed(torch, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    names = save_set(tmp_path, 12)
    with package.open(tmp_path, mmap=False) as handle:
        for name in names:
            safetensors.save_file({"other": torch.zeros(500)}, tmp_path / f"{name}.new")
            os.replace(tmp_path / f"{name}.new", tmp_path / name)
        found = []
        for i in range(12):
            try:
                found.append(handle.get_tensor(f"t{i}")[0].item() == i)
            except OSError as error:
                found.append("changed" in str(error))
        assert all(found)


# ---- manners


def test_saved_records_come_back_as_what_they_were(torch, tmp_path):
    content = b"}" + text("m") + symbol("my.mod", "Net") + b")\x81}" + text("w") + b"K\x05sbs"
    content += text("g") + symbol("x.y", "Z") + b"s" + text("a") + call("builtins", "getattr", symbol("m", "C"), text("f"))
    content += b"s" + text("r") + call("re", "_compile", text("a+"), b"K\x20") + b"s"
    first = safe_load(pickle_of(content), unknown="opaque")
    first["m"].state["self"] = first["m"]
    for protocol in (2, 4, 5):
        torch.save(first, tmp_path / "x.pt", pickle_protocol=protocol)
        again = safe_load(tmp_path / "x.pt")
        assert repr(again) == repr(first) and again["m"].w == 5 and again["m"].attributes()["self"] is again["m"]
        assert again["g"] == first["g"] and again["r"] == first["r"]
        assert package.scan(tmp_path / "x.pt").verdict is package.Verdict.SAFE
    for state in (b"N}", b"N}" + text("cls") + b"K\x05s", b"N}" + text("other") + b"Ns"):
        with pytest.raises(package.Error):
            safe_load(pickle_of(symbol("safe_load._inert", "Opaque") + b")\x81" + state + b"\x86b", 4))


@pytest.fixture
def keyboard():
    """Ctrl-C as in a terminal: a program that a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_control_c_ends_the_reading_of_a_pickle(keyboard):
    data = b"\x80\x02](" + b"K\x01" * 60_000_000 + b"e."
    sent = []

    def interrupt():
        time.sleep(0.2)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        safe_load(data, framework="none")
        time.sleep(5)  # it was faster than that
    assert time.monotonic() - sent[0] < 0.5


def test_no_output_is_as_long_as_a_key(tmp_path):
    long = "k" * 3_000_000
    files = {
        "key": pickle_of(b"}" + text(long) + b"K\x01s"),
        "attribute": pickle_of(symbol("m", "C") + b")\x81}" + text(long) + b"K\x01sb"),
        "reference": pickle_of(call("builtins", "getattr", symbol("m", "C"), text(long))),
        "keyword": pickle_of(symbol("m", "C") + b")}" + text(long) + b"K\x01s\x92", 4),
        "tensor": checkpoint(pickle_of(b"}" + text(long) + tensor() + b"s")),
        "levels": checkpoint(pickle_of((b"}" + text(long[:100_000])) * 70 + tensor() + b"s" * 70)),
        "storage": checkpoint(pickle_of(b"}" + text("w") + tensor(key=long) + b"s")),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        try:
            loaded = safe_load(data, framework="none", unknown="opaque")
            shown = repr(loaded) if type(loaded).__module__.startswith("safe_load") else ""
        except package.Error as error:
            shown = str(error)
        assert len(shown) < 20_000, name
        assert len(str(package.inspect(data).issues)) < 20_000, name


def test_one_command_prints_the_cases(tmp_path):
    pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
    script = child.ATTACKS / "loading.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith("0 wrong"), done.stdout[-1500:]
