"""device="cuda" on a machine that has one; elsewhere everything here is skipped."""

import io

import pytest

from safe_load import Error, safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: no torch")
if not torch.cuda.is_available():
    pytest.skip("SKIPPED: no GPU here", allow_module_level=True)


def saved(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def checkpoint(device: str) -> dict[str, object]:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(64, 32, generator=generator).to(device)
    values = {
        "weight": weight,
        "transposed": weight.t(),
        "row": weight[3],
        "half": weight.half(),
        "integers": torch.arange(100).to(device),
        "empty": torch.zeros(0, 5).to(device),
        "parameter": torch.nn.Parameter(weight.clone()),
        "complex": torch.view_as_complex(weight.clone().reshape(64, 16, 2)).conj(),
        "sparse": torch.eye(5).to_sparse().to(device),
        "quantized": torch.quantize_per_tensor(weight.cpu(), 0.1, 3, torch.qint8),
        "best_acc": 0.5,
    }
    values.update({f"float8.{i}": weight.to(torch.float8_e4m3fn) for i in range(3)})
    return values


def assert_equal(ours: dict[str, object], theirs: dict[str, object]) -> None:
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        if not isinstance(value, torch.Tensor):
            assert ours[name] == value
            continue
        own = ours[name]
        assert type(own) is type(value) and own.device == value.device and own.dtype == value.dtype, name
        assert own.shape == value.shape and own.layout == value.layout, name
        if value.layout == torch.strided:
            assert own.stride() == value.stride() and own.is_conj() == value.is_conj(), name
        dense = [t.detach().resolve_conj().to_dense() if t.layout != torch.strided else t.detach().resolve_conj() for t in (own, value)]
        first, second = (t.dequantize() if t.is_quantized else t.cpu().contiguous().view(-1).view(torch.uint8) for t in dense)
        assert torch.equal(first, second), name


@pytest.mark.parametrize("saved_on", ["cpu", "cuda"])
@pytest.mark.parametrize("target", ["cuda", "cuda:0", "cpu", None, "device", "dict", "callable"])
@pytest.mark.parametrize("mmap", [None, False, True])
def test_equals_torch(tmp_path, saved_on, target, mmap):
    if saved_on == "cpu" and target == "dict":
        pytest.skip("the dict maps from cuda")
    target = {
        "device": torch.device("cuda", 0),
        "dict": {"cuda:0": "cpu"},
        "callable": lambda storage, location: storage.cuda() if location == "cpu" else storage.cpu(),
    }.get(target, target)
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(saved(checkpoint(saved_on)))
    theirs = torch.load(path, map_location=target, weights_only=False)  # our own file
    assert_equal(safe_load(path, target, mmap=mmap), theirs)


@pytest.mark.parametrize("parts", [lambda n: True, lambda n: n > 24, lambda n: n <= 24])
def test_the_sizes_of_nested_tensors_stay_on_the_host(parts):
    """torch.load ends the process here: it reads the sizes on the GPU by their address."""
    value = torch.nested.nested_tensor([torch.ones(2, 3), torch.full((4, 3), 2.0)])

    def place(storage, _):
        return storage.cuda() if parts(storage.nbytes()) else storage

    loaded = safe_load(saved({"nested": value}), place)["nested"]
    assert [part.tolist() for part in loaded.cpu().unbind()] == [part.tolist() for part in value.unbind()]


def test_storages_stay_shared():
    loaded = safe_load(saved(checkpoint("cpu")), device="cuda")
    data = loaded["weight"].untyped_storage().data_ptr()
    assert loaded["transposed"].untyped_storage().data_ptr() == data == loaded["row"].untyped_storage().data_ptr()
    loaded["weight"].zero_()
    assert not loaded["row"].any()


def test_a_gpu_that_is_not_there_is_an_error():
    with pytest.raises(Error) as caught:
        safe_load(saved(checkpoint("cpu")), device="cuda:99")
    assert caught.value.code == "device"


def test_an_optimizer_steps():
    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(2, 8, device="cuda")).sum().backward()
    optimizer.step()
    state = safe_load(saved({"model": model.state_dict(), "optimizer": optimizer.state_dict()}))
    again = torch.nn.Linear(8, 8).cuda()
    again.load_state_dict(state["model"])
    other = torch.optim.AdamW(again.parameters())
    other.load_state_dict(state["optimizer"])
    for net, opt in ((model, optimizer), (again, other)):
        opt.zero_grad()
        net(torch.ones(2, 8, device="cuda")).sum().backward()
        opt.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters()))


def test_a_generator_of_the_gpu():
    generator = torch.Generator("cuda").manual_seed(5)
    torch.rand(3, generator=generator, device="cuda")
    loaded = safe_load(saved({"rng": generator, "state": torch.cuda.get_rng_state()}))
    assert torch.equal(loaded["rng"].get_state(), generator.get_state())
    assert torch.rand(3, generator=loaded["rng"], device="cuda").tolist() == torch.rand(3, generator=generator, device="cuda").tolist()
