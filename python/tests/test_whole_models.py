"""From the record of a whole model to the model: what the error says to type, what a record says, load_into()."""

from __future__ import annotations

import re

import pytest
from forge import call, forge, symbol, text

import safe_load as package
from safe_load import Opaque, safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")


class Net(torch.nn.Module):
    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(2, width)
        self.norm = torch.nn.BatchNorm1d(width)
        self.act = torch.nn.functional.relu
        self.kind = torch.nn.Linear


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "whole.pt"
    torch.save(Net(), path)
    return path


def refused(source, **options) -> package.Error:
    with pytest.raises(package.Error) as caught:
        safe_load(source, **options)
    return caught.value


# ---- the error


def test_the_error_says_that_it_is_a_model_and_what_to_type(whole, monkeypatch):
    monkeypatch.chdir(whole.parent)
    error = refused("whole.pt")
    first, *rest = str(error).splitlines()
    assert first.startswith("safe_load: whole.pt holds a whole torch.nn model of 3 classes; 7 tensors and all plain values")
    typed = [line.partition(":")[2].strip() for line in rest[:3]]
    assert typed[0] == 'safe_load.state_dict("whole.pt")'
    assert typed[1] == 'safe_load("whole.pt", classes=[test_whole_models.Net, torch.nn.Linear, torch.nn.BatchNorm1d])'
    assert typed[2] == 'safe_load("whole.pt", unknown="opaque")'
    assert "torch.nn.functional.relu" in rest[-1] and len(rest) == 5
    assert error.code == "unknown" and len(error.globals) == 4

    # What it says to type works.
    import test_whole_models

    names = {"safe_load": safe_load, "torch": torch, "test_whole_models": test_whole_models}
    assert list(eval(typed[0], names)) == list(Net().state_dict())
    assert type(eval(typed[2], names)) is Opaque
    model = eval(typed[1].replace("])", '], unknown="opaque")'), names)
    assert isinstance(model, test_whole_models.Net) and type(model.act) is package.GlobalRef
    assert [row.name for row in refused("whole.pt", classes=[test_whole_models.Net]).globals] == [
        "torch.nn.modules.linear.Linear",
        "torch.nn.modules.batchnorm.BatchNorm1d",
        "torch._C._nn.relu" if "torch._C" in str(error) else "torch.nn.functional.relu",
    ]


def test_a_model_inside_of_a_checkpoint_has_its_path(tmp_path):
    torch.save({"epoch": 3, "nets": [Net()]}, tmp_path / "all.pt")
    assert 'model of 3 classes at $["nets"][0]; 7 tensors' in str(refused(tmp_path / "all.pt"))


def test_a_single_layer_is_a_model(tmp_path):
    torch.save(torch.nn.Linear(2, 3), tmp_path / "layer.pt")
    error = refused(tmp_path / "layer.pt")
    assert "a whole torch.nn model of 1 class; 2 tensors" in str(error) and "classes=[torch.nn.Linear]" in str(error)


def test_many_classes_fit_on_a_screen():
    layers = b"".join(text(f"l{i}") + symbol("my.package.of.layers", f"Layer{i}") + b")\x81" for i in range(90))
    modules = text("_modules") + symbol("collections", "OrderedDict") + b")R(" + layers + b"u"
    error = refused(forge(symbol("my", "Net") + b")\x81}" + modules + b"sb."))
    lines = str(error).splitlines()
    assert "model of 91 classes" in lines[0] and len(error.globals) == 91
    assert len(lines) <= 6 and all(len(line) < 700 for line in lines) and "79 more" in lines[-1]


def test_what_is_no_model_is_told_as_before():
    error = refused(forge(b"}" + text("cfg") + call("pkg", "Cfg", b"K\x01") + b"s."))
    assert "holds 1 unknown class or function" in str(error) and "torch.nn" not in str(error)


def test_hostile_names_and_paths_stay_in_the_message(tmp_path):
    content = forge(symbol("my", "N\x1b[31m") + b")\x81}" + text("_modules") + b"}" + text('a"]\n') + symbol("torch.nn.modules.x", "L\u202e") + b")\x81ssb.")
    path = tmp_path / 'a"; import os; ".pt'
    path.write_bytes(content)
    for source in (path, content):
        message = str(refused(source))
        assert "\x1b" not in message and "\u202e" not in message and len(message.splitlines()) == 5
        assert "safe_load.state_dict(f)" in message


