"""NumPy values are built from checked descriptions, under the names of NumPy 1 and 2."""

import io
import pickle
import warnings

import pytest
from forge import call, forge, symbol, text

import safe_load as package
from safe_load import safe_load
from safe_load._make import choose

TYPES = "? b B h H i I q Q e f d g F D G S5 U3 S0 V7 M8[s] M8[25us] m8[ns] >f8 >i2 >U2 M8".split()


def scalars(np):
    return [np.float64(0.5), np.float32(1e-3), np.int64(-5), np.uint8(255), np.bool_(True), np.complex64(1 + 2j)] + [
        np.str_(""), np.str_("é"), np.bytes_(b"ab"), np.datetime64("2024-02-29T01:02:03"), np.timedelta64(5, "D"),
        np.datetime64("NaT"), np.float16("nan"), np.longdouble("0.1"), np.void(b"abc"),
    ]  # fmt: skip


def arrays(np):
    made = [np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(3.5)]
    made += [np.zeros((0, 3)), np.zeros((2, 0), "f4"), np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2)]
    made += [np.arange(10)[::2], np.array(["a", "bcd"]), np.array([b"x", b"yz"])]
    made += [np.array([None, "a", [1], {"k": 2}], object), np.array([[1, "x"], [2.5, None]], object)]
    made += [np.array([("a", 1, 2.5)], "U3,i4,>f8"), np.zeros(3, [("x", "i4", (2, 3)), ("y", "f8")])]
    made += [np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)), np.array([(1, "o")], "i4,O")]
    made += [np.zeros(2, np.dtype({"names": ["p"], "formats": ["i2"], "titles": ["the title"]}))]
    made += [np.arange(3).astype(kind) if kind[0] not in "SUVmM>" else np.zeros(3, kind) for kind in TYPES]
    return made


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_scalars_and_arrays_come_back_as_they_were(protocol, np, round_trip):
    from deep_equal import difference

    for value in scalars(np) + arrays(np) + [np.dtype(kind) for kind in TYPES]:
        # What NumPy makes of its own pickle: C's long long comes back as int64, for example. It swaps arrays of
        # the other byte order; we keep the order that was saved.
        expected = pickle.loads(pickle.dumps(value, protocol))
        if isinstance(value, np.ndarray) and value.dtype.byteorder == ">":
            expected = expected.astype(value.dtype)
        found = difference(round_trip([value], protocol), [expected])
        assert found is None, (repr(value), getattr(value, "dtype", ""), found)


def test_names_of_both_numpy_generations_are_read(np, torch):
    value = {"scalar": np.float64(0.25), "array": np.arange(3.0), "empty": np.zeros(0)}
    modern = pickle.dumps(value, 2)
    assert b"numpy._core" in modern
    for spelling in (modern, modern.replace(b"numpy._core", b"numpy.core")):
        loaded = safe_load(forge(spelling))
        assert loaded["scalar"] == 0.25 and loaded["array"].tolist() == [0.0, 1.0, 2.0] and loaded["empty"].shape == (0,)


def test_arrays_are_writable_and_their_own(np, round_trip):
    first, second = round_trip([array := np.arange(3), array.copy()])
    first[0] = 9
    assert second[0] == 0 and first[0] == 9


def dtype(kind: str, state: bytes) -> bytes:
    return call("numpy", "dtype", text(kind), b"\x89", b"\x88") + state + b"b"


def state(*parts: bytes) -> bytes:
    return b"(" + b"".join(parts) + b"t"


def number(value: int) -> bytes:
    return b"I%d\n" % value


def plain(order="<", size=-1, align=-1, flags=0, names=b"N", fields=b"N", subarray=b"N") -> bytes:
    return state(number(3), text(order), subarray, names, fields, number(size), number(align), number(flags))


