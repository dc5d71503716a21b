"""The handle that opens lazily, and inspect()."""

import concurrent.futures
import copy
import dataclasses
import io
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import threading

import pytest
from conftest import ROOT
from forge import call, forge, tensor, text

import safe_load as package
from safe_load import Opaque, _core

CONTENT = forge(b"}(" + text("a") + b"}" + text("w") + tensor("0", 3) + b"s" + text("epoch") + b"K\x07u.", {"0": bytes(12)})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(CONTENT)
    return path


def test_two_tensors_of_one_name_are_both_there(tmp_path):
    inner = b"}" + text("b") + tensor("1", 1) + b"s"
    content = b"}(" + text("a.b") + tensor("0", 3) + text("a") + inner + text("same") + b"}" + text("x") + tensor("0", 3) + b"q\x09s" + text("same.x") + b"h\x09u."
    (tmp_path / "x.pt").write_bytes(forge(content, {"0": bytes(12), "1": bytes(4)}))
    with package.open(tmp_path / "x.pt") as handle:
        assert handle.keys() == ["a.b", '$["a"]["b"]', "same.x"]
        assert [tuple(tensor.shape) for _, tensor in handle.items()] == [(3,), (1,), (3,)]


def test_handle_makes_tensors_when_asked(path):
    with package.open(path) as handle:
        assert handle.keys() == ["a.w"] and "a.w" in handle and len(handle) == 1
        assert handle.get_tensor("a.w").shape == (3,)
        part = handle.get_slice("a.w")
        assert part.get_shape() == [3] and part.get_dtype() == "float32" and len(part[1:]) == 2
        assert handle.root["epoch"] == 7 and handle.root is handle.root
        assert handle.metadata["format"] == "zip"
        with pytest.raises(KeyError):
            handle.get_tensor("b")
        kept = handle.get_tensor("a.w")
    assert float(kept.sum()) == 0.0


def test_tensors_of_one_handle_share_their_storage(torch, tmp_path):
    weight = torch.zeros(4, 4)
    torch.save({"w": weight, "row": weight[1]}, tmp_path / "x.pt")
    with package.open(tmp_path / "x.pt") as handle:
        whole, row = handle.get_tensor("w"), handle.get_tensor("row")
    whole[1] = 5
    assert row.tolist() == [5.0] * 4


def test_inspect_lists_what_is_there(path):
    found = package.inspect(path)
    assert found.tensor_count == 1 and found.storage_bytes == 12 and found.container["protocol"] == 0
    assert [row["path"] for row in found.tensors] == ['$["a"]["w"]']
    assert found.to_dict()["schema"] == "safe-load.inspect/1"
    assert {"path": '$["epoch"]', "kind": "int", "text": "7"} in found.values


@pytest.fixture
def no_report(monkeypatch):
    """The report for programs may not be made, until undo() of what this gives."""
    monkeypatch.setattr(_core.Checkpoint, "to_json", lambda *_: pytest.fail("everything was listed"))
    return monkeypatch


def test_metadata_is_what_the_report_says_of_the_container_and_lists_nothing(path, example, np, no_report):
    np.savez(path.with_name("x.npz"), a=np.zeros(3))
    np.save(path.with_name("x.npy"), np.zeros((2, 3), ">f4"))
    path.with_name("x.pkl").write_bytes(pickle.dumps({"a": 1}, 4))
    handles = [package.open(file) for file in (example, path, *sorted(path.parent.glob("x.n*")), path.with_name("x.pkl"))]
    found = [handle.metadata for handle in handles]
    no_report.undo()
    assert found == [json.loads(handle._checkpoint.to_json(""))["container"] for handle in handles]
    assert [container["format"] for container in found] == ["zip", "zip", "npy", "npz", "pickle"]


def test_inspect_lists_when_it_is_asked(path, no_report):
    found = package.inspect(path)
    assert found.container["format"] == "zip" and not hasattr(found, "other")
    no_report.undo()
    path.write_bytes(b"")  # what is listed is the file as it was
    assert found.tensor_count == 1 and found == dataclasses.replace(package.inspect(CONTENT), file=str(path))


