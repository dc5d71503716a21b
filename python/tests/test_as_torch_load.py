"""as_torch_load(): torch.load is safe_load() inside it, for everybody, and itself again behind it."""

import pickle
import subprocess
import sys
import threading

import pytest
from forge import call, forge, symbol, tensor

import safe_load as sl
from safe_load import Opaque, as_torch_load, safe_load

UNKNOWN = forge(call("pkg", "C", b"K\x01") + b".")
PLAIN = forge(tensor("0", 3) + b".", {"0": bytes(12)})


@pytest.fixture(autouse=True)
def restored(torch):
    """Whatever a test does, torch has its own functions before and after it."""
    before = (torch.load, torch.serialization.load)
    yield
    assert (torch.load, torch.serialization.load) == before


def test_inside_torch_load_is_safe_load(torch, tmp_path):
    path = tmp_path / "plain.pt"
    torch.save({"w": torch.ones(2)}, path)
    original = torch.load
    with as_torch_load() as nothing:
        assert nothing is None and torch.load is not original and torch.serialization.load is torch.load
        with pytest.raises(sl.Error):
            torch.load(b"nothing")
        for source in (path, str(path), path.open("rb")):
            assert torch.load(source)["w"].tolist() == [1, 1]
    assert torch.load is original


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    return done.stdout or done.stderr


def test_importing_exchanges_nothing():
    code = "import torch\nbefore = torch.load\nimport safe_load\nprint(torch.load is before is torch.serialization.load)"
    assert run(code) == "True\n"


def test_without_torch_there_is_nothing_to_exchange():
    code = "import sys, safe_load\nsys.modules['torch'] = None\nwith safe_load.as_torch_load(): pass"
    assert "ImportError" in run(code).replace("ModuleNotFoundError", "ImportError")


def test_weights_only_false_gives_inert_records_and_runs_nothing(torch, tmp_path):
    marker = tmp_path / "ran"
    content = forge(call("os", "mkdir", b"X" + len(str(marker)).to_bytes(4, "little") + str(marker).encode()) + b".")
    with as_torch_load():
        assert type(torch.load(UNKNOWN, weights_only=False)) is Opaque
        assert torch.load(content, weights_only=False).cls == "os.mkdir"
        for strict in ({}, {"weights_only": True}, {"weights_only": None}):
            with pytest.raises(pickle.UnpicklingError, match="pkg.C"):
                torch.load(UNKNOWN, **strict)
    assert not marker.exists()


def test_the_arguments_of_torch_load_are_taken(torch, tmp_path):
    (tmp_path / "plain.pt").write_bytes(PLAIN)
    with as_torch_load():
        assert torch.load(PLAIN, "meta").is_meta and torch.load(PLAIN, map_location=torch.device("meta")).is_meta
        assert torch.load(f=PLAIN, map_location=lambda storage, tag: storage, pickle_module=pickle).tolist() == [0, 0, 0]
        assert torch.load(tmp_path / "plain.pt", "cpu", None, mmap=True, weights_only=True).tolist() == [0, 0, 0]
        assert torch.load(forge(b"U\x01\xe9."), encoding="latin1") == "é"
        with pytest.raises(TypeError, match="fix_imports"):
            torch.load(PLAIN, fix_imports=True)
        with pytest.raises(TypeError, match="pickle_module"):
            torch.load(PLAIN, pickle_module=threading)


def test_a_file_that_was_read_may_be_overwritten(torch, tmp_path):
    path = tmp_path / "last.pt"
    torch.save(torch.full((1 << 18,), 3.0), path)
    with as_torch_load():
        first = torch.load(path)
        path.write_bytes(b"")
        assert first.eq(3).all()


def test_libraries_that_call_torch_load_get_it(torch, tmp_path):
    torch.save({"w": torch.ones(2), "odd": slice(1, 2)}, tmp_path / "hub.pt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "hub.pt")
    with as_torch_load():
        url = (tmp_path / "hub.pt").as_uri()
        found = torch.hub.load_state_dict_from_url(url, model_dir=str(tmp_path / "cache"), progress=False)
    assert found["odd"] == slice(1, 2) and found["w"].tolist() == [1, 1]


def test_contexts_nest(torch):
    original = torch.load
    with as_torch_load():
        outer = torch.load
        with as_torch_load():
            assert torch.load is outer
        assert torch.load is outer
        assert type(torch.load(UNKNOWN, weights_only=False)) is Opaque
    assert torch.load is original


def test_the_functions_come_back_after_an_exception(torch):
    original = torch.load
    with pytest.raises(KeyError):
        with as_torch_load():
            with as_torch_load():
                raise KeyError("x")
    assert torch.load is original


def test_what_stood_in_the_place_of_torch_load_comes_back(torch, monkeypatch):
    monkeypatch.setattr(torch, "load", lambda *rest, **more: "patched")
    with as_torch_load():
        assert torch.load(PLAIN).tolist() == [0, 0, 0]
    assert torch.load(PLAIN) == "patched"
    monkeypatch.undo()


def test_threads_may_enter_and_leave_in_any_order(torch):
    original, entered, leave = torch.load, threading.Barrier(2), threading.Event()
    seen = []

    def other():
        with as_torch_load():
            entered.wait(timeout=60)
            leave.wait(timeout=60)
            seen.append(torch.load)

    thread = threading.Thread(target=other)
    with as_torch_load():
        replacement = torch.load
        thread.start()
        entered.wait(timeout=60)
    assert torch.load is replacement  # the other thread is still inside
    leave.set()
    thread.join(timeout=60)
    assert seen == [replacement] and torch.load is original


def test_many_threads_leave_nothing_behind(torch):
    original, failures = torch.load, []

    def often():
        for _ in range(200):
            with as_torch_load():
                if torch.load is original:
                    failures.append("not exchanged")

    threads = [threading.Thread(target=often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and torch.load is original


def test_it_hangs_on_the_function_and_decorates(torch):
    assert safe_load.as_torch_load is sl.as_torch_load

    @as_torch_load()
    def train():
        return torch.load(forge(symbol("pkg", "C") + b"."), weights_only=False)

    assert train() == sl.GlobalRef("pkg", "C") == train()
