"""Opens any PyTorch checkpoint, whoever made it, and runs none of it.

    from safe_load import safe_load
    checkpoint = safe_load("best_model_acc.pth", device="cuda")

Importing this package imports neither torch nor numpy.
"""

from ._attached import safe_load
from ._core import Limits, NdArray, TensorView
from ._core import __version__ as __version__
from ._distributed import DeviceMesh, DistributedTensor, Placement
from ._errors import Error, UnknownGlobal
from ._handle import Handle
from ._inert import AttrRef, GlobalRef, Opaque, Partial, Pattern, StateRecord, TensorRecord, TypeExpr
from ._inspect import Inspection, inspect
from ._load import open
from ._make.beside import tensor_attributes
from ._save import save
from ._scan import Coverage, Finding, ScanReport, Severity, Verdict, scan, scan_many
from ._torch_load import as_torch_load
from ._weights import state_dict, strip_prefix

__all__ = [
    "AttrRef",
    "Coverage",
    "DeviceMesh",
    "DistributedTensor",
    "Error",
    "Finding",
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
    "inspect",
    "open",
    "safe_load",
    "save",
    "scan",
    "scan_many",
    "state_dict",
    "strip_prefix",
    "tensor_attributes",
]
