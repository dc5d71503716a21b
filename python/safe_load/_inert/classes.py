"""Where the objects of known classes keep what they hold, from the one table of the engine. Names, no code."""

from __future__ import annotations

from .._core import RECORD_CLASSES


def _with_form(form: str) -> dict[str, str]:
    return {name: attribute for name, own_form, attribute in RECORD_CLASSES if own_form == form}


# Subclasses of dict that are made from a dict.
MADE_FROM_DICT = frozenset(_with_form("argument"))

# Containers that keep a dict or a list in this attribute. omegaconf may keep None or a text there instead.
CONTENT = _with_form("content")

# Nodes that stand for the value in this attribute.
VALUE = _with_form("value")

# Members of enumerations, which stand for the one value that they are made from.
MEMBERS = frozenset(_with_form("member"))

CONTAINERS = frozenset(_with_form("items")) | MADE_FROM_DICT | CONTENT.keys()

__all__ = ["CONTAINERS", "CONTENT", "MADE_FROM_DICT", "MEMBERS", "VALUE"]
