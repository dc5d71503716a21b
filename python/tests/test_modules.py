"""state_dict() of whole modules and optimizers is what the live ones give: names, order, values, aliases."""

import io
import warnings

import pytest
from forge import call, forge, symbol, tensor, text

import safe_load as sl
from safe_load import Error, Opaque, safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
difference = pytest.importorskip("deep_equal").difference
nn = torch.nn


def loaded(value, **options) -> Opaque:
    stream = io.BytesIO()
    torch.save(value, stream)
    return safe_load(stream.getvalue(), unknown="opaque", **options)


class Everything(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("absent", None)
        self.register_buffer("none", None)
        self.register_buffer("scratch", torch.ones(3), persistent=False)
        self.late = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("steps", torch.tensor(7))
        self.body = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 2)))
        self.nothing = None
        self.register_module("no_module", None)
        self.plain = torch.ones(4)  # an attribute, no buffer


@pytest.mark.parametrize("inside", [False, True])
def test_a_handle_names_tensors_as_state_dict_does(inside, tmp_path):
    module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.TransformerEncoderLayer(4, 2, 8))
    torch.save({"net": module} if inside else module, tmp_path / "x.pt")
    names = [f"net.{name}" if inside else name for name in module.state_dict()]
    with sl.open(tmp_path / "x.pt") as handle:
        assert handle.keys() == names
        assert all(torch.equal(handle[name], weight) for name, weight in zip(names, module.state_dict().values()))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(5, 3)
        self.decoder = nn.Linear(3, 5)
        self.decoder.weight = self.encoder.weight
        self.again = self.decoder


class Wrapper(nn.Module):
    """As DataParallel: one child that is called module."""

    def __init__(self, module):
        super().__init__()
        self.module = module


def parameter_dict():
    made = nn.ParameterDict({"b": nn.Parameter(torch.ones(1)), "a": nn.Parameter(torch.ones(2))})
    made["list"] = nn.Parameter(torch.ones(3))
    return made


def with_weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.utils.weight_norm(nn.Linear(2, 3))


def trained(module):
    """After a step, so that running statistics differ from what new modules have."""
    module(torch.randn(4, 3, 5, 5))
    return module


MODULES = {
    "Linear": lambda: nn.Linear(2, 3),
    "Linear without bias": lambda: nn.Linear(2, 3, bias=False),
    "Conv2d": lambda: nn.Conv2d(2, 4, 3),
    "BatchNorm2d": lambda: trained(nn.BatchNorm2d(3)),
    "BatchNorm2d without statistics": lambda: nn.BatchNorm2d(3, track_running_stats=False),
    "LSTM": lambda: nn.LSTM(2, 3, num_layers=2, bidirectional=True),
    "GRUCell": lambda: nn.GRUCell(2, 3),
    "TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
    "Transformer": lambda: nn.Transformer(4, 2, 1, 1, 8, batch_first=True),
    "MultiheadAttention": lambda: nn.MultiheadAttention(4, 2, kdim=3, vdim=5, add_bias_kv=True),
    "EmbeddingBag": lambda: nn.EmbeddingBag(4, 2),
    "half": lambda: nn.Linear(2, 3).to(torch.bfloat16),
    "channels last": lambda: nn.Conv2d(2, 4, 3).to(memory_format=torch.channels_last),
    "nested Sequential": lambda: nn.Sequential(nn.Conv1d(1, 2, 1), nn.Sequential(nn.Sequential(nn.Linear(1, 1)), nn.Tanh())),
    "ModuleList of ModuleDict": lambda: nn.ModuleList([nn.ModuleDict({"b": nn.Linear(1, 2), "a": nn.Linear(1, 3)})]),
    "ParameterList": lambda: nn.ParameterList([torch.ones(i) for i in range(12)]),
    "ParameterDict": parameter_dict,
    "everything": Everything,
    "shared": Shared,
    "wrapper": lambda: Wrapper(Wrapper(Everything())),
    "DataParallel": lambda: nn.DataParallel(Everything()),
    "AveragedModel": lambda: torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2)),
    "weight_norm": with_weight_norm,
    "spectral_norm": lambda: nn.utils.spectral_norm(nn.Linear(2, 3)),
    "torch.fx": lambda: torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU())),
    "torch.fx inside": lambda: nn.Sequential(torch.fx.symbolic_trace(nn.Linear(2, 3)), nn.Linear(3, 1)),
    "no tensors": lambda: nn.Sequential(nn.ReLU()),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_gives_what_the_live_one_gives(name):
    live = MODULES[name]()
    expected, found = live.state_dict(), loaded(live).state_dict()
    assert type(found).__name__ == "OrderedDict" and list(found) == list(expected)
    for key, value in expected.items():
        assert type(found[key]) is torch.Tensor and found[key].requires_grad is False, key
        assert found[key].dtype == value.dtype and found[key].stride() == value.stride(), key
        assert torch.equal(found[key], value), key
    live.load_state_dict(found)


