"""mmap: a mapped file is never written to; what was read into memory has nothing to do with the file."""

import pytest

from safe_load import safe_load


@pytest.fixture
def path(torch, tmp_path):
    torch.save({"w": torch.zeros(50_000)}, tmp_path / "x.pt")
    return tmp_path / "x.pt"


def is_mapped(path) -> bool:
    with open("/proc/self/maps") as maps:
        return str(path) in maps.read()


@pytest.mark.parametrize("mapped, expected", [(True, True), (None, False), (False, False)])
def test_tensors_lie_in_the_mapped_file_if_asked_to(mapped, expected, path):
    loaded = safe_load(path, mmap=mapped)
    assert is_mapped(path) is expected
    del loaded
    assert not is_mapped(path)


@pytest.mark.parametrize("mapped, expected", [(True, True), (None, False), (False, False)])
def test_small_files_are_read_at_once_unless_mapping_is_asked_for(mapped, expected, torch, tmp_path):
    path = tmp_path / "small.pt"
    torch.save({"w": torch.zeros(500)}, path)
    loaded = safe_load(path, mmap=mapped)
    assert is_mapped(path) is expected and loaded["w"].sum() == 0


@pytest.mark.parametrize("mapped", [True, None, False])
@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
def test_writes_never_reach_the_file(framework, mapped, np, path):
    before = path.read_bytes()
    weight = safe_load(path, mmap=mapped, framework=framework)["w"]
    written = np.asarray(memoryview(weight)) if framework == "none" else weight
    written[:] = 1
    assert written.sum() == 50_000 and path.read_bytes() == before


def test_over_a_file_that_was_read_into_memory_one_can_save(torch, path):
    loaded = safe_load(path)
    torch.save({"w": loaded["w"] + 1}, path)
    assert loaded["w"].sum() == 0 and safe_load(path)["w"].sum() == 50_000
    path.write_bytes(b"")
    assert loaded["w"].sum() == 0


@pytest.mark.parametrize("mapped", [True, None, False])
def test_a_removed_file_stays_readable(mapped, path):
    weight = safe_load(path, mmap=mapped)["w"]
    path.unlink()
    assert weight.sum() == 0
