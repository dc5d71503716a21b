"""Writes the checkpoints that are measured, with torch, from fixed seeds.

    python bench/workloads.py FOLDER [w1 w2 ...]

For each it writes FOLDER/w1.pt, the same tensors as FOLDER/w1.safetensors where that format can hold
them, and prints the SHA-256 of all names, shapes and values. What is there already is kept. W4 (moe),
W6 (lightning), W7 (legacy), W10 and W11 are not written here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import pathlib
import sys
from dataclasses import dataclass
from typing import Any, Callable, Iterator

import torch

SIZES = {  # the arguments of the functions below: as measured, and as the harness tests itself
    "full": {
        "w1": (2048, 5504, 17, 32_000),
        "w2": (2_000,),
        "w3": (33_333,),
        "w5": (300_000, 200_000),
        "w8": (5_000, 12_800),
        "w9": (256,),
    },
    "tiny": {"w1": (16, 32, 2, 50), "w2": (20,), "w3": (40,), "w5": (300, 200), "w8": (20, 64), "w9": (256,)},
}


def llm(hidden: int, mlp: int, layers: int, words: int) -> dict[str, torch.Tensor]:
    """A language model in fp16 with an untied head: few, large tensors."""

    def weight(*shape: int) -> torch.Tensor:
        return torch.rand(shape, dtype=torch.float16)

    state = {"model.embed_tokens.weight": weight(words, hidden)}
    for i in range(layers):
        at = f"model.layers.{i}"
        for name in "qkvo":
            state[f"{at}.self_attn.{name}_proj.weight"] = weight(hidden, hidden)
        state[f"{at}.mlp.gate_proj.weight"] = weight(mlp, hidden)
        state[f"{at}.mlp.up_proj.weight"] = weight(mlp, hidden)
        state[f"{at}.mlp.down_proj.weight"] = weight(hidden, mlp)
        state[f"{at}.input_layernorm.weight"] = weight(hidden)
        state[f"{at}.post_attention_layernorm.weight"] = weight(hidden)
    state["model.norm.weight"] = weight(hidden)
    state["lm_head.weight"] = weight(words, hidden)
    return state


def adam(parameters: int) -> dict[str, Any]:
    """The state of an optimizer: three small tensors for each parameter."""
    moments = torch.rand(parameters, 2, 64)
    state = {
        i: {
            "step": torch.tensor(1000.0),
            "exp_avg": moments[i, 0].clone(),
            "exp_avg_sq": moments[i, 1].clone(),
        }
        for i in range(parameters)
    }
    group = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "params": list(range(parameters))}
    return {"state": state, "param_groups": [group]}


def pyheavy(words: int, records: int) -> dict[str, Any]:
    """A vocabulary and a log: hardly a tensor, many Python objects."""
    numbers = torch.rand(records, 2, dtype=torch.float64).tolist()
    return {
        "vocabulary": {f"token_{i}": i for i in range(words)},
        "log": [{"epoch": i, "loss": loss, "acc": acc} for i, (loss, acc) in enumerate(numbers)],
        "weight": torch.rand(256),
    }


def views(count: int, size: int) -> dict[str, Any]:
    """One storage with `count` slices, and every other way to share one."""
    whole = torch.rand(count * size)
    embedding = torch.rand(1000, 64)
    return {
        "slices": [whole[i * size : (i + 1) * size] for i in range(count)],
        "embedding": embedding,
        "head": embedding,
        "transposed": embedding.t(),
        "expanded": torch.rand(64, 1).expand(64, 100_000),
        "number": whole[7],
        "empty": torch.empty(0, 64),
        "alone": torch.tensor(0.5),
    }


def tiny(size: int) -> dict[str, torch.Tensor]:
    return {"weight": torch.rand(size)}


@dataclass(frozen=True)
class Workload:
    title: str
    make: Callable[..., dict[str, Any]]
    has_safetensors: bool = True
    repeats: int = 1  # loads in one process, whose median is one sample


WORKLOADS = {
    "w1": Workload("W1 llm", llm),
    "w2": Workload("W2 adam6k", adam),
    "w3": Workload("W3 adam100k", adam),
    "w5": Workload("W5 pyheavy", pyheavy, has_safetensors=False),
    "w8": Workload("W8 views", views, has_safetensors=False),
    "w9": Workload("W9 tiny", tiny, repeats=31),
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that is not a container, by dotted name, in order."""
    if isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in items:
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def tensors(value: Any) -> dict[str, torch.Tensor]:
    return {name: leaf for name, leaf in leaves(value) if isinstance(leaf, torch.Tensor)}


def raw(tensor: torch.Tensor) -> torch.Tensor:
    """The elements as bytes, in row-major order."""
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def digest(value: Any) -> str:
    """The SHA-256 of all names, shapes and values."""
    total = hashlib.sha256()
    for name, leaf in leaves(value):
        if isinstance(leaf, torch.Tensor):
            total.update(f"{name} {leaf.dtype} {tuple(leaf.shape)}\n".encode())
            total.update(raw(leaf).numpy())
        else:
            total.update(f"{name} {leaf!r}\n".encode())
    return total.hexdigest()


def write(name: str, folder: pathlib.Path, size: str = "full") -> dict[str, Any]:
    """Writes one workload if it is not there yet, and says what it is."""
    source = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    note = folder / f"{name}.json"
    has_safetensors = importlib.util.find_spec("safetensors") is not None
    made_by = {"source": source, "torch": torch.__version__, "size": size, "safetensors": has_safetensors}
    if note.exists() and (known := json.loads(note.read_text()))["made_by"] == made_by:
        return known
    workload = WORKLOADS[name]
    torch.manual_seed(int(name[1:]))
    value = workload.make(*SIZES[size][name])
    path = folder / f"{name}.pt"
    torch.save(value, path)
    flat = tensors(value)
    if workload.has_safetensors and has_safetensors:
        from safetensors.torch import save_file

        save_file(flat, folder / f"{name}.safetensors")
    about = {"made_by": made_by, "tensors": len(flat), "bytes": path.stat().st_size, "sha256": digest(value)}
    note.write_text(json.dumps(about))
    return about


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or WORKLOADS:
        about = write(name, folder)
        title = WORKLOADS[name].title
        print(
            f"{title:12} {about['tensors']:>7,} tensors {about['bytes']:>13,} bytes  sha256 {about['sha256']}"
        )


if __name__ == "__main__":
    main()
