"""Saves as FSDP does, each process its own file, and beside it what torch says of each tensor: python rank_writer.py FOLDER"""

from __future__ import annotations

import pathlib
import socket
import sys

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

RANKS = 4


def numbers(*shape: int) -> torch.Tensor:
    return torch.arange(float(torch.Size(shape).numel())).reshape(shape)


def state(row: object, grid: object) -> dict[str, torch.Tensor]:
    cut = {
        "rows": (numbers(8, 3), row, [Shard(0)]),
        "uneven": (numbers(7, 5), row, [Shard(0)]),
        "few": (numbers(2, 3), row, [Shard(0)]),
        "columns": (numbers(3, 8), row, [Shard(1)]),
        "copied": (numbers(4, 4), row, [Replicate()]),
        "grid": (numbers(6, 10), grid, [Shard(0), Shard(1)]),
        "half copied": (numbers(6, 5), grid, [Replicate(), Shard(0)]),
        "scalar": (torch.tensor(5.0), row, [Replicate()]),
    }
    found = {name: distribute_tensor(whole, mesh, places) for name, (whole, mesh, places) in cut.items()}
    found["parameter"] = torch.nn.Parameter(distribute_tensor(numbers(8, 2), row, [Shard(0)]))
    return found | {"buffer": numbers(3)}


def facts(tensor: torch.Tensor) -> dict:
    if not isinstance(tensor, DTensor):
        return {"local": tensor}
    mesh, places = tensor.device_mesh, [str(place) for place in tensor.placements]
    names = mesh.mesh_dim_names
    return {
        "local": tensor.to_local().detach().clone(),
        "shape": tuple(tensor.shape),
        "mesh": (mesh.device_type, tuple(mesh.mesh.shape), names),
        "kinds": [type(place).__name__ for place in tensor.placements],
        "dims": [getattr(place, "dim", None) for place in tensor.placements],
        "text": places,
        "whole": tensor.full_tensor().detach(),
    }


def save(rank: int, folder: str, port: int) -> None:
    dist.init_process_group("gloo", init_method=f"tcp://localhost:{port}", rank=rank, world_size=RANKS)
    row = init_device_mesh("cpu", (RANKS,), mesh_dim_names=("fsdp",))
    grid = init_device_mesh("cpu", (2, 2))
    made = state(row, grid)
    whole = pathlib.Path(folder)
    torch.save(made, whole / f"model_world_size_{RANKS}_rank_{rank}.pt")
    moments = {name: {"exp_avg": made[name], "step": torch.tensor(3.0)} for name in ("rows", "copied")}
    torch.save({"state": moments, "lr": 0.1}, whole / f"optim_world_size_{RANKS}_rank_{rank}.pt")
    torch.save({name: facts(tensor) for name, tensor in made.items()}, whole / f"facts_{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    with socket.create_server(("localhost", 0)) as server:
        free = server.getsockname()[1]
    torch.multiprocessing.spawn(save, args=(sys.argv[1], free), nprocs=RANKS)
