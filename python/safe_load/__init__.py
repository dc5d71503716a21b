"""Opens any PyTorch checkpoint, whoever made it, and runs none of it.

    from safe_load import safe_load
    checkpoint = safe_load("best_model_acc.pth", device="cuda")

safe_load.load is the same function, and so is the module itself: `import safe_load; safe_load("best_model_acc.pth")`.
On a command line `python -m safe_load FILE` lists a file, and `python -m safe_load.run script.py` runs a script in
which torch.load is safe_load(). Importing this package imports neither torch nor numpy.
"""

import sys as _sys
import types as _types
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from . import _later
from ._attached import safe_load
from ._convert import Conversion, convert
from ._core import Limits, NdArray, TensorView
from ._core import __version__ as __version__
from ._errors import Error, UnknownGlobal
from ._fix import Change, Fix, fix
from ._handle import Handle
from ._inert import AttrRef, GlobalRef, Opaque, Partial, Pattern, StateRecord, TensorRecord, TypeExpr
from ._inspecting import inspect
from ._load import load_all, open
from ._load import safe_load as load
from ._make.beside import tensor_attributes
from ._save import save
from ._scanning import scan, scan_many
from ._torch_load import as_torch_load
from ._weights import state_dict, strip_prefix

if _TYPE_CHECKING:
    from ._later import (
        Coverage,
        DeviceMesh,
        DistributedTensor,
        Finding,
        Inspection,
        Placement,
        ScanReport,
        Severity,
        Verdict,
    )


def __getattr__(name: str) -> _Any:
    if name in _later.__all__:
        return getattr(_later, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_later.__all__})


__all__ = [
    "AttrRef",
    "Change",
    "Conversion",
    "Coverage",
    "DeviceMesh",
    "DistributedTensor",
    "Error",
    "Finding",
    "Fix",
    "GlobalRef",
    "Handle",
    "Inspection",
    "Limits",
    "NdArray",
    "Opaque",
    "Partial",
    "Pattern",
    "Placement",
    "ScanReport",
    "Severity",
    "StateRecord",
    "TensorRecord",
    "TensorView",
    "TypeExpr",
    "UnknownGlobal",
    "Verdict",
    "as_torch_load",
    "convert",
    "fix",
    "inspect",
    "load",
    "load_all",
    "open",
    "safe_load",
    "save",
    "scan",
    "scan_many",
    "state_dict",
    "strip_prefix",
    "tensor_attributes",
]


class _CallableModule(_types.ModuleType):
    """This module, which is safe_load() itself, too, as `import safe_load; safe_load(path)`."""

    __call__ = staticmethod(load)

    @property
    def __signature__(self) -> _Any:
        """What inspect.signature() and help() show."""
        import inspect

        return inspect.signature(load)


_sys.modules[__name__].__class__ = _CallableModule