def test_no_line_to_copy_holds_code_of_the_file():
    names = ["make.<locals>.C", "C-1", "L" * 200]
    layers = b"".join(text(f"l{i}") + text("pkg") + text(name) + b"\x93)\x81" for i, name in enumerate(names))
    message = str(refused(forge(b"\x80\x04" + symbol("torch.nn.modules.linear", "Linear") + b")\x81}" + text("_modules") + b"}(" + layers + b"usb.")))
    (line,) = [line for line in message.splitlines() if "classes=[" in line]
    assert line.endswith("safe_load(f, classes=[torch.nn.Linear, ...])") and len(message) < 2000


# ---- the record


def test_an_attribute_that_is_not_there_says_that_it_is_a_record(whole):
    record = safe_load(whole, unknown="opaque")
    with pytest.raises(AttributeError) as caught:
        record.eval()
    message = str(caught.value)
    for words in ("inert record", "no attribute 'eval'", "state_dict()", "load_into(module)", "attributes()", "classes="):
        assert words in message
    assert (caught.value.name, caught.value.obj) == ("eval", record) and not hasattr(record, "eval")
    assert getattr(record, "forward", None) is None


OFFERS = {
    "a config": (symbol("pkg", "C") + b")\x81}(" + text("lr") + b"K\x01" + text("_hidden") + b"K\x02ub", ".lr, attributes()"),
    "nothing": (symbol("pkg", "C") + b")\x81", "it has attributes()"),
    "a mapping": (symbol("pkg", "C") + b")\x81" + text("k") + b"K\x01s", "it has to_container(), attributes()"),
    "a list": (symbol("pkg", "C") + b")\x81K\x01a", "it has to_container(), attributes()"),
    "many": (symbol("pkg", "C") + b")\x81}(" + b"".join(text(f"a{i}") + b"N" for i in range(9)) + b"ub", ".a0, .a1, .a2, .a3, ..., "),
}


@pytest.mark.parametrize("name", OFFERS)
def test_a_record_says_what_it_has(name):
    content, words = OFFERS[name]
    with pytest.raises(AttributeError, match=re.escape(words)):
        safe_load(forge(content + b"."), unknown="opaque").train


def test_a_record_goes_into_a_model(whole):
    record, model = safe_load(whole, unknown="opaque"), Net()
    result = record.load_into(model)
    assert type(result).__name__ == "_IncompatibleKeys" and result == ([], [])
    for name, value in torch.load(whole, weights_only=False).state_dict().items():
        assert torch.equal(model.state_dict()[name], value)


def test_what_does_not_fit_is_an_error_unless_told_otherwise(whole):
    record = safe_load(whole, unknown="opaque")
    other = torch.nn.ModuleDict({"fc": torch.nn.Linear(2, 3), "more": torch.nn.Linear(1, 1)})
    with pytest.raises(RuntimeError, match="more.weight"):
        record.load_into(other)
    missing, unexpected = record.load_into(other, strict=False)
    assert missing == ["more.weight", "more.bias"] and "norm.weight" in unexpected
    assert torch.equal(other["fc"].weight, record.state_dict()["fc.weight"])
    with torch.device("meta"):
        shapes = Net()
    record.load_into(shapes, assign=True)
    assert not shapes.fc.weight.is_meta


def test_a_part_of_a_model_goes_into_that_part(whole):
    record, layer = safe_load(whole, unknown="opaque"), torch.nn.Linear(2, 3)
    record.attributes()["_modules"]["fc"].load_into(layer)
    assert torch.equal(layer.bias, record.state_dict()["fc.bias"])


def test_an_optimizer_goes_into_an_optimizer(tmp_path):
    def optimizer():
        weight = torch.nn.Parameter(torch.ones(3))
        return torch.optim.SGD([weight], lr=0.5, momentum=0.9), weight

    saved, weight = optimizer()
    weight.sum().backward()
    saved.step()
    torch.save(saved, tmp_path / "sgd.pt")
    fresh, _ = optimizer()
    safe_load(tmp_path / "sgd.pt", unknown="opaque").load_into(fresh)
    assert torch.equal(fresh.state_dict()["state"][0]["momentum_buffer"], saved.state_dict()["state"][0]["momentum_buffer"])


def test_what_is_neither_is_a_typeerror(whole):
    with pytest.raises(TypeError, match="neither a module nor an optimizer"):
        safe_load(forge(call("pkg", "C") + b"."), unknown="opaque").load_into(Net())
    for target in ({}, None, "model"):
        with pytest.raises(TypeError, match="load_into takes a module"):
            safe_load(whole, unknown="opaque").load_into(target)
