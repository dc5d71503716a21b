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
