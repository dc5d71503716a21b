"""Archives of torch.export: weights, constants and inputs equal those of torch's own loader. No program runs."""

from __future__ import annotations

import io
import zipfile

import pytest

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytestmark = pytest.mark.filterwarnings("ignore")


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(3, 2)
        self.tied = torch.nn.Linear(3, 2, bias=False)
        self.tied.weight = self.first.weight
        self.frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("narrow", torch.arange(4.0).to(torch.bfloat16)[1:3])
        self.register_buffer("hidden", torch.ones(2), persistent=False)
        self.register_buffer("steps", torch.tensor(7))
        self.register_buffer("turned", torch.arange(6.0).reshape(2, 3).T)
        self.plain = torch.tensor([5.0])

    def forward(self, x, *, scale):
        y = self.first(x) + self.tied(x) + self.narrow.float() + self.hidden + self.plain + self.frozen + self.steps
        return y * scale + self.turned.sum()


@pytest.fixture(scope="module")
def saved() -> bytes:
    torch.manual_seed(1)
    program = torch.export.export(Model(), (torch.randn(1, 3),), {"scale": torch.tensor(2.0)})
    stream = io.BytesIO()
    torch.export.save(program, stream)
    return stream.getvalue()


def assert_equal(ours: dict, theirs: dict) -> None:
    from deep_equal import difference

    assert sorted(ours) == sorted(theirs)
    # An archive has no order between what a module shares and what it owns; names are compared.
    for name in theirs:
        assert difference(ours[name], theirs[name]) is None, (name, difference(ours[name], theirs[name]))


def test_data_equals_what_torch_loads(saved):
    ours, theirs = safe_load(io.BytesIO(saved)), torch.export.load(io.BytesIO(saved))
    assert list(ours) == ["state_dict", "constants", "example_inputs"]
    assert_equal(ours["state_dict"], dict(theirs.state_dict))
    assert_equal(ours["constants"], dict(theirs.constants))
    args, kwargs = ours["example_inputs"]
    assert args[0].equal(theirs.example_inputs[0][0]) and kwargs["scale"].equal(theirs.example_inputs[1]["scale"])


def test_tensors_of_one_record_share_a_storage(saved):
    weights = safe_load(io.BytesIO(saved))["state_dict"]
    first, tied = weights["first.weight"], weights["tied.weight"]
    assert first.untyped_storage().data_ptr() == tied.untyped_storage().data_ptr()
    assert weights["narrow"].storage_offset() == 1


def test_the_handle_names_what_is_left_aside(saved):
    with package.open(saved) as handle:
        assert handle.metadata["format"] == "torch.export"
        assert any("programs" in note for note in handle.metadata["notes"])
        assert "state_dict.first.weight" in handle.keys()


def test_subclasses_lie_in_checkpoints_of_their_own(saved):
    """What torch writes with use_pickle."""
    names = {"weight_9": {"w": torch.arange(3)}}
    stream = io.BytesIO()
    torch.save(names["weight_9"], stream)
    config = b'{"config": {"a": {"path_name": "weight_9", "is_param": false, "use_pickle": true, "tensor_meta": {}}, '
    config += b'"b": {"path_name": "weight_9", "is_param": false, "use_pickle": true, "tensor_meta": {}}}}'
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("m/data/weights/weight_9", stream.getvalue())
        out.writestr("m/data/weights/model_weights_config.json", config)
        out.writestr("m/archive_format", "pt2")
    ours = safe_load(io.BytesIO(archive.getvalue()))["state_dict"]
    assert ours["a"]["w"].tolist() == [0, 1, 2] and ours["b"] is ours["a"]


def test_several_models_have_their_names():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name in ("one", "two"):
            stream = io.BytesIO()
            torch.save({"name": name}, stream)
            out.writestr(f"m/data/weights/{name}.pt", stream.getvalue())
        out.writestr("m/archive_format", "pt2")
    ours = safe_load(io.BytesIO(archive.getvalue()))
    assert ours == {name: {"state_dict": {"name": name}} for name in ("one", "two")}
