"""What is measured: one function for each way to load a file, ours and others'."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import Any, Callable

import safe_load
import torch
from torch.utils.serialization import config as serialization_config


def ours_load(path: str) -> Any:
    return safe_load.safe_load(path)


def ours_map(path: str) -> Any:
    return safe_load.safe_load(path, mmap=True)


def ours_verify(path: str) -> Any:
    return safe_load.safe_load(path, verify=True)


def ours_open(path: str) -> Any:
    return safe_load.open(path)


def torch_default(path: str) -> Any:
    return torch.load(path)


def torch_unsafe(path: str) -> Any:
    return torch.load(path, weights_only=False)


def torch_mmap(path: str) -> Any:
    return torch.load(path, mmap=True)


def torch_mmap_unsafe(path: str) -> Any:
    return torch.load(path, mmap=True, weights_only=False)


def torch_tuned_mmap(path: str) -> Any:
    serialization_config.load.calculate_storage_offsets = True
    return torch.load(path, mmap=True, weights_only=False)


def safetensors_load(path: str) -> Any:
    from safetensors.torch import load_file

    return load_file(path)


def safetensors_pread(path: str) -> Any:
    from safetensors.torch import load_file

    return load_file(path, backend="pread")


def safetensors_open(path: str) -> Any:
    from safetensors import safe_open

    return safe_open(path, framework="pt")


def _by_name(handle: Any) -> dict[str, torch.Tensor]:
    """Every tensor of a lazy handle, one after the other."""
    return {name: handle.get_tensor(name) for name in handle.keys()}


def _as_is(loaded: Any) -> Any:
    return loaded


@dataclass(frozen=True)
class Peer:
    title: str
    load: Callable[[str], Any]
    fetch: Callable[[Any], Any] = _as_is  # the tensors, from what load returned
    suffix: str = ".pt"
    has_collector: bool = True  # both sides of a pair run with the collector as the peer has it
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def is_lazy(self) -> bool:
        return self.fetch is not _as_is


_HUGE = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
_ST = ".safetensors"

OURS = {
    "load": Peer("`safe_load(f)`", ours_load),
    "map": Peer("`safe_load(f, mmap=True)`", ours_map),
    "verify": Peer("`safe_load(f, verify=True)`", ours_verify),
    "open": Peer("`safe_load.open(f)`", ours_open, _by_name),
}
OTHERS = {
    "default": Peer("`torch.load`", torch_default),
    "unsafe": Peer("`torch.load`, `weights_only=False`", torch_unsafe),
    "tuned": Peer(
        "`torch.load`, `weights_only=False`, tuned", torch_unsafe, has_collector=False, environment=_HUGE
    ),
    "mmap": Peer("`torch.load`, `mmap=True`", torch_mmap),
    "mmap_unsafe": Peer("`torch.load`, `mmap=True`, `weights_only=False`", torch_mmap_unsafe),
    "tuned_mmap": Peer(
        "`torch.load`, `mmap=True`, `weights_only=False`, tuned",
        torch_tuned_mmap,
        has_collector=False,
        environment=_HUGE,
    ),
    "safetensors": Peer("safetensors `load_file`", safetensors_load, suffix=_ST),
    "safetensors_pread": Peer("safetensors `load_file`, `pread`", safetensors_pread, suffix=_ST),
    "safetensors_open": Peer("safetensors `safe_open`", safetensors_open, _by_name, suffix=_ST),
}
PEERS = OURS | OTHERS


def has_safetensors() -> bool:
    return importlib.util.find_spec("safetensors") is not None
