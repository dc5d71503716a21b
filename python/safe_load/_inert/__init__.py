"""Inert records: what stands for objects whose classes are not known. Nothing here is ever called or looked up.

Data below, behaviour above; no file imports one of a later row:

    record, names, classes       what the file has: parts of an object, names; where known classes keep their content
    content, words, stand_ins    what a record holds; a value in a few words; what is never called, compiled, imported
    tensors, containers, show    what counts as a tensor; a record as plain containers, as a line, as a tree
    holders, weights             where tensors lie; which values are weights, and what their names are
    modules, dtensor             a record as a state_dict, as a part of a distributed tensor
    opaque                       Opaque: a record with all of that

Pickles name these classes by this package, whatever file a class stands in: the engine knows them as
`safe_load._inert.Opaque` and so on, and so do checkpoints in which somebody saved them.
"""

from __future__ import annotations

from .names import GlobalRef, TypeExpr
from .opaque import Opaque
from .record import _States
from .stand_ins import AttrRef, Partial, Pattern, StateRecord, TensorRecord

for _kind in (AttrRef, GlobalRef, Opaque, Partial, Pattern, StateRecord, TensorRecord, TypeExpr, _States):
    _kind.__module__ = __name__

__all__ = [
    "AttrRef",
    "GlobalRef",
    "Opaque",
    "Partial",
    "Pattern",
    "StateRecord",
    "TensorRecord",
    "TypeExpr",
    "_States",
]
