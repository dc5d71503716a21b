"""Data frames, series and indexes of pandas, from what they were pickled with: an array for each column.

What pandas 1.0 to 3.1 write is read: blocks of columns in a BlockManager, of which each is an array of NumPy, or one of
pandas' own arrays (dates, categories, masked numbers, texts of Arrow). pandas itself is not needed.
"""

from __future__ import annotations

from typing import Any, Iterator

from .._errors import Error, class_text
from .names import GlobalRef
from .record import Record

_FRAMES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")
_SERIES = ("pandas.core.series.Series", "pandas.Series")
_NEW_INDEX = ("pandas.core.indexes.base._new_Index", "pandas.indexes.base._new_Index")
_UNPICKLE_BLOCK = ("pandas._libs.internals._unpickle_block", "pandas.core.internals.blocks.new_block")
_BACKED = "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"
_RESTORE_ARROW = ("pyarrow.lib._restore_array", "pyarrow.lib.chunked_array")
_MOST_OBJECTS = 1 << 24
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
        return _columns(record, index)
    except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise Error(f"the parts of a {class_text(record.cls)} are not those that pandas writes: {error}", code="corrupt") from error


def _columns(record: Record, index: bool) -> Columns:
    if record.cls in _NEW_INDEX:
        return dict(_index_columns(record, "index"))
    manager = record.attributes().get("_mgr", record.attributes().get("_data"))
    if not isinstance(manager, Record):
        raise ValueError(f"{class_text(record.cls)} has no blocks")
    axes, blocks = _manager_parts(manager)
    found: Columns = dict(_index_columns(axes[-1], "index")) if index else {}
    if record.cls in _SERIES:
        found[record.attributes().get("_name", record.attributes().get("name"))] = _values(blocks[0][0])
        return found
    labels = _labels(axes[0])
    placed: dict[int, Any] = {}
    rows: dict[int, list[Any]] = {}
    for values, places in blocks:
        if id(values) not in rows:  # many blocks may share one array
            rows[id(values)] = _rows(values, len(places))
        placed.update(zip(places, rows[id(values)]))
    if len(placed) != len(labels) or any(place not in placed for place in range(len(labels))):
        raise ValueError("the blocks of a data frame do not hold each column once")
    found.update((label, placed[place]) for place, label in enumerate(labels))
    return found


def _manager_parts(manager: Record) -> tuple[list[Any], list[tuple[Any, list[int]]]]:
    """The axes, and the blocks with the places of their columns."""
    if len(manager.args) >= 2 and isinstance(manager.args[0], (tuple, list)) and isinstance(manager.args[1], (tuple, list)):
        return list(manager.args[1]), [(block.args[0], _places(block.args[1])) for block in manager.args[0] if _is_block(block)]
    state = manager.state
    if isinstance(state, tuple) and len(state) >= 4 and isinstance(state[3], dict) and isinstance(state[3].get(_STATE_OF_OLD), dict):
        kept = state[3][_STATE_OF_OLD]
        return list(kept["axes"]), [(block["values"], _places(block["mgr_locs"])) for block in kept["blocks"]]
    raise ValueError(f"{class_text(manager.cls)} keeps its blocks in a form that is not known")


def _is_block(block: object) -> bool:
    if not isinstance(block, Record) or len(block.args) < 2:
        raise ValueError("a block of a data frame is not known")
    return block.cls in _UNPICKLE_BLOCK or block.cls.endswith(".new_block")


def _places(places: Any) -> list[int]:
    """Where the columns of a block stand: a slice, or an array of whole numbers."""
    if isinstance(places, slice):
        if places.stop is None or places.stop - (places.start or 0) > 1 << 24:
            raise ValueError("a block of a data frame has too many columns")
        return list(range(places.start or 0, places.stop, places.step or 1))
    if isinstance(places, Record) and places.args:  # pandas 1.2: BlockPlacement(slice)
        return _places(places.args[0])
    return [int(place) for place in places]


def _rows(values: Any, count: int) -> list[Any]:
    """The columns of a block, which are the rows of an array; pandas' own arrays hold one column."""
    column = _values(values)
    if getattr(column, "ndim", 1) == 2 and len(column) == count:
        return [column[i] for i in range(count)]
    if count != 1:
        raise ValueError("a block of a data frame has another number of columns than places")
    return [column]


def _values(values: Any) -> Any:
    """An array of NumPy, a masked one, or what it was, where it is not known."""
    if not isinstance(values, Record):
        return values
    attributes = values.attributes()
    if values.cls == _BACKED and isinstance(values.state, tuple):
        return _backed(values)
    if "_data" in attributes and "_mask" in attributes:
        import numpy

        return numpy.ma.MaskedArray(attributes["_data"], mask=attributes["_mask"])
    if "_pa_array" in attributes or "_data" in attributes:
        return _arrow(attributes.get("_pa_array", attributes.get("_data")))
    if "_ndarray" in attributes:
        return _without_na(attributes["_ndarray"])
    if "_codes" in attributes:
        return _categories(attributes["_codes"], attributes.get("_dtype"))
    return values


