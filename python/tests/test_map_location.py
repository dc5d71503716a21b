"""map_location and device mean what they mean in torch.load; each storage is moved once."""

import warnings

import pytest
from forge import forge, tensor

import safe_load as package
from safe_load import safe_load


def saved_on(*locations: str) -> bytes:
    tensors = b"".join(tensor(str(i), 4, location=place) for i, place in enumerate(locations))
    return forge(b"(" + tensors + tensor("0", 4, location=locations[0]) + b"l.", {str(i): bytes(16) for i in range(len(locations))})


@pytest.mark.parametrize("target", ["cpu", "torch.device"])
def test_one_device_takes_all(target, torch):
    target = torch.device("cpu") if target == "torch.device" else target
    assert all(t.device.type == "cpu" for t in safe_load(saved_on("cuda:0", "cpu"), target))
    assert all(t.device.type == "cpu" for t in safe_load(saved_on("cuda:0", "cpu"), device=target))


def test_callable_is_called_once_per_storage(torch):
    calls = []

    def place(storage, location):
        calls.append((type(storage).__name__, len(storage), location))
        return storage

    first, second, again = safe_load(saved_on("cuda:0", "cpu"), place)
    assert calls == [("UntypedStorage", 16, "cuda:0"), ("UntypedStorage", 16, "cpu")]
    assert first.untyped_storage().data_ptr() == again.untyped_storage().data_ptr()


def test_callable_that_returns_none_leaves_it_to_the_default(torch):
    assert safe_load(saved_on("cpu"), lambda storage, location: None)[0].device.type == "cpu"


def test_dict_maps_tags(torch):
    first, second, _ = safe_load(saved_on("cuda:0", "cpu"), {"cuda:0": "meta"})
    assert first.device.type == "meta" and second.device.type == "cpu"


def test_meta_gives_shapes_without_data(torch):
    loaded = safe_load(saved_on("cpu"), "meta")
    assert loaded[0].is_meta and loaded[0].shape == (4,)


def test_missing_device_of_the_file_gives_host_memory_and_one_warning(torch):
    if torch.cuda.is_available():
        pytest.skip("SKIPPED: this machine has a GPU")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = safe_load(saved_on("cuda:0", "cuda:1", "cpu"))
    assert [t.device.type for t in loaded] == ["cpu"] * 4 and len(caught) == 1


# Every kind of device that torch 2.13 knows by name.
KINDS = ("cuda ipu xpu mkldnn opengl opencl ideep hip ve fpga maia xla lazy vulkan mps hpu mtia privateuseone").split()


