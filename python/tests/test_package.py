"""Archives of torch.package: their pickles are data; their sources are never read, and nothing in them runs."""

from __future__ import annotations

import io

import pytest

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytestmark = pytest.mark.filterwarnings("ignore")


def exported(*resources: tuple[str, str, object], source: str = "raise SystemExit('ran')") -> bytes:
    stream = io.BytesIO()
    with torch.package.PackageExporter(stream) as exporter:
        exporter.extern(["torch", "torch.**", "numpy.**", "collections"])
        exporter.save_source_string("code", source)
        for folder, name, value in resources:
            exporter.save_pickle(folder, name, value)
        exporter.save_text("data", "notes.txt", "not a pickle")
        exporter.save_binary("data", "raw.bin", bytes(20))
    return stream.getvalue()


def test_the_only_pickle_is_the_value():
    from deep_equal import difference

    weight = torch.arange(6.0).reshape(2, 3)
    value = {"w": weight, "t": weight.T, "p": torch.nn.Parameter(weight[1]), "n": [1, "x"], "h": torch.ones(2).half()}
    content = exported(("data", "model.pkl", value))
    theirs = torch.package.PackageImporter(io.BytesIO(content)).load_pickle("data", "model.pkl")
    ours = safe_load(io.BytesIO(content))
    assert difference(ours, theirs, protocol=3) is None
    assert ours["w"].untyped_storage().data_ptr() == ours["t"].untyped_storage().data_ptr()


def test_several_pickles_have_their_names():
    shared = torch.arange(4)
    content = exported(("a", "one.pkl", {"w": shared}), ("b", "two", [shared, 2]))
    ours = safe_load(io.BytesIO(content))
    assert list(ours) == ["a/one.pkl", "b/two"]
    assert ours["a/one.pkl"]["w"].untyped_storage().data_ptr() == ours["b/two"][0].untyped_storage().data_ptr()


def test_a_module_gives_its_state_dict():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    ours = safe_load(io.BytesIO(exported(("m", "m.pkl", module))), unknown="opaque")
    found = package.state_dict(ours)
    assert list(found) == list(module.state_dict())
    for name, tensor in module.state_dict().items():
        assert found[name].equal(tensor)


def test_scripted_modules_are_inert(monkeypatch):
    monkeypatch.setattr(torch.package.package_exporter, "_gate_torchscript_serialization", False)
    class Scripted(torch.nn.Module):
        def forward(self, x):
            return x

    content = exported(("m", "m.pkl", {"s": torch.jit.script(Scripted()), "w": torch.ones(2)}))
    with pytest.raises(package.Error, match="unpackage_script_module"):
        safe_load(io.BytesIO(content))
    ours = safe_load(io.BytesIO(content), unknown="opaque")
    assert isinstance(ours["s"], package.Opaque) and ours["w"].tolist() == [1, 1]


def test_the_handle_names_what_is_left_aside():
    with package.open(exported(("m", "m.pkl", [torch.ones(1)]))) as handle:
        assert handle.metadata["format"] == "torch.package"
        assert any("Python sources" in note for note in handle.metadata["notes"])
