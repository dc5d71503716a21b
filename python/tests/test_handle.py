"""The handle that opens lazily, and inspect()."""

import threading

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


def test_what_is_open_hangs_on_the_function_too():
    assert safe_load.open is package.open and safe_load.inspect is package.inspect


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
    for use in (handle.keys, lambda: handle.root, lambda: handle.get_tensor("a.w"), lambda: handle.metadata):
        with pytest.raises(ValueError):
            use()


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
