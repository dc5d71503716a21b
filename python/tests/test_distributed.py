"""Folders of torch.distributed.checkpoint: equal to what torch's own loader gives, without running their metadata."""

from __future__ import annotations

import pathlib
import pickle
import shutil
import subprocess
import sys

import pytest

import safe_load as package
from safe_load import Error, safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
dcp = pytest.importorskip("torch.distributed.checkpoint", reason="SKIPPED: this torch has no distributed checkpoints")

WRITER = pathlib.Path(__file__).with_name("distributed_writer.py")


def loaded_by_torch(folder: pathlib.Path) -> dict:
    """torch unpickles .metadata without restriction: only for what the tests themselves wrote."""
    from torch.distributed.checkpoint.default_planner import _EmptyStateDictLoadPlanner
    from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

    state: dict = {}
    _load_state_dict(state, storage_reader=dcp.FileSystemReader(folder), planner=_EmptyStateDictLoadPlanner(), no_dist=True)
    return state


def small_state() -> dict:
    optimizer = [{"step": 3, "moment": torch.ones(2)}, {"lr": 0.1}]
    return {"model": {"w": torch.arange(12.0).reshape(3, 4), "b": torch.tensor(5)}, "optimizer": optimizer, "epoch": 7}


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    dcp.save(small_state(), checkpoint_id=tmp_path / "saved", no_dist=True)
    return tmp_path / "saved"


def check_folder(folder: pathlib.Path, **options) -> None:
    from deep_equal import difference

    theirs = loaded_by_torch(folder)
    ours = safe_load(folder, **options)
    assert difference(ours, theirs) is None, (folder.name, options)


def check_pieces(folder: pathlib.Path) -> None:
    from distributed_writer import numbers

    ours = safe_load(folder)
    wholes = {"rows": numbers(8, 3), "columns": numbers(3, 8), "uneven": numbers(7, 5), "few": numbers(2, 3), "grid": numbers(6, 10)}
    wholes |= {"grid of three": numbers(2, 5, 7), "one copied": numbers(6, 5), "empty": numbers(0, 4)}
    wholes |= {f"rows of {dtype}": numbers(9, 2, dtype=dtype) for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.uint8)}
    assert ours.keys() == wholes.keys()
    for name, whole in wholes.items():
        assert ours[name].dtype == whole.dtype and torch.equal(ours[name], whole), name


def test_what_four_ranks_saved(tmp_path):
    """One test, since the four processes take ten seconds."""
    subprocess.run([sys.executable, "-W", "ignore", WRITER, tmp_path], check=True, timeout=300)
    for name in ("sharded", "one file a rank"):
        for options in ({}, {"mmap": True}, {"mmap": False}, {"verify": True}):
            check_folder(tmp_path / name, **options)
    check_pieces(tmp_path / "pieces")


def test_consolidated_for_hugging_face(tmp_path):
    tensors = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16)}
    writer = dcp.HuggingFaceStorageWriter(str(tmp_path), fqn_to_index_mapping={"w": 1, "b": 2})
    dcp.save(tensors, storage_writer=writer, no_dist=True)
    ours = safe_load(tmp_path)
    assert ours.keys() == tensors.keys() and all(torch.equal(ours[name], tensors[name]) for name in tensors)


def test_one_process(folder):
    from deep_equal import difference

    assert difference(safe_load(folder), loaded_by_torch(folder)) is None
    with package.open(folder) as handle:
        assert handle.metadata["format"] == "distributed checkpoint"
        assert torch.equal(handle.get_tensor("model.w"), small_state()["model"]["w"])


def test_writes_stay_in_the_process(folder):
    ours = safe_load(folder)
    ours["model"]["w"] += 1
    assert torch.equal(safe_load(folder)["model"]["w"], small_state()["model"]["w"])


def test_a_file_alone_says_what_it_is(folder):
    with package.open(folder / ".metadata") as handle:
        assert "open their folder" in "".join(handle.metadata["notes"])
    with pytest.raises(Error, match="distributed checkpoint"):
        safe_load(folder / "__0_0.distcp")


def test_missing_files_are_named(folder):
    (folder / "__0_0.distcp").unlink()
    with pytest.raises(Error, match=r"1 of 1 data files are missing: __0_0\.distcp"):
        safe_load(folder)


def test_an_unfinished_checkpoint_is_named(folder):
    (folder / ".metadata").rename(folder / ".metadata.tmp")
    with pytest.raises(Error, match="unfinished checkpoint"):
        safe_load(folder)


def test_metadata_of_one_rank(folder):
    (folder / ".metadata").rename(folder / "__0.metadata")
    assert safe_load(folder)["epoch"] == 7
    shutil.copy(folder / "__0.metadata", folder / "__1.metadata")
    with pytest.raises(Error, match=r"__0\.metadata, __1\.metadata"):
        safe_load(folder)