def test_an_inspection_is_plain_data_before_and_after_it_is_listed(path):
    whole = package.inspect(path)
    for again in (copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value)), dataclasses.replace):
        assert again(package.inspect(path)) == again(whole) == whole == package.inspect(path)
    assert repr(package.inspect(path)) == repr(whole) and dataclasses.asdict(package.inspect(path)) == whole.to_dict()
    whole.to_dict()["tensors"].clear()
    assert whole.tensor_count == len(whole.tensors) == 1


def test_many_inspections_keep_few_files_open(path):
    path.write_bytes(forge(b"}" + text("w") + tensor("0", 3) + b"s.", {"0": bytes(1 << 20)}))
    before = len(os.listdir("/proc/self/fd"))
    found = [package.inspect(path) for _ in range(200)]
    assert len(os.listdir("/proc/self/fd")) < before + 100
    assert all(one == found[0] for one in found) and len(os.listdir("/proc/self/fd")) == before


def test_threads_list_an_inspection_once(path):
    for _ in range(50):
        found, start = package.inspect(path), threading.Barrier(4)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            tensors = list(pool.map(lambda _: (start.wait(), found.tensors)[1], range(4)))
        assert all(rows is found.tensors for rows in tensors)


def test_a_closed_handle_is_an_error_and_closing_twice_is_none(path):
    handle = package.open(path)
    assert handle.root and handle.__enter__() is handle
    handle.close()
    handle.close()
    uses = [handle.keys, lambda: handle.root, lambda: handle.get_tensor("a.w"), lambda: handle.metadata, lambda: handle.issues]
    uses += [lambda: handle.get_slice("a.w"), lambda: "a.w" in handle, lambda: len(handle), lambda: list(handle), handle.__enter__]
    for use in uses:
        with pytest.raises(ValueError, match="closed"):
            use()


def test_damage_of_one_value_leaves_the_rest(torch):
    content = forge(b"}(" + text("good") + tensor("0", 3) + text("bad") + tensor("1", 3) + text("odd") + call("pkg", "C") + b"u.", {"0": bytes(12)})
    with package.open(content) as handle:
        assert handle.keys() == ["good"] and handle.get_tensor("good").shape == (3,)
        assert [issue["path"] for issue in handle.issues] == ['$["bad"]']
        with pytest.raises(package.Error, match="bad"):
            handle.root
    with package.open(forge(b"}" + text("odd") + call("pkg", "C") + b"s.")) as handle:
        assert isinstance(handle.root["odd"], Opaque)


def test_frameworks_and_devices_are_those_of_safe_load(torch, np, path):
    with package.open(path, framework="numpy") as handle:
        assert type(handle.get_tensor("a.w")) is np.ndarray
    with package.open(path, framework="none") as handle:
        assert type(handle.get_tensor("a.w")) is package.TensorView
    with package.open(path, device="meta") as handle:
        assert handle.get_tensor("a.w").is_meta and handle.root["a"]["w"].is_meta


def test_inspect_names_the_file_as_it_was_given(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    for given in ("x.pt", "./x.pt", str(path)):
        for form in (str, os.fsencode, pathlib.Path):
            assert package.inspect(form(given)).file == os.fsdecode(form(given))
    assert package.inspect(CONTENT).file == "the bytes"


def test_inspect_is_what_the_command_line_prints(path):
    program = shutil.which("safe-load") or next(map(str, ROOT.glob("build/*/cli/safe-load")), None)
    if program is None:
        pytest.skip("SKIPPED: the command line is not built here")
    done = subprocess.run([program, "--json", str(path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == package.inspect(path).to_dict()


def test_a_handle_builds_no_tensor_whose_elements_contradict_it(torch):
    index = torch.tensor([0, 1]), torch.tensor([1 << 27]), torch.ones(1)
    forged = torch.sparse_csr_tensor(*index, (1, 5), check_invariants=False)
    stream = io.BytesIO()
    torch.save({"a": forged, "b": torch.ones(1)}, stream)
    with package.open(stream.getvalue()) as handle:
        with pytest.raises(package.Error, match=r'\$\["a"\]'):
            handle.root
        assert handle.get_tensor("b") == 1