def aliases(state) -> list[list[str]]:
    """The names that share memory, in groups."""
    places: dict[int, list[str]] = {}
    for name, value in state.items():
        places.setdefault(value.untyped_storage().data_ptr(), []).append(name)
    return list(places.values())


def test_shared_modules_and_tied_tensors_share_memory_under_each_name():
    live = Shared()
    found = loaded(live).state_dict()
    assert aliases(found) == aliases(live.state_dict())
    assert ["encoder.weight", "decoder.weight", "again.weight"] in aliases(found)
    found["again.weight"].fill_(3)
    assert found["encoder.weight"].eq(3).all()


def test_a_module_from_before_persistence_was_a_choice_gives_all_buffers():
    live = Everything()
    expected = [*live.state_dict(), "scratch"]
    for module in live.modules():
        del module._non_persistent_buffers_set
    assert sorted(loaded(live).state_dict()) == sorted(expected)


def test_a_module_that_lies_in_a_checkpoint_and_behind_a_handle(tmp_path):
    live = nn.Linear(2, 3)
    torch.save({"epoch": 3, "model": live}, tmp_path / "whole.pt")
    with sl.open(tmp_path / "whole.pt") as handle:
        found = handle.root["model"].state_dict()
    assert torch.equal(found["weight"], live.weight)


@pytest.mark.parametrize("framework", ["numpy", "none"])
def test_names_are_the_same_without_torch_tensors(framework):
    if framework == "numpy":
        pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")
    live = Everything()
    found = loaded(live, framework=framework).state_dict()
    assert list(found) == list(live.state_dict())
    assert memoryview(found["body.0.weight"]).tolist() == live.body[0].weight.tolist()


def test_a_module_inside_itself_has_no_end_as_torch_finds_too():
    live = nn.Sequential(nn.Linear(1, 2))
    live[0].add_module("above", live)
    with pytest.raises(RecursionError):
        live.state_dict()
    with pytest.raises(Error, match="a module inside itself: 0.above") as caught:
        loaded(live).state_dict()
    assert caught.value.code == "corrupt"


class Counting(nn.Linear):
    """Its extra state comes from code, which nobody runs here."""

    def get_extra_state(self):
        return {"count": 3}

    def set_extra_state(self, state):
        pass


def test_a_lazy_module_has_its_uninitialized_parameters():
    live = nn.LazyBatchNorm1d()
    found = loaded(live).state_dict()
    assert list(found) == list(live.state_dict()) and "running_mean" in found
    for name, tensor in live.state_dict().items():
        assert type(found[name]) is type(tensor) and found[name].requires_grad == tensor.requires_grad
    plain = loaded(live, framework="numpy").state_dict()
    assert list(plain) == list(found) and type(plain["weight"]) is sl.StateRecord
    assert plain["weight"].args == (True,) and "UninitializedParameter" in plain["weight"].kind


def test_extra_state_is_not_there():
    live = nn.Sequential(Counting(1, 1))
    expected = list(live.state_dict())
    assert "0._extra_state" in expected
    assert list(loaded(live).state_dict()) == [name for name in expected if not name.endswith("_extra_state")]


def test_what_is_neither_module_nor_optimizer_says_so():
    for content in (symbol("pkg", "C") + b")\x81", symbol("pkg", "C") + b")\x81}" + text("_modules") + b"}sb"):
        with pytest.raises(TypeError, match="pkg.C is neither a module nor an optimizer"):
            safe_load(forge(content + b"."), unknown="opaque").state_dict()


# ---- modules that torch would not write