EIGHT = b"C\x08abcdefgh"
FIELD = b"}" + text("a") + state(dtype("i4", plain()), number(-4)) + b"s"
FORGED = {
    "a number with the pointer flag": dtype("f8", plain(flags=4)),
    "a number with the object flags": dtype("i8", plain(flags=63)),
    "an object without its flags": dtype("O8", plain("|", flags=0)),
    "a size for a number": dtype("f8", plain(size=16)),
    "a negative size": dtype("S5", plain("|", size=-5, align=1)),
    "another size than the text": dtype("S5", plain("|", size=6, align=1)),
    "an unknown order": dtype("f8", plain("x")),
    "an unknown version": dtype("f8", state(number(9), text("<"))),
    "a field before its item": dtype("V8", plain("|", 8, 1, 16, text("a") + b"\x85", FIELD)),
    "a name without a field": dtype("V8", plain("|", 8, 1, 16, text("a") + b"\x85", b"}")),
    "a subarray that is too large": dtype("V24", plain("|", 24, 4, 0, subarray=state(dtype("i4", plain()), number(2**20)))),
    "a date without a unit": dtype("M8", plain()),
    "no type of numpy": dtype("Q7", plain()),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_forged_dtype_is_a_damaged_value(name):
    with pytest.raises(package.Error) as caught:
        safe_load(forge(FORGED[name] + b"."))
    assert caught.value.issues[0]["path"] == "$" and "numpy" in str(caught.value) or "type" in str(caught.value)


def shell(shape: bytes, kind: bytes, data: bytes, fortran: bytes = b"\x89") -> bytes:
    made = call("numpy.core.multiarray", "_reconstruct", symbol("numpy", "ndarray"), b"K\x00\x85", b"C\x01b")
    return made + state(number(1), shape, kind, fortran, data) + b"b"


F8 = dtype("f8", plain())
OBJECT = dtype("O8", plain("|", flags=63))
FORGED_ARRAYS = {
    "data one byte short": shell(b"K\x01\x85", F8, b"C\x07abcdefg"),
    "data one byte long": shell(b"K\x01\x85", F8, b"C\x09abcdefghi"),
    "a negative size": shell(b"J\xff\xff\xff\xff\x85", F8, b"C\x00"),
    "sizes that overflow": shell(state(number(2**40), number(2**40)), F8, EIGHT),
    "65 dimensions": shell(state(*[number(1)] * 65), F8, EIGHT),
    "bytes as objects": shell(b"K\x01\x85", OBJECT, EIGHT),
    "a list that is too short": shell(b"K\x02\x85", OBJECT, b"]Na"),
    "a list that is too long": shell(b"K\x01\x85", OBJECT, b"](NNe"),
    "an empty list": shell(b"K\x01\x85", OBJECT, b"]"),
    "a scalar that is too short": call("numpy.core.multiarray", "scalar", F8, b"C\x07abcdefg"),
    "a scalar of objects": call("numpy.core.multiarray", "scalar", OBJECT, EIGHT),
    "a dtype that was never given its state": shell(b"K\x01\x85", b"N", EIGHT),
    "a dtype used before its state": symbol("numpy", "dtype") + b"(" + text("f8") + b"\x89\x88tRq\x05"
    + call("numpy.core.multiarray", "scalar", b"h\x05", EIGHT) + b"h\x05" + plain(">") + b"b\x86",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED_ARRAYS)
def test_forged_array_is_a_damaged_value(name):
    with pytest.raises(package.Error) as caught:
        safe_load(forge(FORGED_ARRAYS[name] + b"."))
    assert caught.value.code == "corrupt" and caught.value.issues


def test_without_numpy_values_are_plain(np, torch, monkeypatch, tmp_path):
    monkeypatch.setattr(choose, "_has_numpy", lambda: False)
    torch.save([np.float32(0.5), np.arange(3, dtype="i2"), np.array([1, "x"], object), np.str_("é")], tmp_path / "x.pt")
    scalar, array, objects, word = safe_load(tmp_path / "x.pt", framework="none")
    assert scalar == 0.5 and type(scalar) is float and word == "é" and objects == [1, "x"]
    assert (array.dtype, array.shape) == ("<i2", (3,)) and bytes(array) == np.arange(3, dtype="i2").tobytes()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_array_files_name_fields_in_the_text_of_their_version(version, np):
    """Latin-1 before version 3."""
    array = np.zeros(2, dtype=[("é", "<f4"), ("b", "<i2")])
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(stream, array, version=version)
    loaded = safe_load(io.BytesIO(stream.getvalue()))
    assert loaded.dtype == array.dtype and loaded.tobytes() == array.tobytes()
