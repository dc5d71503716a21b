"""classes: whole models, optimizers and subclasses of tensors go on as what they were."""

from __future__ import annotations

import sys

import pytest

import safe_load as package
from safe_load import safe_load

HERE = __name__


def nets(torch):
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(2, 2, 3, padding=1)
            self.norm = torch.nn.BatchNorm2d(2)
            self.register_buffer("passing", torch.ones(1), persistent=False)

        def forward(self, x):
            return x + torch.nn.functional.relu(self.norm(self.conv(x))) * self.passing

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = torch.nn.ModuleList([Block(), Block()])
            self.head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2 * 16, 3), torch.nn.Dropout(0.5))
            self.head[1].bias.requires_grad_(False)
            self.tied = self.head[1]
            self.kind = Block

        def forward(self, x):
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    for cls in (Block, Net):
        cls.__module__, cls.__qualname__ = __name__, cls.__name__
        setattr(sys.modules[__name__], cls.__name__, cls)
    return Net, Block


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_whole_model_computes_what_it_computed(torch, tmp_path, is_zip):
    Net, Block = nets(torch)
    net = Net().eval()
    torch.save(net, tmp_path / "whole.pt", _use_new_zipfile_serialization=is_zip)
    nn = torch.nn
    classes = [Net, Block, nn.Conv2d, nn.BatchNorm2d, nn.ModuleList, nn.Sequential, nn.Flatten, nn.Linear, nn.Dropout]
    for forbidden in classes:
        with pytest.raises(package.Error, match=forbidden.__name__):
            safe_load(tmp_path / "whole.pt", classes=[cls for cls in classes if cls is not forbidden])
    ran = []
    for cls in classes:
        cls.__init__, before = (lambda self, *rest, **more: ran.append(type(self))), cls.__init__
        try:
            loaded = safe_load(tmp_path / "whole.pt", classes=classes)
        finally:
            cls.__init__ = before
    assert ran == [] and type(loaded) is Net and loaded.kind is Block and loaded.tied is loaded.head[1]
    x = torch.randn(2, 2, 4, 4)
    assert torch.equal(loaded(x), net(x))
    theirs = torch.load(tmp_path / "whole.pt", weights_only=False)
    assert list(loaded.state_dict()) == list(theirs.state_dict()) and str(loaded) == str(theirs)
    flags = [(name, p.requires_grad) for name, p in loaded.named_parameters()]
    assert flags == [(name, p.requires_grad) for name, p in theirs.named_parameters()] and (("head.1.bias", False) in flags)
    loaded.train()(x).sum().backward()


def test_a_subclass_of_tensor_is_the_tensor(torch, tmp_path):
    class Own(torch.Tensor):
        def __new__(cls, *rest):
            raise Ran("new")

        @classmethod
        def __torch_function__(cls, *rest, **more):
            raise Ran("a function")

    class WithOwnState(torch.Tensor):
        def __setstate__(self, state):
            self.seen = state

    for kind in (Own, WithOwnState):
        kind.__module__, kind.__qualname__ = HERE, kind.__name__
        setattr(sys.modules[HERE], kind.__name__, kind)
        plain = torch.arange(6.0).reshape(2, 3)
        value = torch.Tensor.as_subclass(plain.T, kind)
        vars(value)["note"] = 5
        with torch._C.DisableTorchFunctionSubclass():
            torch.save({"own": value, "plain": plain}, tmp_path / "own.pt")
            loaded = safe_load(tmp_path / "own.pt", classes=[kind])
            assert type(loaded["own"]) is kind and loaded["own"].tolist() == plain.T.tolist()
            assert loaded["own"].data_ptr() == loaded["plain"].data_ptr()
            assert vars(loaded["own"]) == ({"note": 5} if kind is Own else {"seen": {"note": 5}})
    safe_load(tmp_path / "own.pt", classes=[WithOwnState])


def test_an_optimizer_goes_on(torch, tmp_path):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    weight.sum().backward()
    optimizer.step()
    torch.save([weight, optimizer], tmp_path / "training.pt")
    steps = []
    for load in (lambda p: safe_load(p, classes=[torch.optim.Adam]), lambda p: torch.load(p, weights_only=False)):
        parameter, loaded = load(tmp_path / "training.pt")
        assert type(loaded) is torch.optim.Adam and loaded.param_groups[0]["params"][0] is parameter
        parameter.grad = torch.ones(3)
        loaded.step()
        steps.append(parameter.detach().clone())
    assert torch.equal(*steps)
