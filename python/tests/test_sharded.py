"""Sharded sets: a folder, or its index, opens as one dict, equal to its shards loaded by torch and safetensors."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

import safe_load as package
from safe_load import safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
safetensors = pytest.importorskip("safetensors.torch", reason="SKIPPED: safetensors is not installed here")

FORMATS = ("safetensors", "bin")


def weights() -> dict:
    torch.manual_seed(1)
    return {f"layer.{i}.weight": torch.randn(3, 4).to(dtype) for i, dtype in enumerate(DTYPES)} | {"steps": torch.tensor(7)}


DTYPES = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


def save_set(folder: pathlib.Path, form: str, tensors: dict, shards: int = 3) -> pathlib.Path:
    """As Hugging Face libraries do; returns the path of the index."""
    stem = "model" if form == "safetensors" else "pytorch_model"
    names = [f"{stem}-{i + 1:05}-of-{shards:05}.{form}" for i in range(shards)]
    parts: list[dict] = [{} for _ in names]
    for i, name in enumerate(tensors):
        parts[i % shards][name] = tensors[name]
    for name, part in zip(names, parts):
        if form == "safetensors":
            safetensors.save_file(part, folder / name, {"format": "pt"})
        else:
            torch.save(part, folder / name)
    weight_map = {name: names[i % shards] for i, name in enumerate(tensors)}
    total = sum(tensor.nbytes for tensor in tensors.values())
    index = folder / f"{stem}.{form}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2))
    return index


@pytest.mark.parametrize("form", FORMATS)
def test_folder_and_index_give_all_tensors(form, tmp_path):
    from deep_equal import difference

    tensors = weights()
    index = save_set(tmp_path, form, tensors)
    for path in (tmp_path, str(tmp_path) + "/", index, os.fsencode(index)):
        assert difference(safe_load(path), tensors) is None
    with package.open(tmp_path) as handle:
        assert handle.metadata["format"] == "sharded set" and list(handle.keys()) == list(tensors)
        assert handle.get_tensor("steps").item() == 7


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("mmap", [True, False, None])
def test_what_is_written_to_a_tensor_stays_in_this_process(form, mmap, tmp_path):
    save_set(tmp_path, form, weights())
    loaded = safe_load(tmp_path, mmap=mmap)
    loaded["layer.0.weight"].zero_()
    assert safe_load(tmp_path, mmap=mmap)["layer.0.weight"].equal(weights()["layer.0.weight"])
    assert loaded["layer.1.weight"].equal(weights()["layer.1.weight"])


def test_shards_of_a_cache_are_links(tmp_path):
    """As the cache of huggingface_hub: the folder holds links to files named by their content."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots"
    blobs.mkdir()
    snapshot.mkdir()
    save_set(blobs, "safetensors", weights())
    for path in blobs.iterdir():
        (snapshot / path.name).symlink_to(path)
    assert list(safe_load(snapshot)) == list(weights())


def test_all_missing_shards_are_named_at_once(tmp_path):
    index = save_set(tmp_path, "safetensors", weights())
    first, second, third = sorted(tmp_path.glob("*.safetensors"))
    first.unlink()
    third.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(package.Error) as caught:
        safe_load(tmp_path)
    message = str(caught.value)
    assert "2 of 3 shards are missing" in message and first.name in message and third.name in message
    assert second.name not in message and index.name in message


def test_one_shard_opens_with_a_hint(tmp_path):
    save_set(tmp_path, "safetensors", weights())
    with package.open(sorted(tmp_path.glob("*.safetensors"))[0]) as handle:
        assert any("one shard of a set" in note for note in handle.metadata["notes"])


def test_an_index_leads_nowhere_else(tmp_path):
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    safetensors.save_file({"a": torch.ones(1)}, outside / "x.safetensors")
    for name in ("../outside/x.safetensors", str(outside / "x.safetensors"), "..", "a\\b"):
        (inside / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
        with pytest.raises(package.Error, match="names a path"):
            safe_load(inside)


def test_a_small_model_needs_no_index(tmp_path):
    safetensors.save_file({"a": torch.ones(2)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    assert safe_load(tmp_path)["a"].tolist() == [1, 1]
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(package.Error, match="more than one checkpoint: model.safetensors, pytorch_model.bin"):
        safe_load(tmp_path)
