"""Saves a kind of value, loads it, and says what does not come back as the table has it."""

from __future__ import annotations

import io
import warnings
from typing import Any

import inert_forms
import torch
from deep_equal import difference
from kind import Kind

from safe_load import Error, safe_load


def saved(value: Any, protocol: int) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream, pickle_protocol=protocol)
    return stream.getvalue()


def refused_names(content: bytes) -> set[str]:
    """What strict loading says that it does not know."""
    try:
        safe_load(content)
    except Error as error:
        if error.code != "unknown" or error.issues:
            raise
        return {row.name for row in error.globals}
    return set()


def fault(kind: Kind, protocol: int) -> str | None:
    """What is wrong with this kind in files of this protocol, None if nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _fault(kind, protocol)
        except Error as error:
            return str(error)


def _fault(kind: Kind, protocol: int) -> str | None:
    value = kind.value()
    content = saved(value, protocol)
    expected = kind.expected(value, protocol)
    loaded = safe_load(content, unknown="opaque")
    forms: set[str] = set()
    found = difference(loaded, expected, protocol=protocol, forms=forms)
    if found:
        return found
    if forms != set(kind.forms_at(protocol)):
        return f"its forms are {sorted(forms)}"
    if inert_forms.form(loaded, expected) != (kind.forms_at(protocol) or (None,))[0]:
        return f"as a whole it is {inert_forms.form(loaded, expected)}"
    names = refused_names(content)
    return None if names == kind.refused_at(protocol) else f"strict loading names {sorted(names)}"