@pytest.mark.parametrize("number", ["", ":0", ":7"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_missing_device_gives_host_memory_and_one_warning(kind, number, torch):
    if getattr(torch, kind, None) is not None and getattr(getattr(torch, kind), "is_available", lambda: False)():
        pytest.skip(f"SKIPPED: this machine has {kind}")
    with pytest.warns(UserWarning) as caught:
        loaded = safe_load(saved_on(kind + number))
    ours = [str(warning.message) for warning in caught if "safe_load" in str(warning.message)]
    assert [t.device.type for t in loaded] == ["cpu"] * 2 and len(ours) == 1 and kind in ours[0]


def test_a_generator_of_a_device_that_is_not_there_is_a_record_with_its_state(torch, tmp_path):
    class OfAnotherMachine:
        def __reduce__(self):
            return torch.Generator, (torch.device("cuda:0"),), (3, 0, torch.zeros(16, dtype=torch.uint8))

    if torch.cuda.is_available():
        pytest.skip("SKIPPED: this machine has a GPU")
    torch.save({"rng": OfAnotherMachine(), "w": torch.ones(2)}, tmp_path / "a.pt")
    loaded = safe_load(tmp_path / "a.pt")
    assert loaded["rng"].kind == "torch.Generator" and loaded["rng"].state[0] == 3 and loaded["w"].tolist() == [1, 1]


def test_missing_device_that_was_asked_for_is_an_error(torch):
    if torch.cuda.is_available():
        pytest.skip("SKIPPED: this machine has a GPU")
    for target in ("cuda", {"cpu": "cuda:0"}):
        with pytest.raises(package.Error, match="cuda") as caught:
            safe_load(saved_on("cpu"), target)
        assert caught.value.code == "device" and caught.value.hint


def test_device_and_map_location_must_agree():
    with pytest.raises(TypeError):
        safe_load(saved_on("cpu"), "cpu", device="meta")


def test_meta_tensors_of_the_file_stay_without_data(torch, round_trip):
    loaded = round_trip({"m": torch.empty(3, device="meta"), "c": torch.ones(2)})
    assert loaded["m"].is_meta and loaded["m"].shape == (3,) and loaded["c"].sum() == 2


def test_callable_is_called_once_per_storage_whatever_the_views(torch, round_trip):
    base, counts = torch.zeros(100), torch.zeros(8, dtype=torch.int32).to(torch.uint16)
    value = {"whole": base, "row": base[:10], "wide": base[:1].expand(50), "tied": torch.nn.Parameter(base)}
    value |= {"counts": counts, "as uint32": counts.view(torch.uint32), "counts alone": counts.untyped_storage()}
    calls = []
    loaded = round_trip(value, map_location=lambda storage, tag: calls.append((storage.nbytes(), tag)))
    assert sorted(calls) == [(16, "cpu"), (400, "cpu")]
    assert len({tensor.data_ptr() for name, tensor in loaded.items() if name[0] not in "ca"}) == 1


def test_callable_gets_storages_in_file_order_with_their_bytes(torch, round_trip):
    seen = []
    round_trip([torch.full((2,), 7, dtype=torch.uint8), torch.full((3,), 9, dtype=torch.uint8)], map_location=lambda s, _: seen.append(s.tolist()))
    assert seen == [[7, 7], [9, 9, 9]]


def test_what_a_callable_returns_is_what_tensors_use(torch, round_trip):
    copies = []

    def copy(storage, _):
        copies.append(storage.clone())
        return copies[-1]

    loaded = round_trip({"w": torch.ones(4)}, map_location=copy)
    copies[0].fill_(0)
    assert loaded["w"].sum() == 0
    typed = round_trip({"w": torch.ones(4)}, map_location=lambda s, _: torch.storage.TypedStorage(wrap_storage=s, dtype=torch.float32, _internal=True))
    assert typed["w"].sum() == 4


@pytest.mark.parametrize("wrong", ["a tensor", "a name", "another size"])
def test_callable_that_returns_no_storage_of_that_size_is_told(wrong, torch):
    results = {"a tensor": torch.zeros(4), "a name": "cpu", "another size": torch.UntypedStorage(3)}
    with pytest.raises((TypeError, ValueError), match="map_location"):
        safe_load(saved_on("cpu"), lambda storage, tag: results[wrong])


def test_what_a_callable_raises_passes_through(torch, round_trip):
    def fail(storage, tag):
        raise LookupError(tag)

    for value in (torch.ones(4), torch.quantize_per_tensor(torch.ones(4), 0.5, 0, torch.quint8)):
        with pytest.raises(LookupError):
            round_trip(value, map_location=fail)


def test_meta_moves_each_storage_once_and_keeps_what_is_shared(torch, round_trip, monkeypatch):
    base = torch.zeros(100)
    value = {"whole": base, "row": base[:10], "tied": torch.nn.Parameter(base, False)}
    for target in ("meta", torch.device("meta"), {"cpu": "meta"}):
        loaded = round_trip(value, map_location=target)
        assert all(t.is_meta for t in loaded.values()) and type(loaded["tied"]) is torch.nn.Parameter
        assert len({t.untyped_storage()._cdata for t in loaded.values()}) == 1
        assert loaded["row"].shape == (10,) and loaded["row"].stride() == (1,)


@pytest.mark.parametrize("target", ["meta", "cpu", "elsewhere"])
def test_a_device_takes_each_storage_once(target, torch, round_trip, monkeypatch):
    import safe_load._make.torch as implementation

    moves = []
    monkeypatch.setattr(implementation, "require_device", lambda place: None)
    monkeypatch.setattr(implementation, "_moved", lambda storage, place: moves.append(str(place)) or storage)
    base = torch.zeros(100)
    value = {"a": base, "b": base[3:], "c": torch.nn.Parameter(base), "d": torch.zeros(3)}
    loaded = round_trip(value, map_location=target)
    assert moves == ([target] * 2 if target == "elsewhere" else moves) and len(moves) <= 2
    assert loaded["a"].untyped_storage()._cdata == loaded["b"].untyped_storage()._cdata


@pytest.mark.parametrize("target", ["cuda", "cuda:7", "nonsense", {"cpu": "cuda:0"}, {"cuda:0": "cpu", "cpu": "cuda:1"}])
def test_a_missing_device_is_an_error_before_a_tensor_byte_is_read(target, torch, monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("SKIPPED: this machine has a GPU")
    import safe_load._make.torch as implementation

    monkeypatch.setattr(implementation.TorchMakers, "storage", lambda *_: pytest.fail("a storage was made"))
    for load in (safe_load, package.open):
        with pytest.raises(package.Error) as caught:
            load(saved_on("cpu"), target)
        assert caught.value.code == "device" and caught.value.hint and "not available" in str(caught.value)
    if isinstance(target, str):
        with pytest.raises(package.Error):  # not even the file is opened
            safe_load("no such file", device=target)


def test_the_warning_is_at_the_line_that_loads(torch):
    if torch.cuda.is_available():
        pytest.skip("SKIPPED: this machine has a GPU")
    content = saved_on("cuda:0")
    with package.open(content) as first, package.open(content) as second:
        for act in (lambda: safe_load(content), lambda: first.root, lambda: second.get_tensor("0")):
            with pytest.warns(UserWarning, match="cuda:0") as caught:
                act()
            assert caught[0].filename == __file__


def test_an_unmapped_tag_of_a_dict_stays_where_it_was(torch):
    assert safe_load(saved_on("cpu"), {"cuda:0": "cpu"})[0].device.type == "cpu"


def test_the_device_that_torch_would_choose_changes_nothing(torch):
    with torch.device("meta"):
        assert safe_load(saved_on("cpu"))[0].tolist() == [0.0] * 4
