"""Threads: files are read and parsed without the GIL, and what threads share stays whole."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from forge import forge, symbol, tensor, text

import safe_load as package
from safe_load import safe_load

MANY = 8


class Bystander:
    """A thread of Python that runs only if another gives up the GIL: nobody is made to within the hour."""

    def __enter__(self):
        self.interval = sys.getswitchinterval()
        sys.setswitchinterval(3600)
        self.turns, self.is_over = 0, False
        self.thread = threading.Thread(target=self.count)
        self.thread.start()
        return self

    def count(self):
        pause = threading.Event()
        while not self.is_over:
            self.turns += 1
            pause.wait(0.0005)  # gives up the GIL, and waits for it again

    def __exit__(self, *_):
        self.is_over = True
        sys.setswitchinterval(self.interval)
        self.thread.join()


def turns_during(act) -> int:
    with Bystander() as other:
        before = other.turns
        act()
        return other.turns - before


def is_free_during(act) -> bool:
    """Whether another thread has its turns, in one of some tries: a machine may be busy."""
    return any(turns_during(act) > 2 for _ in range(5))


@pytest.fixture
def long_pickle(tmp_path):
    path = tmp_path / "long.pt"
    path.write_bytes(forge(b"](" + b"K\x01" * 3_000_000 + b"e."))
    return path


def test_the_gil_is_free_while_a_file_is_parsed(long_pickle):
    assert is_free_during(lambda: package.open(long_pickle, framework="none"))
    content = long_pickle.read_bytes()
    assert is_free_during(lambda: package.open(content, framework="none"))


def test_the_gil_is_kept_by_what_does_not_give_it_up():
    assert turns_during(lambda: sum(range(3_000_000))) <= 1


@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
def test_the_gil_is_free_while_tensor_bytes_are_read(framework, torch, np, tmp_path):
    torch.save([torch.zeros(16_000_000)], tmp_path / "large.pt")
    handles = iter([package.open(tmp_path / "large.pt", mmap=False, framework=framework) for _ in range(5)])
    assert is_free_during(lambda: next(handles).root)


def test_many_threads_load_one_file_at_once(torch, tmp_path):
    value = {str(i): torch.full((1000,), float(i)) for i in range(50)}
    torch.save(value, tmp_path / "x.pt")

    def is_whole(mapped):
        loaded = safe_load(tmp_path / "x.pt", mmap=mapped)
        return all(torch.equal(loaded[name], value[name]) for name in value)

    with ThreadPoolExecutor(MANY) as pool:
        assert all(pool.map(is_whole, [True, False] * 40))


def test_arguments_of_one_thread_do_not_reach_another():
    content = forge(symbol("pkg", "C") + b")\x81.")
    stop = threading.Event()

    def load_opaque():
        while not stop.is_set():
            assert safe_load(content, unknown="opaque").cls == "pkg.C"
            assert isinstance(safe_load(content, constructors={"pkg.C": threading.Event}), threading.Event)

    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(load_opaque)
        for _ in range(300):
            with pytest.raises(package.Error):
                safe_load(content)
        stop.set()
        running.result()


def test_threads_that_share_a_handle_share_storages(torch, tmp_path):
    weight = torch.zeros(300_000)
    torch.save({str(i): weight[i:] for i in range(20)}, tmp_path / "x.pt")
    calls = []

    def place(storage, location):
        calls.append(location)
        return storage.clone()

    with package.open(tmp_path / "x.pt", place, mmap=False) as handle, ThreadPoolExecutor(MANY) as pool:
        tensors = list(pool.map(handle.get_tensor, handle.keys()))
        roots = list(pool.map(lambda _: handle.root, range(MANY)))
    assert calls == ["cpu"] and all(root is roots[0] for root in roots)
    assert len({t.untyped_storage().data_ptr() for t in tensors}) == 1


def test_a_load_that_fails_in_one_thread_leaves_the_collector_on():
    import gc

    def fail(*_):
        raise RuntimeError("no")

    with ThreadPoolExecutor(MANY) as pool:
        for done in [pool.submit(safe_load, forge(b"]"+ b"0N" * 5000 + b"."), progress=fail) for _ in range(40)]:
            assert isinstance(done.exception(), RuntimeError)
    assert gc.isenabled()


def test_threads_that_import_torch_at_the_same_time_do_not_meet_half_a_module(torch, example):
    code = (
        "import sys, threading, safe_load\n"
        "gate, errors = threading.Barrier(4), []\n"
        "def run(work):\n"
        "    gate.wait()\n"
        "    try:\n        work()\n    except BaseException as error:\n        errors.append(repr(error))\n"
        "def load():\n    safe_load.safe_load(sys.argv[1])\n"
        "def use():\n    import torch\n    torch.zeros(2)\n"
        "threads = [threading.Thread(target=run, args=(work,)) for work in (load, use) * 2]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "print(errors)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, example], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout == "[]\n", done.stdout + done.stderr