def module(parameters: bytes = b"}", buffers: bytes = b"}", children: bytes = b"}", name: str = "M") -> bytes:
    parts = text("_parameters") + parameters + text("_buffers") + buffers + text("_modules") + children
    return symbol("pkg", name) + b")\x81}(" + parts + b"ub"


def state_of(content: bytes, storages=None):
    return safe_load(forge(content + b".", storages), unknown="opaque").state_dict()


def test_two_tensors_of_one_name_are_an_error():
    weight = text("a.b") + tensor("0", 1) + b"s"
    child = module(b"}" + text("b") + tensor("0", 1) + b"s")
    with pytest.raises(Error, match="two weights of one name: a.b") as caught:
        state_of(module(b"}" + weight, children=b"}" + text("a") + child + b"s"), {"0": bytes(4)})
    assert caught.value.code == "ambiguous"


@pytest.mark.parametrize("child", [symbol("pkg", "Odd") + b")\x81", b"K\x07"])
def test_a_child_that_is_no_module_is_an_error_that_names_it(child):
    with pytest.raises(Error, match="a child of a module that is not a module: up.down") as caught:
        state_of(module(children=b"}" + text("up") + module(children=b"}" + text("down") + child + b"s") + b"s"))
    assert caught.value.code == "unsupported"


def test_a_deep_module_needs_no_recursion_and_a_vast_one_is_refused():
    leaf = module(b"}" + text("w") + tensor("0", 1) + b"s")
    grown = leaf + b"q\x010" + (module(children=b"}" + text("a") + b"h\x01s") + b"q\x010") * 5000 + b"h\x01"
    assert list(state_of(grown, {"0": bytes(4)})) == ["a." * 5000 + "w"]
    twice = module(children=b"}(" + text("a") + b"h\x01" + text("b") + b"h\x01u") + b"q\x010"
    assert len(state_of(leaf + b"q\x010" + twice * 10 + b"h\x01", {"0": bytes(4)})) == 1024
    with pytest.raises(Error) as caught:
        state_of(leaf + b"q\x010" + twice * 200 + b"h\x01", {"0": bytes(4)})
    assert caught.value.code == "limit"


# ---- optimizers


def stepped(make, *groups):
    """An optimizer after two steps."""
    optimizer = make(list(groups))
    for _ in range(2):
        optimizer.zero_grad()
        sum((p**2).sum() for group in optimizer.param_groups for p in group["params"]).backward()
        optimizer.step()
    return optimizer


def weights(count: int) -> list:
    return [nn.Parameter(torch.full((i + 1, 2), 0.5)) for i in range(count)]


OPTIMIZERS = {
    "SGD": lambda: stepped(lambda groups: torch.optim.SGD(groups, 0.1, momentum=0.9), {"params": weights(3)}),
    "SGD without state": lambda: torch.optim.SGD(weights(2), 0.1),
    "Adam": lambda: stepped(torch.optim.Adam, {"params": weights(2)}),
    "AdamW with groups": lambda: stepped(torch.optim.AdamW, {"params": weights(2)}, {"params": weights(1), "lr": 0.5}),
    "Adagrad": lambda: stepped(torch.optim.Adagrad, {"params": weights(2)}),
    "RMSprop": lambda: stepped(lambda groups: torch.optim.RMSprop(groups, centered=True), {"params": weights(2)}),
    "with names": lambda: stepped(torch.optim.Adam, {"params": list(zip("ab", weights(2)))}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_gives_what_the_live_one_gives(name):
    live = OPTIMIZERS[name]()
    found = loaded(live).state_dict()
    assert difference(found, live.state_dict()) is None
    live.load_state_dict(found)


def test_an_optimizer_beside_its_module_is_found_by_its_parts():
    net = nn.Linear(2, 2)
    record = loaded({"net": net, "opt": torch.optim.SGD(net.parameters(), 0.1)})
    assert record["opt"].state_dict()["param_groups"][0]["params"] == [0, 1]
    assert list(record["net"].state_dict()) == ["weight", "bias"]


def test_state_of_a_parameter_in_no_group_is_an_error():
    live = OPTIMIZERS["Adam"]()
    live.state[nn.Parameter(torch.ones(1))] = {"step": 1}
    with pytest.raises(Error, match="none of its groups"):
        loaded(live).state_dict()
    live = OPTIMIZERS["Adam"]()
    live.state["note"] = 3
    assert loaded(live).state_dict()["state"]["note"] == 3
