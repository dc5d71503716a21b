"""The handle that opens lazily, and inspect()."""

import io
import json
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import ROOT
from forge import call, forge, tensor, text

import safe_load as package
from safe_load import Opaque

CONTENT = forge(b"}(" + text("a") + b"}" + text("w") + tensor("0", 3) + b"s" + text("epoch") + b"K\x07u.", {"0": bytes(12)})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.pt"
    path.write_bytes(CONTENT)
    return path


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
