"""Classes that are imported when somebody asks for them: a load needs none of them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._distributed import DeviceMesh, DistributedTensor, Placement
    from ._inspect import Inspection
    from ._scan import Coverage, Finding, ScanReport, Severity, Verdict
else:

    def __getattr__(name: str) -> Any:
        if name in ("DeviceMesh", "DistributedTensor", "Placement"):
            from . import _distributed as home
        elif name == "Inspection":
            from . import _inspect as home
        elif name in __all__:
            from . import _scan as home
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(home, name)


__all__ = [
    "Coverage",
    "DeviceMesh",
    "DistributedTensor",
    "Finding",
    "Inspection",
    "Placement",
    "ScanReport",
    "Severity",
    "Verdict",
]