def _without_na(array: Any) -> Any:
    """None for pandas.NA, which is a name here."""
    if getattr(array, "dtype", None) != object or not any(isinstance(value, GlobalRef) for value in array.flat):
        return array
    found = array.copy()
    for place, value in enumerate(array.flat):
        if isinstance(value, GlobalRef) and value.name == "NA":
            found.flat[place] = None
    return found


def _backed(values: Record) -> Any:
    """Dates, spans of time and categories: their type, and an array."""
    kind = values.args[0].name if values.args and isinstance(values.args[0], GlobalRef) else ""
    arrays = [part for part in values.state if hasattr(part, "ndim") and hasattr(part, "dtype")]
    if len(arrays) != 1:
        return values
    if kind == "Categorical":
        return _categories(arrays[0], next((part for part in values.state if isinstance(part, Record)), None))
    return _without_na(arrays[0])


def _categories(codes: Any, dtype: Any) -> Any:
    """The category of each code, None for -1."""
    if not isinstance(dtype, Record) or "categories" not in dtype.attributes():
        return codes
    names = _labels(dtype.attributes()["categories"])
    found = _objects(len(codes))
    for i, code in enumerate(codes.tolist()):
        if not -1 <= code < len(names):
            raise ValueError("a category of a data frame is outside of its list")
        found[i] = None if code < 0 else names[code]
    return found


def _arrow(array: Any) -> Any:
    """Texts as Arrow keeps them: where each ends, and the bytes of all."""
    import numpy

    if not isinstance(array, Record) or array.cls not in _RESTORE_ARROW or not array.args:
        return array
    if array.cls.endswith("chunked_array"):
        chunks = [_arrow(chunk) for chunk in array.args[0]]
        return numpy.concatenate(chunks) if chunks and all(isinstance(each, numpy.ndarray) for each in chunks) else array
    kind, length, _, offset, buffers, *_ = array.args[0]
    name = kind.args[0] if isinstance(kind, Record) and kind.args else None
    form = {"string": "<i4", "large_string": "<i8"}.get(name) if isinstance(name, str) else None
    if form is None or len(buffers) != 3:
        return array
    valid, ends, data = (bytes(buffer.args[0]) if isinstance(buffer, Record) and buffer.args else b"" for buffer in buffers)
    places = numpy.frombuffer(ends, form)
    if not (0 <= offset and 0 <= length and (length == 0 or offset + length < len(places))):
        raise ValueError("texts of a data frame are outside of their buffer")
    texts = _objects(length)
    for i in range(offset, offset + length):
        is_there = not valid or valid[i // 8] >> (i % 8) & 1
        begin, end = int(places[i]), int(places[i + 1])
        if is_there and not 0 <= begin <= end <= len(data):
            raise ValueError("texts of a data frame are outside of their buffer")
        texts[i - offset] = data[begin:end].decode("utf-8", "surrogatepass") if is_there else None
    return texts


def _objects(count: int) -> Any:
    """Room for so many objects, which is more than a file of a few bytes may ask for."""
    import numpy

    if count > _MOST_OBJECTS:
        raise ValueError(f"a column has more than {_MOST_OBJECTS} texts or categories")
    return numpy.empty(count, dtype=object)


def _index_columns(index: Any, name: str) -> Iterator[tuple[Any, Any]]:
    """The labels of an index under its name; of one with several levels each."""
    if not isinstance(index, Record) or len(index.args) < 2 or not isinstance(index.args[1], dict):
        raise ValueError("an index of a data frame is not known")
    parts = index.args[1]
    if "levels" in parts and "codes" in parts:
        names = parts.get("names") or [None] * len(parts["levels"])
        for i, (level, codes) in enumerate(zip(parts["levels"], parts["codes"])):
            labels = _labels(level)
            yield (names[i] if names[i] is not None else f"level_{i}"), [labels[code] if code >= 0 else None for code in codes]
    elif "start" in parts and "stop" in parts:
        yield _or(parts.get("name"), name), range(parts["start"], parts["stop"], parts.get("step") or 1)
    else:
        yield _or(parts.get("name"), name), _values(parts.get("data"))


def _or(name: Any, otherwise: str) -> Any:
    return otherwise if name is None else name


def _labels(index: Any) -> Any:
    """The labels of an index: of several levels tuples."""
    levels = [labels for _, labels in _index_columns(index, "")]
    if len(levels) == 1:
        return levels[0].tolist() if hasattr(levels[0], "tolist") else levels[0]
    return list(zip(*levels))


__all__ = ["columns", "is_frame"]
