"""How a distributed tensor is divided, and the part of it that one process saved. Plain data."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Placement:
    """What one dimension of the mesh does to the tensor; str() is its text, as in "Shard(0)".

    kind: "Shard" (divides the dimension `dim` of the tensor), "StridedShard" (divides what other dimensions of
    the mesh have divided before, in `split_factor` rows), "Replicate" (each process has all of it) or "Partial"
    (each has a term of the `reduction`).
    """

    kind: str
    dim: int | None = None
    split_factor: int | None = None
    reduction: str | None = None

    def __str__(self) -> str:
        parts = [str(part) for part in (self.dim, self.split_factor, self.reduction) if part is not None]
        return f"{self.kind}({', '.join(parts)})" if parts else self.kind


@dataclasses.dataclass(frozen=True)
class DeviceMesh:
    """The processes of a run: device_type ("cuda"), how many there are in each dimension, and its names, if any."""

    device_type: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class DistributedTensor:
    """The part of a DTensor that one process saved.

    local: the tensor of this process. shape: of the whole. placements: one for each dimension of the mesh. The
    whole is not put together here.
    """

    local: Any
    shape: tuple[int, ...]
    mesh: DeviceMesh
    placements: tuple[Placement, ...]

    @property
    def is_replicated(self) -> bool:
        """Whether every process has all of it."""
        return all(placement.kind == "Replicate" for placement in self.placements)


__all__ = ["DeviceMesh", "DistributedTensor", "Placement"]
