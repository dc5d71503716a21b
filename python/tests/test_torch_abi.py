"""Tensors go to torch by its C functions, or by DLPack: whoever gets them cannot tell which."""

import gc
import io
import threading

import pytest

import safe_load as package

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
from safe_load._make.torch import TorchMakers  # noqa: E402

DTYPES = (
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 bfloat16 complex32 complex64 "
    "complex128 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float4_e2m1fn_x2"
).split()


@pytest.fixture(params=["C functions", "DLPack"])
def way(request, monkeypatch):
    if request.param == "DLPack":
        monkeypatch.setattr(TorchMakers, "c_abi", None)
    elif TorchMakers.c_abi is None:
        pytest.skip(f"SKIPPED: the C functions of torch {torch.__version__} were never tried")
    return request.param


def saved(value):
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(way, name):
    tensor = (torch.arange(96, dtype=torch.uint8) % 2).view(getattr(torch, name))
    [loaded] = package.safe_load(saved([tensor]))
    assert loaded.dtype == tensor.dtype and loaded.shape == tensor.shape and loaded.stride() == tensor.stride()
    assert torch.equal(loaded.view(torch.uint8), tensor.view(torch.uint8))


@pytest.mark.parametrize("shape", [(1,), (2, 3), (3, 1, 2), (1, 2, 3, 1, 2, 1, 2)])
def test_shapes(way, shape):
    tensor = torch.rand(shape)
    loaded = package.safe_load(saved({"t": tensor, "p": torch.nn.Parameter(tensor.clone())}))
    assert torch.equal(loaded["t"], tensor) and torch.equal(loaded["p"].detach(), tensor)
    assert type(loaded["p"]) is torch.nn.Parameter and loaded["p"].requires_grad


def test_a_tensor_can_do_what_one_of_torch_can(way):
    loaded = package.safe_load(saved({"a": torch.zeros(8), "b": torch.ones(3, 4)}))
    again = torch.load(io.BytesIO(saved({"a": torch.zeros(8), "b": torch.ones(3, 4)})))
    for ours, theirs in zip(loaded.values(), again.values()):
        before = ours._version
        assert ours.untyped_storage().nbytes() == theirs.untyped_storage().nbytes()
        ours.add_(1)
        assert ours._version == before + 1 and not ours.requires_grad and ours.grad_fn is None
        assert len(saved(ours)) == len(saved(theirs))
        assert ours.resize_(2).shape == (2,)
        ours.requires_grad_().sum().backward()
        assert torch.equal(ours.grad, torch.ones(2))


def test_a_tensor_outlives_all_else_and_is_freed_by_any_thread(way):
    tensors = package.safe_load(saved([torch.full((1000,), float(i)) for i in range(700)]))  # more than one slab
    del tensors[1:699]
    gc.collect()
    first, last = tensors
    assert first.eq(0).all() and last.eq(699).all()
    tensors.clear()
    holder = [first]
    del first
    freeing = threading.Thread(target=holder.clear)
    freeing.start()
    freeing.join()
    assert last.eq(699).all()


def test_what_shares_memory_shares_it(way):
    base = torch.arange(12.0)
    loaded = package.safe_load(saved({"base": base, "row": base[:4], "whole": base.view(3, 4)}))
    loaded["base"][0] = 7
    assert loaded["row"][0] == 7 and loaded["whole"][0, 0] == 7
    assert torch.equal(loaded["whole"].flatten(), loaded["base"])
