"""Which makers a load takes: those of torch, those of NumPy, or neither. Both may be missing."""

from __future__ import annotations

from typing import Any, Callable

from .._errors import Error
from .makers import Makers


def choose_makers(
    framework: str | None,
    map_location: Any,
    progress: Callable[[int, int, str], None] | None = None,
    is_lazy: bool = False,
    **passed: Any,
) -> Makers:
    """Those of a framework; of None the first of torch and NumPy that can be imported.

    passed: what of the caller's own is used, as Makers has it.
    """
    if framework not in (None, "torch", "numpy", "none"):
        raise ValueError('framework must be "torch", "numpy" or "none"')
    if not (progress is None or callable(progress)):
        raise TypeError("progress must be True or a callable(done, total, unit)")
    options = {"has_numpy": _has_numpy(), "progress": progress, **passed}
    if framework in (None, "torch"):
        try:
            from .torch import TorchMakers
        except ImportError:
            if framework == "torch":
                raise
        else:
            return TorchMakers(map_location, is_lazy, **options)
    _require_host_memory(map_location)
    if framework == "numpy" or (framework is None and options["has_numpy"]):
        from .arrays import ArrayMakers

        return ArrayMakers(**options)
    return Makers(**options)


def _require_host_memory(map_location: Any) -> None:
    targets = map_location.values() if isinstance(map_location, dict) else [map_location]
    if any(target is not None and str(target) != "cpu" for target in targets):
        raise Error(
            "safe_load: only torch puts tensors on other devices, or lets a callable place them",
            code="device",
            hint='take framework="torch", or pass device="cpu"',
        )


def _has_numpy() -> bool:
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


__all__ = ["choose_makers"]