def test_links_out_of_the_folder_are_refused(folder, tmp_path):
    (folder / "__0_0.distcp").rename(tmp_path / "elsewhere")
    (folder / "__0_0.distcp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Error, match="a link that leads out of the checkpoint's folder"):
        safe_load(folder)


def edited(folder: pathlib.Path, change) -> pathlib.Path:
    """The folder, after `change` did something to its metadata."""
    path = folder / ".metadata"
    metadata = pickle.loads(path.read_bytes())  # made by this test a moment ago
    change(metadata)
    path.write_bytes(pickle.dumps(metadata, protocol=4))
    return folder


def place_of(metadata, name: str):
    return next(key for key in metadata.storage_data if key.fqn == name)


@pytest.mark.parametrize("path", ["../__0_0.distcp", "/etc/passwd", "a/../../x", "a\\b", "C:x", ".", "", "a//b"])
def test_paths_stay_in_the_folder(folder, path):
    def change(metadata):
        metadata.storage_data[place_of(metadata, "model.w")].relative_path = path

    with pytest.raises(Error, match="metadata that name a path, not a file in the folder"):
        safe_load(edited(folder, change))


def drop_place(metadata):
    del metadata.storage_data[place_of(metadata, "model.w")]


def drop_value(metadata):
    del metadata.state_dict_metadata["model.w"]


def drop_chunk(metadata):
    metadata.state_dict_metadata["model.w"].chunks.clear()


def grow_tensor(metadata):
    metadata.state_dict_metadata["model.w"].size = torch.Size([4, 4])


def shrink_tensor(metadata):
    metadata.state_dict_metadata["model.w"].size = torch.Size([2, 4])


def other_type(metadata):
    metadata.state_dict_metadata["model.w"].properties.dtype = torch.int32


def other_shape(metadata):
    tensor = metadata.state_dict_metadata["model.w"]
    tensor.size = tensor.chunks[0].sizes = torch.Size([4, 3])


def far_range(metadata):
    metadata.storage_data[place_of(metadata, "model.w")].offset = 1 << 40


def negative_range(metadata):
    metadata.storage_data[place_of(metadata, "model.w")].offset = -1


def shared_range(metadata):
    places = metadata.storage_data
    places[place_of(metadata, "model.b")] = places[place_of(metadata, "model.w")]


def transformed(metadata):
    metadata.storage_data[place_of(metadata, "model.w")].transform_descriptors = ["stream.zstd/1"]


def same_path(metadata):
    metadata.planner_data["model.w"] = metadata.planner_data["model.b"]


def path_through_a_value(metadata):
    metadata.planner_data["model.w"] = ("epoch", "w")


def list_with_a_gap(metadata):
    metadata.planner_data["optimizer.1.lr"] = ("optimizer", 1 << 40, "lr")


DAMAGED_VALUES = {
    drop_place: ("a chunk whose bytes the metadata do not place", '$["model"]["w"]'),
    drop_value: ("a place of a value that the metadata do not describe", '$["model"]["w"]'),
    drop_chunk: ("a place of a chunk that the value does not have", '$["model"]["w"]'),
    grow_tensor: ("chunks leave a part of a tensor out", '$["model"]["w"]'),
    shrink_tensor: ("a chunk that reaches out of its tensor", '$["model"]["w"]'),
    other_type: ("a chunk of another type than its tensor", '$["model"]["w"]'),
    other_shape: ("a chunk of another shape than was promised", '$["model"]["w"]'),
    far_range: ("a file ends before the bytes of a value", '$["model"]["w"]'),
    negative_range: ("a place of a value that is no range of bytes", '$["model"]["w"]'),
    shared_range: ("values whose bytes overlap", '$["model"]["w"]'),
    transformed: ("bytes that an extension transformed: stream.zstd/1", '$["model"]["w"]'),
    same_path: ("two values with one path", '$["model"]["b"]'),
    path_through_a_value: ("two values with one path", '$["epoch"]'),
    list_with_a_gap: ("a list of which items are missing", '$["optimizer"]'),
}


@pytest.mark.parametrize("change", DAMAGED_VALUES, ids=lambda change: change.__name__)
def test_damaged_values_are_named_and_leave_the_rest(folder, change):
    message, path = DAMAGED_VALUES[change]
    with pytest.raises(Error) as caught:
        safe_load(edited(folder, change))
    assert message in str(caught.value) and path in str(caught.value)
    with package.open(folder) as handle:
        moment = handle.get_tensor("optimizer.0.moment") if change is not list_with_a_gap else torch.ones(2)
    assert torch.equal(moment, torch.ones(2))
