"""Data frames, series and indexes of pandas, from what they were pickled with: an array for each column.

What pandas 1.1 to 3.1 write is read: blocks of columns in a BlockManager, of which each is an array of NumPy, or one of
pandas' own arrays (dates, categories, masked numbers, texts of Arrow). pandas itself is not needed.
"""

from __future__ import annotations

from typing import Any, Sequence

from .._errors import Error, class_text
from .names import GlobalRef
from .record import Record
from .words import short

_FRAMES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")
_SERIES = ("pandas.core.series.Series", "pandas.Series")
_NEW_INDEX = ("pandas.core.indexes.base._new_Index", "pandas.core.indexes.datetimes._new_DatetimeIndex")
_UNPICKLE_BLOCK = ("pandas._libs.internals._unpickle_block", "pandas.core.internals.blocks.new_block")
_BACKED = "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"
_RESTORE_ARROW = ("pyarrow.lib._restore_array", "pyarrow.lib.chunked_array")
_PLAIN = ("DatetimeArray", "TimedeltaArray", "StringArray", "StringArrayNumpySemantics", "NumpyExtensionArray", "PandasArray")
_MOST_OBJECTS = 1 << 24  # texts, categories and labels that are made
_MOST_COLUMNS = 1 << 20  # of one block: arrays of no elements may have any number of rows
_STATE_OF_OLD = "0.14.1"  # the key under which managers keep blocks and axes, whatever their version

Columns = dict[Any, Any]


def is_frame(record: object) -> bool:
    """Whether columns() knows this kind of record."""
    return isinstance(record, Record) and record.cls in (*_FRAMES, *_SERIES, *_NEW_INDEX)


def columns(record: Record, index: bool) -> Columns:
    """What Opaque.to_columns() gives."""
    if not is_frame(record):
        raise TypeError(f"{class_text(record.cls)} is not a data frame, a series or an index")
    try:
        return _Reader().columns(record, index)
    except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Error(f"safe_load: the parts of a {class_text(record.cls)} are not those that pandas writes: {error}", code="corrupt") from error


