"""Data frames of pandas by column, compared with pandas itself; and hostile ones."""

import pickle
import subprocess
import sys

import pytest
import safe_load
from safe_load._inert.record import Record

np = pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")


@pytest.fixture(scope="module")
def pd():
    return pytest.importorskip("pandas", reason="SKIPPED: pandas is not installed here")


def frame(pd):
    return pd.DataFrame({
        "whole": [1, 2, 3], "more": [4, 5, 6], "real": [1.5, np.nan, -2.0], "text": ["x", None, "größe"],
        "day": pd.to_datetime(["2020-01-01", "2021-02-03", None]), "zone": pd.to_datetime(["2020-01-01"] * 3, utc=True),
        "span": pd.to_timedelta([1, 2, 3], "s"), "truth": [True, False, True], "kind": pd.Categorical(["u", "v", None]),
        "words": pd.array(["a", None, "c"], dtype="string[python]"), "maybe": pd.array([1, None, 3], dtype="Int64"), 7: np.arange(3, dtype="float32"),
    })


def plain(column):
    """The values of a column as objects of Python, None for what is missing: of ours, or of pandas."""
    if isinstance(column, np.ma.MaskedArray):
        return [None if hidden else value for value, hidden in zip(column.data.tolist(), np.ma.getmaskarray(column))]
    values = [value.to_numpy() if hasattr(value, "to_numpy") else value for value in column]
    words = [str(value) for value in values]
    return [None if word in ("None", "nan", "NaT", "<NA>") else getattr(value, "item", lambda: value)() if not
            isinstance(value, (np.datetime64, np.timedelta64)) else value for value, word in zip(values, words)]


def same(ours, theirs):
    return plain(ours) == plain(theirs)


def opened(value, protocol):
    return safe_load.safe_load(pickle.dumps(value, protocol), unknown="opaque")


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_columns_are_those_of_pandas(pd, protocol):
    table = frame(pd)
    found = opened(table, protocol).to_columns()
    assert list(found) == list(table.columns)
    for name in table.columns:
        assert not isinstance(found[name], Record), name
        assert same(found[name], table[name]), (name, found[name], table[name])


@pytest.mark.parametrize("protocol", [2, 5])
def test_series_indexes_and_levels(pd, protocol):
    table = frame(pd)
    assert opened(table["whole"], protocol).to_columns()["whole"].tolist() == [1, 2, 3]
    assert opened(table.index, protocol).to_columns() == {"index": range(0, 3)}
    by_text = opened(table.set_index("text"), protocol).to_columns(index=True)
    assert list(by_text)[:2] == ["text", "whole"] and same(by_text["text"], table["text"])
    two = opened(table.set_index(["whole", "truth"]), protocol).to_columns(index=True)
    assert two["whole"].tolist() == [1, 2, 3] and two["truth"].tolist() == [True, False, True]
    assert list(opened(table.pivot_table(index="whole", columns="truth", values=["more", "real"]), protocol).to_columns())[0] == ("more", False)


def test_numbers_are_views_of_the_blocks(pd):
    found = opened(pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd")), 5).to_columns()
    assert found["b"].tolist() == [1.0, 5.0, 9.0] and found["a"].base is not None


def test_pandas_is_not_imported(pd, tmp_path):
    frame(pd).to_pickle(tmp_path / "x.pkl")
    script = f"import safe_load, sys; safe_load.safe_load({str(tmp_path / 'x.pkl')!r}, unknown='opaque').to_columns(); print('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"


def text(words):
    return b"X" + len(words).to_bytes(4, "little") + words.encode()


def made(cls, arguments, state=b""):
    module, _, name = cls.rpartition(".")
    return b"c" + f"{module}\n{name}\n".encode() + arguments + b"R" + (state + b"b" if state else b"")


INDEX = made("pandas.core.indexes.base._new_Index", b"cpandas\nRangeIndex\n}(" + text("start") + b"K\0" + text("stop") + b"K\2" + text("step") + b"K\1" + text("name") + b"Nu\x86")


@pytest.mark.parametrize("manager", [
    b"N", b"K\1", b"}", made("pandas.core.internals.managers.BlockManager", b")"),
    made("pandas.core.internals.managers.BlockManager", b"(" + b")" + b"]" + b"t"),
    made("pandas.core.internals.managers.BlockManager", b"()](" + INDEX + INDEX + b"et"),
    made("pandas.core.internals.managers.BlockManager", b"((" + made("pandas._libs.internals._unpickle_block", b"(K\1K\2K\3t") + b"t](" + INDEX + INDEX + b"et"),
    made("pandas.core.internals.managers.BlockManager", b")", b"(N" + b"N" + b"N}" + text("0.14.1") + b"}st"),
])
def test_other_parts_are_an_error(manager):
    pickled = b"\x80\x02" + made("pandas.core.frame.DataFrame", b")", b"}" + text("_mgr") + manager + b"s") + b"."
    table = safe_load.safe_load(pickled, unknown="opaque")
    with pytest.raises(safe_load.Error) as raised:
        table.to_columns()
    assert raised.value.code == "corrupt"


def test_what_is_no_frame_says_so():
    thing = safe_load.safe_load(b"\x80\x02" + made("pkg.C", b")") + b".", unknown="opaque")
    with pytest.raises(TypeError, match="pkg.C is not a data frame"):
        thing.to_columns()


def test_no_column_hides_another(pd):
    for table in (pd.DataFrame([[1, 2]], columns=["a", "a"]), pd.DataFrame({"index": [1]}, index=[7]),
                  pd.DataFrame({"x": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)], names=["k", "k"]))):
        with pytest.raises(safe_load.Error, match="two columns have the label") as raised:
            opened(table, 5).to_columns(index=True)
        assert raised.value.code == "ambiguous"
    assert opened(pd.DataFrame({"index": [1]}, index=[7]), 5).to_columns()["index"].tolist() == [1]


