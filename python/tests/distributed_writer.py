"""Saves with torch.distributed.checkpoint, from several processes of this machine: python distributed_writer.py FOLDER"""

from __future__ import annotations

import pathlib
import socket
import sys

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor

RANKS = 4
DTYPES = (torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.complex64)


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return torch.arange(count).reshape(shape).to(dtype)


def tensors(row: object, grid: object) -> dict[str, torch.Tensor]:
    """Every way to cut a tensor: by rows, by columns, in a grid, unevenly, with more ranks than rows, and not at all."""
    cut = {
        "rows": (numbers(8, 3), row, [Shard(0)]),
        "columns": (numbers(3, 8), row, [Shard(1)]),
        "uneven": (numbers(7, 5), row, [Shard(0)]),
        "few": (numbers(2, 3), row, [Shard(0)]),
        "copied": (numbers(4, 4), row, [Replicate()]),
        "grid": (numbers(6, 10), grid, [Shard(0), Shard(1)]),
        "grid of three": (numbers(2, 5, 7), grid, [Shard(2), Shard(1)]),
        "one copied": (numbers(6, 5), grid, [Replicate(), Shard(0)]),
        "empty": (numbers(0, 4), row, [Shard(0)]),
    }
    cut |= {f"rows of {dtype}": (numbers(9, 2, dtype=dtype), row, [Shard(0)]) for dtype in DTYPES}
    return {name: distribute_tensor(whole, mesh, places) for name, (whole, mesh, places) in cut.items()}


def state(row: object, grid: object) -> dict:
    weights = tensors(row, grid)
    moments = {name: {"step": torch.tensor(3.0), "exp_avg": weights[name]} for name in ("rows", "columns")}
    groups = [{"lr": 0.1, "betas": (0.9, 0.99), "params": ["rows"]}, {"lr": None, "params": ["columns"]}]
    plain = {"plain": numbers(3), "scalar": torch.tensor(5), "turned": numbers(3, 4).t(), "part": numbers(10)[2:5]}
    return {"model": weights | plain, "optimizer": {"state": moments, "param_groups": groups}, "epoch": 7, "name": "run é", "none": None}


def save(rank: int, folder: str, port: int) -> None:
    dist.init_process_group("gloo", init_method=f"tcp://localhost:{port}", rank=rank, world_size=RANKS)
    row = init_device_mesh("cpu", (RANKS,))
    grid = init_device_mesh("cpu", (2, 2))
    whole = pathlib.Path(folder)
    dcp.save(state(row, grid), checkpoint_id=whole / "sharded")
    writer = dcp.FileSystemWriter(whole / "one file a rank", single_file_per_rank=False)
    dcp.save({"rows": tensors(row, grid)["rows"], "by": {"rank": [rank]}}, storage_writer=writer)
    pieces = {name: tensor for name, tensor in tensors(row, grid).items() if "complex" not in name and name != "copied"}
    hugging_face = dcp.HuggingFaceStorageWriter(str(whole / "pieces"), save_distributed=True)
    dcp.save(pieces, storage_writer=hugging_face)
    dist.destroy_process_group()


if __name__ == "__main__":
    with socket.create_server(("localhost", 0)) as server:
        free = server.getsockname()[1]
    torch.multiprocessing.spawn(save, args=(sys.argv[1], free), nprocs=RANKS)