class _Reader:
    """Reads one record. What is made of shared parts is counted, for a file of a few bytes may name them often."""

    def __init__(self) -> None:
        self._objects_left = _MOST_OBJECTS

    def columns(self, record: Record, index: bool) -> Columns:
        if record.cls in _NEW_INDEX:
            return _as_dict(self._index_columns(record, "index"))
        manager = record.attributes().get("_mgr", record.attributes().get("_data"))
        if not isinstance(manager, Record):
            raise ValueError("there are no blocks")
        axes, blocks = _manager_parts(manager)
        pairs = list(self._index_columns(axes[-1], "index")) if index else []
        if record.cls in _SERIES:
            pairs.append((record.attributes().get("_name", record.attributes().get("name")), self._values(blocks[0][0])))
            return _as_dict(pairs)
        labels = self._labels(axes[0])
        if labels is None:
            raise ValueError("the labels of the columns are of a kind that is not known")
        placed: dict[int, Any] = {}
        rows: dict[int, list[Any]] = {}
        for values, places in blocks:
            if id(values) not in rows:  # many blocks may share one array
                rows[id(values)] = self._rows(values, len(places))
            placed.update(zip(places, rows[id(values)]))
        if len(placed) != len(labels) or any(place not in placed for place in range(len(labels))):
            raise ValueError("the blocks do not hold each column once")
        return _as_dict([*pairs, *((label, placed[place]) for place, label in enumerate(labels))])

    def _rows(self, values: Any, count: int) -> list[Any]:
        """The columns of a block, which are the rows of an array; pandas' own arrays hold one column."""
        if count > _MOST_COLUMNS:
            raise ValueError(f"a block has more than {_MOST_COLUMNS} columns")
        column = self._values(values)
        if getattr(column, "ndim", 1) == 2 and len(column) == count:
            return [column[i] for i in range(count)]
        if count != 1:
            raise ValueError("a block has another number of columns than places")
        return [column]

    def _values(self, values: Any) -> Any:
        """An array of NumPy, a masked one, or what it was, where it is not known."""
        if not isinstance(values, Record):
            return values
        attributes = values.attributes()
        if values.cls == _BACKED and isinstance(values.state, tuple):
            return self._backed(values)
        if "_data" in attributes and "_mask" in attributes:
            return _masked(attributes["_data"], attributes["_mask"])
        kind = values.cls.rpartition(".")[2]
        if kind.startswith("ArrowString") or kind == "ArrowExtensionArray":
            texts = self._arrow(attributes.get("_pa_array", attributes.get("_data")))
            return values if texts is None else texts
        if kind in _PLAIN and "_ndarray" in attributes:
            return self._without_missing(attributes["_ndarray"])
        if kind in _PLAIN and hasattr(attributes.get("_data"), "dtype"):  # of dates, before pandas 1.2
            return attributes["_data"]
        if kind == "Categorical" and "_codes" in attributes:
            found = self._categories(attributes["_codes"], attributes.get("_dtype"))
            return values if found is None else found
        return values

    def _backed(self, values: Record) -> Any:
        """Dates, spans of time, texts and categories: their type, and an array."""
        kind = values.args[0].name if values.args and isinstance(values.args[0], GlobalRef) else ""
        arrays = [part for part in values.state if hasattr(part, "ndim") and hasattr(part, "dtype")]
        if len(arrays) == 1 and kind in _PLAIN:
            return self._without_missing(arrays[0])
        if len(arrays) == 1 and kind == "Categorical":
            found = self._categories(arrays[0], next((part for part in values.state if isinstance(part, Record)), None))
            return values if found is None else found
        return values

    def _without_missing(self, array: Any) -> Any:
        """Of texts and other objects: None for pandas.NA, which is a name here, and for NaN."""
        if getattr(array, "dtype", None) != object or not any(_is_missing(value) for value in array.flat):
            return array
        found = self._objects(array.size).reshape(array.shape)
        for place, value in enumerate(array.flat):
            found.flat[place] = None if _is_missing(value) else value
        return found

    def _categories(self, codes: Any, dtype: Any) -> Any:
        """The category of each code, None for -1. None where the categories are of a kind that is not known."""
        if not isinstance(dtype, Record) or "categories" not in dtype.attributes():
            return None
        names = self._labels(dtype.attributes()["categories"])
        if names is None:
            return None
        found = self._objects(len(codes))
        for i, code in enumerate(codes.tolist()):
            if not -1 <= code < len(names):
                raise ValueError("a category is outside of its list")
            found[i] = None if code < 0 else names[code]
        return found

    def _arrow(self, array: Any) -> Any:
        """Texts as Arrow keeps them: where each ends, and the bytes of all. None for anything else."""
        if not isinstance(array, Record) or array.cls not in _RESTORE_ARROW or not array.args:
            return None
        if array.cls.endswith("chunked_array"):
            import numpy

            chunks = [self._arrow(chunk) for chunk in array.args[0]]
            return numpy.concatenate(chunks) if chunks and all(chunk is not None for chunk in chunks) else None
        kind, length, _, offset, buffers, *_ = array.args[0]
        name = kind.args[0] if isinstance(kind, Record) and kind.args else None
        form = {"string": "<i4", "large_string": "<i8"}.get(name) if isinstance(name, str) else None
        if form is None or len(buffers) != 3:
            return None
        return self._arrow_texts(length, offset, form, buffers)

    def _arrow_texts(self, length: int, offset: int, form: str, buffers: list[Any]) -> Any:
        import numpy

        valid, ends, data = map(_buffer, buffers)
        places = numpy.frombuffer(ends, form) if ends else numpy.empty(0, form)
        if not (0 <= offset and 0 <= length and (length == 0 or offset + length < len(places))):
            raise ValueError("texts are outside of their buffer")
        texts = self._objects(length)
        before = 0
        for i in range(offset, offset + length):
            begin, end = int(places[i]), int(places[i + 1])
            if not before <= begin <= end <= len(data):
                raise ValueError("texts are outside of their buffer, or overlap")
            before = end
            is_there = not valid or valid[i // 8] >> (i % 8) & 1
            texts[i - offset] = data[begin:end].decode("utf-8", "surrogatepass") if is_there else None
        return texts

    def _objects(self, count: int) -> Any:
        """Room for so many objects."""
        import numpy

        self._objects_left -= count
        if self._objects_left < 0:
            raise ValueError(f"there are more than {_MOST_OBJECTS} texts and categories")
        return numpy.empty(count, dtype=object)

    def _index_columns(self, index: Any, name: str) -> list[tuple[Any, Any]]:
        """The labels of an index under its name; of one with several levels each. Of an index that is not known itself."""
        if not isinstance(index, Record) or index.cls not in _NEW_INDEX or len(index.args) < 2 or not isinstance(index.args[1], dict):
            return [(name, index)]
        parts = index.args[1]
        if "levels" in parts and "codes" in parts:
            names = parts.get("names") or [None] * len(parts["levels"])
            return [(f"level_{i}" if names[i] is None else names[i], self._level(level, codes, index))
                    for i, (level, codes) in enumerate(zip(parts["levels"], parts["codes"]))]
        own_name = name if parts.get("name") is None else parts["name"]
        if "start" in parts and "stop" in parts:
            return [(own_name, range(parts["start"], parts["stop"], parts.get("step") or 1))]
        return [(own_name, self._values(parts["data"]) if "data" in parts else index)]

    def _level(self, level: Any, codes: Any, index: Record) -> Any:
        labels = self._labels(level)
        if labels is None:
            return index
        found = self._objects(len(codes))
        for i, code in enumerate(codes):
            found[i] = labels[code] if code >= 0 else None
        return found

    def _labels(self, index: Any) -> Any:
        """The labels of an index, of several levels tuples; None where they are of a kind that is not known."""
        levels = [_sequence(labels) for _, labels in self._index_columns(index, "")]
        if any(labels is None for labels in levels):
            return None
        return levels[0] if len(levels) == 1 else list(zip(*levels))


def _sequence(labels: Any) -> Any:
    """Labels as they are compared: numbers and texts as objects of Python, dates as NumPy has them."""
    if isinstance(labels, Record):
        return None
    is_time = getattr(getattr(labels, "dtype", None), "kind", "") in ("M", "m")
    return list(labels) if is_time else labels.tolist() if hasattr(labels, "tolist") else labels


def _as_dict(pairs: list[tuple[Any, Any]]) -> Columns:
    """No column may hide another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        labels = [label for label, _ in pairs]
        twice = next(label for label in labels if labels.count(label) > 1)
        raise Error(f"safe_load: two columns have the label {short(twice)}, and a dict would hold one of them", code="ambiguous",
                    hint="the blocks have both: record.attributes()['_mgr']")
    return found


def _masked(data: Any, mask: Any) -> Any:
    import numpy

    if getattr(data, "shape", None) is None or data.shape != getattr(mask, "shape", None):
        raise ValueError("a mask has another shape than what it is for")
    return numpy.ma.MaskedArray(data, mask=mask)


def _buffer(buffer: Any) -> bytes:
    """The bytes of a buffer of Arrow; none where there is no buffer. (A number would be so many bytes.)"""
    if buffer is None:
        return b""
    if not isinstance(buffer, Record) or not buffer.args or not isinstance(buffer.args[0], (bytes, bytearray)):
        raise ValueError("a buffer does not hold bytes")
    return bytes(buffer.args[0])


def _is_missing(value: Any) -> bool:
    return (isinstance(value, GlobalRef) and value.name == "NA") or (isinstance(value, float) and value != value)


def _manager_parts(manager: Record) -> tuple[list[Any], list[tuple[Any, Sequence[int]]]]:
    """The axes, and the blocks with the places of their columns."""
    if len(manager.args) >= 2 and isinstance(manager.args[0], (tuple, list)) and isinstance(manager.args[1], (tuple, list)):
        return list(manager.args[1]), [_block(block) for block in manager.args[0]]
    state = manager.state
    if isinstance(state, tuple) and len(state) >= 4 and isinstance(state[3], dict) and isinstance(state[3].get(_STATE_OF_OLD), dict):
        kept = state[3][_STATE_OF_OLD]
        return list(kept["axes"]), [(block["values"], _places(block["mgr_locs"])) for block in kept["blocks"]]
    raise ValueError(f"{class_text(manager.cls)} keeps its blocks in a form that is not known")


def _block(block: object) -> tuple[Any, Sequence[int]]:
    """The array of a block, and the places of its columns."""
    if not isinstance(block, Record) or len(block.args) < 2 or not (block.cls in _UNPICKLE_BLOCK or block.cls.endswith(".new_block")):
        raise ValueError("a block is of a kind that is not known")
    return block.args[0], _places(block.args[1])


def _places(places: Any) -> Sequence[int]:
    """Where the columns of a block stand: a slice, or an array of whole numbers."""
    if isinstance(places, slice):
        if places.stop is None:
            raise ValueError("a block has no last column")
        return range(places.start or 0, places.stop, places.step or 1)
    if isinstance(places, Record) and places.args:  # pandas 1.2: BlockPlacement(slice)
        return _places(places.args[0])
    return [int(place) for place in places]


__all__ = ["columns", "is_frame"]