def test_dates_are_labels_and_zones_are_utc(pd):
    days = pd.to_datetime(["2020-01-01", "2020-01-02"]).as_unit("ns")
    table = opened(pd.DataFrame([[1, 2]], columns=days), 5).to_columns()
    assert list(table) == list(days.to_numpy())
    assert opened(days, 5).to_columns()["index"].tolist() == days.to_numpy().tolist()
    berlin = pd.Series(pd.to_datetime(["2020-01-01"])).dt.tz_localize("Europe/Berlin")
    found = opened(pd.DataFrame({"t": berlin}), 5).to_columns()["t"]
    assert found[0] == np.datetime64("2019-12-31T23:00")


def test_what_is_not_known_stays_a_record(pd):
    table = opened(pd.DataFrame({"period": pd.period_range("2020-01", periods=3, freq="M"), "x": [1, 2, 3], "cut": pd.cut([1, 5, 9], 3)},
                                index=pd.interval_range(0, 3)), 5).to_columns(index=True)
    assert all(isinstance(table[name], Record) for name in ("index", "period", "cut")) and table["x"].tolist() == [1, 2, 3]
    with pytest.raises(safe_load.Error, match="not known"):
        opened(pd.DataFrame([[1, 2, 3]], columns=pd.interval_range(0, 3)), 5).to_columns()


def test_missing_texts_are_none(pd):
    for kind in ("str", "string", "string[python]", object):
        table = opened(pd.DataFrame({"n": pd.Series(["x", None], dtype=kind)}), 5).to_columns()
        assert table["n"].tolist() == ["x", None], kind


NUMBERS = {"slice": slice(1 << 40, 0, -1), "places": slice(0, 1 << 40)}


@pytest.mark.parametrize("places", NUMBERS.values(), ids=NUMBERS)
def test_places_are_bounded(places):
    block = made("pandas._libs.internals._unpickle_block", b"(N" + pickle.dumps(places, 2)[2:-1] + b"K\2t")
    manager = made("pandas.core.internals.managers.BlockManager", b"((" + block + b"t](" + INDEX + INDEX + b"et")
    table = safe_load.safe_load(b"\x80\x02" + made("pandas.core.frame.DataFrame", b")", b"}" + text("_mgr") + manager + b"s") + b".", unknown="opaque")
    with pytest.raises(safe_load.Error, match="more than"):
        table.to_columns()


def test_a_frame_without_rows(pd):
    found = opened(frame(pd).iloc[:0], 5).to_columns(index=True)
    assert len(found) == 13 and all(len(column) == 0 for column in found.values())


def one_column(values):
    block = made("pandas._libs.internals._unpickle_block", b"(" + values + b"cbuiltins\nslice\nK\0K\2K\1\x87RK\2t")
    manager = made("pandas.core.internals.managers.BlockManager", b"((" + block + b"t](" + INDEX + INDEX + b"et")
    pickled = b"\x80\x02" + made("pandas.core.frame.DataFrame", b")", b"}" + text("_mgr") + manager + b"s") + b"."
    return safe_load.safe_load(pickled, unknown="opaque")


def arrow_array(ends, count, data=b"N"):
    kind = made("pyarrow.lib.type_for_alias", text("large_string") + b"\x85")
    length = b"J" + count.to_bytes(4, "little")
    return made("pyarrow.lib._restore_array", b"(" + kind + length + b"K\0K\0](N" + ends + data + b"e]Nt\x85")


def arrow(array):
    return made("pandas.arrays.ArrowStringArray", b")", b"}" + text("_pa_array") + array + b"s")


def buffer(content):
    return made("pyarrow.lib.py_buffer", pickle.dumps(content, 3)[2:-1] + b"\x85")


def ends(*places):
    return buffer(np.array(places, "<i8").tobytes())


CHUNK = arrow_array(ends(*[0] * 100_001), 100_000)
# The same chunk again and again, from the memo.
CHUNKS = made("pyarrow.lib.chunked_array", b"](" + CHUNK + b"q\x50" + b"h\x50" * 200 + b"e\x85")


@pytest.mark.parametrize("values, why", [
    (arrow(arrow_array(buffer(1 << 50), 2)), "does not hold bytes"),
    (arrow(arrow_array(ends(0, 3, 0, 3), 3, buffer(b"abc"))), "overlap"),
    (arrow(arrow_array(ends(0, 9), 1, buffer(b"abc"))), "outside of their buffer"),
    (arrow(CHUNKS), "more than 16777216 texts"),
    (made("pandas.arrays.IntegerArray", b")", b"}(" + text("_data") + pickle.dumps(np.zeros(3), 2)[2:-1] + text("_mask")
          + pickle.dumps(np.zeros(2, bool), 2)[2:-1] + b"u"), "another shape"),
], ids=["a number for a buffer", "texts that overlap", "texts beyond the end", "a chunk many times", "a mask of another shape"])
def test_parts_of_arrays_are_checked(values, why):
    with pytest.raises(safe_load.Error, match=why) as raised:
        one_column(values).to_columns()
    assert raised.value.code == "corrupt"
