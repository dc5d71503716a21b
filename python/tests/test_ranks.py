"""Files that several processes saved: DTensors are records that say what torch says, files of one run are one set."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest
from forge import forge, symbol, tensor, text

import safe_load as package
from safe_load import DistributedTensor, Error, Opaque, safe_load

torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
pytest.importorskip("torch.distributed.tensor", reason="SKIPPED: this torch has no distributed tensors")

WRITER = pathlib.Path(__file__).with_name("rank_writer.py")
RANKS = 4


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("ranks")
    done = subprocess.run([sys.executable, str(WRITER), str(folder)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


def file_of(kind: str, rank: int) -> str:
    return f"{kind}_world_size_{RANKS}_rank_{rank}.pt"


@pytest.mark.parametrize("framework", ["torch", "numpy", "none"])
def test_a_distributed_tensor_says_what_torch_says(written, framework):
    for rank in range(RANKS):
        facts = torch.load(written / f"facts_{rank}.pt")
        state = safe_load(written / file_of("model", rank), framework=framework)
        assert list(state) == list(facts)
        for name, fact in facts.items():
            if "shape" not in fact:
                assert not isinstance(state[name], Opaque)
                continue
            found = state[name].distributed_tensor()
            assert isinstance(found, DistributedTensor) and found.shape == fact["shape"], name
            assert (found.mesh.device_type, found.mesh.shape, found.mesh.names) == fact["mesh"], name
            assert [place.kind for place in found.placements] == fact["kinds"], name
            assert [place.dim for place in found.placements] == fact["dims"], name
            assert found.is_replicated == all(kind == "Replicate" for kind in fact["kinds"])
            assert tuple(found.local.shape) == tuple(fact["local"].shape), name
            if framework == "torch":
                assert torch.equal(found.local, fact["local"]), name


def test_the_local_tensors_of_all_ranks_are_the_whole(written):
    state = safe_load(written)
    assert list(state) == [file_of(kind, rank) for kind in ("model", "optim") for rank in range(RANKS)]
    facts = torch.load(written / "facts_0.pt")
    for name, dim in (("rows", 0), ("uneven", 0), ("few", 0), ("columns", 1), ("parameter", 0)):
        parts = [state[file_of("model", rank)][name].distributed_tensor().local for rank in range(RANKS)]
        assert torch.equal(torch.cat(parts, dim), facts[name]["whole"]), name
    moment = state[file_of("optim", 2)]["state"]["rows"]["exp_avg"].distributed_tensor()
    assert moment.shape == (8, 3) and str(moment.placements[0]) == "Shard(0)"


def test_a_set_is_listed_by_what_is_sharded_and_what_is_copied(written):
    rows = {(row["file"].partition("_")[0], row["name"]): row for row in package.inspect(written).rank_tensors}
    assert rows["model", "rows"]["placement"] == "Shard(0) on a cpu mesh [4]"
    assert rows["model", "rows"]["shape"] == [8, 3] and rows["model", "rows"]["dtype"] == "float32"
    assert rows["model", "grid"]["placement"] == "Shard(0), Shard(1) on a cpu mesh [2, 2]"
    assert rows["model", "half copied"]["placement"] == "Replicate, Shard(0) on a cpu mesh [2, 2]"
    assert rows["model", "copied"]["placement"] == "Replicate on a cpu mesh [4]"
    assert rows["model", "buffer"]["placement"] == "in every rank"
    assert rows["optim", "state.rows.exp_avg"]["placement"] == "Shard(0) on a cpu mesh [4]"
    assert rows["optim", "state.rows.step"]["placement"] == "in every rank"
    assert package.inspect(written / file_of("model", 0)).rank_tensors == []


def test_a_handle_reads_one_part(written):
    with package.open(written) as handle:
        names = handle.keys()
        name = next(name for name in names if name.endswith("rank_1.pt.uneven._local_tensor"))
        assert handle.get_tensor(name).shape == (2, 5)


def test_ranks_that_are_missing_are_named_at_once(written, tmp_path):
    for rank in (1, 3):
        shutil.copy(written / file_of("model", rank), tmp_path)
    with pytest.raises(Error, match="2 of 4 rank files are missing: model_world_size_4_rank_0.pt.*model_world_size_4_rank_2.pt"):
        safe_load(tmp_path)
    assert "open the folder" in package.inspect(tmp_path / file_of("model", 1)).container["notes"][0]


def test_what_is_no_distributed_tensor_says_so():
    plain = safe_load(forge(symbol("pkg", "C") + b")\x81."), unknown="opaque")
    with pytest.raises(TypeError, match="no distributed tensor"):
        plain.distributed_tensor()
    broken = symbol("torch.distributed.tensor", "DTensor") + b")\x81}" + text("_local_tensor") + b"Nsb."
    with pytest.raises(Error, match="without a local one"):
        safe_load(forge(broken), framework="none").distributed_tensor()


def record(cls: str, attributes: dict[str, bytes]) -> bytes:
    state = b"".join(text(name) + value for name, value in attributes.items())
    return symbol(*cls.rsplit(".", 1)) + b")\x81}(" + state + b"ub"


TYPES = "torch.distributed.tensor.placement_types"
SHARD = record(f"{TYPES}.Shard", {"dim": b"K\x00"})


def mesh(axes: bytes, **more: bytes) -> bytes:
    layout = record("torch.distributed._mesh_layout._MeshLayout", {"axes": axes})
    return record("torch.distributed.device_mesh.DeviceMesh", {"_layout": layout, **more})


def axis(extent: bytes) -> bytes:
    return record("torch.distributed._mesh_layout._FlatLayout", {"shape": extent})


def distributed(local=tensor("0", 6), shape=b"K\x06\x85", mesh=mesh(axis(b"K\x02") + b"\x85"), places=SHARD + b"\x85") -> bytes:
    spec = record("torch.distributed.tensor._dtensor_spec.DTensorSpec", {"mesh": mesh, "placements": places})
    state = b"}(" + text("_local_tensor") + local + text("_spec") + spec + b"u"
    made = symbol("torch.distributed.tensor", "DTensor") + b"NN" + shape + b"\x87\x81"
    return forge(made + state + b"b.", {"0": bytes(24)})


NONE_TWICE = b"NN\x86"
DEEP = b"(" * 900 + b"l" * 900
ODD = {
    "no local tensor": {"local": b"N"},
    "a record with a shape as the local tensor": {"local": record("pkg.C", {"shape": b"K\x06\x85"})},
    "no shape": {"shape": b"N"},
    "a shape of texts": {"shape": text("6") + b"\x85"},
    "a smaller whole": {"shape": b"K\x05\x85"},
    "more dimensions": {"shape": b"K\x06K\x01\x86"},
    "no mesh": {"mesh": b"N"},
    "axes that are a number": {"mesh": mesh(b"K\x02")},
    "an axis that is none": {"mesh": mesh(b"N\x85")},
    "an axis without processes": {"mesh": mesh(axis(b"K\x00") + b"\x85")},
    "an axis of negative size": {"mesh": mesh(axis(b"J\xff\xff\xff\xff") + b"\x85")},
    "an axis of texts": {"mesh": mesh(axis(text("2")) + b"\x85")},
    "an axis beyond 64 bits": {"mesh": mesh(axis(b"\x8a\x09" + bytes(8) + b"\x01") + b"\x85")},
    "too many names": {"mesh": mesh(axis(b"K\x02") + b"\x85", _mesh_dim_names=NONE_TWICE)},
    "no placements": {"places": b"N"},
    "too many placements": {"places": SHARD + SHARD + b"\x86"},
    "a placement that is none": {"places": b"N\x85"},
    "a placement of another kind": {"places": record(f"{TYPES}.Odd", {}) + b"\x85"},
    "a dimension that is not there": {"places": record(f"{TYPES}.Shard", {"dim": b"K\x01"}) + b"\x85"},
    "a dimension that is a list": {"places": record(f"{TYPES}.Shard", {"dim": b"]"}) + b"\x85"},
}


@pytest.mark.parametrize("framework", ["torch", "none"])
@pytest.mark.parametrize("name", ODD)
def test_a_distributed_tensor_that_contradicts_itself_is_an_error(name, framework):
    made = safe_load(distributed(**ODD[name]), unknown="opaque", framework=framework)
    with pytest.raises(Error) as caught:
        made.distributed_tensor()
    assert caught.value.code == "corrupt"


def test_odd_texts_and_factors_of_a_distributed_tensor_are_left_out():
    strided = record(f"{TYPES}._StridedShard", {"dim": b"K\x00", "split_factor": DEEP})
    partial = record(f"{TYPES}.Partial", {"reduce_op": b"\x8a\xff" + b"\x7f" * 255})
    names = text("a\x1b[31m") + DEEP + b"\x86"
    axes = axis(b"K\x02") + axis(b"K\x01K\x02\x86") + b"\x86"
    odd = mesh(axes, _mesh_dim_names=names, _device_type=b"K\x07")
    found = safe_load(distributed(mesh=odd, places=strided + partial + b"\x86"), framework="none").distributed_tensor()
    assert [str(place) for place in found.placements] == ["StridedShard(0, 1)", "Partial()"]
    assert found.mesh.shape == (2, 2) and found.mesh.device_type == "" and found.mesh.names == ("a\\x1b[31m", "")


def test_files_of_deepspeed_open_and_are_described(tmp_path):
    stage = symbol("deepspeed.runtime.zero.config", "ZeroStageEnum") + b"K\x02\x85R"
    scaler = symbol("deepspeed.runtime.fp16.loss_scaler", "LossScaler") + b")\x81}" + text("cur_scale") + b"K\x01sb"
    states = b"}(" + text("zero_stage") + stage + text("loss_scaler") + scaler + text("partition_count") + b"K\x08u"
    content = forge(b"}(" + text("optimizer_state_dict") + states + text("ds_version") + text("0.14.2") + b"u.")
    path = tmp_path / "zero_pp_rank_0_mp_rank_00_optim_states.pt"
    path.write_bytes(content)
    optimizer = safe_load(path, framework="none")["optimizer_state_dict"]
    assert optimizer["loss_scaler"].cur_scale == 1 and optimizer["zero_stage"].args == (2,)
    (origin,) = package.inspect(path).origins
    assert origin.startswith("DeepSpeed 0.14.2: optimizer states of ZeRO stage 2, one of 8 partitions")


@pytest.mark.parametrize("name", ["consolidated.00.pth", "mp_rank_00_model_states.pt", "model_world_size_1_rank_0.pt"])
def test_one_file_of_one_process_is_that_file(name, tmp_path):
    torch.save({"wq": torch.ones(2)}, tmp_path / name)
    (tmp_path / "params.json").write_text("{}")
    assert package.inspect(tmp_path / name).container["notes"] == []
    assert safe_load(tmp_path)["wq"].tolist() == [1, 1]


def test_files_of_llama_are_a_set(tmp_path):
    for rank in (0, 1):
        torch.save({"wq": torch.full((2,), rank)}, tmp_path / f"consolidated.{rank:02}.pth")
    assert "open the folder" in package.inspect(tmp_path / "consolidated.00.pth").container["notes"][0]
    assert {name: value["wq"].tolist() for name, value in safe_load(tmp_path).items()} == {"consolidated.00.pth": [0, 0], "consolidated.01.pth": [1, 1]}
