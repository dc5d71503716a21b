"""What joblib.dump writes gives the arrays that joblib.load gives. Only files that are made here are given to joblib."""

import collections
import io
import pickle

import pytest

import safe_load
from safe_load import Error, Verdict

joblib = pytest.importorskip("joblib", reason="SKIPPED: joblib is not installed here, so nothing compares with it")
np = pytest.importorskip("numpy")


def structured():
    return np.array([(1, 2.5, b"x"), (3, 4.5, b"yz")], dtype=[("a", "i4"), ("b", ">f8"), ("c", "S2")])


ARRAYS = {
    "float": lambda: np.arange(6.0).reshape(2, 3),
    "fortran": lambda: np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)),
    "transposed": lambda: np.arange(24, dtype=np.int16).reshape(2, 3, 4).transpose(1, 0, 2),
    "strided": lambda: np.arange(20)[::3],
    "empty": lambda: np.zeros((0, 3), np.float32),
    "no dimensions": lambda: np.array(3.5),
    "bool": lambda: np.array([True, False]),
    "half": lambda: np.float16([1, 2]),
    "complex": lambda: np.array([1 + 2j], np.complex64),
    "text": lambda: np.array(["a", "bcd"]),
    "bytes": lambda: np.array([b"a", b"bcd"]),
    "dates": lambda: np.array(["2020-01-01", "NaT"], "M8[D]"),
    "durations": lambda: np.array([1, 2], "m8[25s]"),
    "structure": structured,
    "objects": lambda: np.array(["x", None, 5, {"k": [1]}], dtype=object),
    "nested objects": lambda: np.array([np.arange(3), None], dtype=object),
    "structure with objects": lambda: np.array([(1, None)], dtype=[("a", "i4"), ("o", "O")]),
    "large": lambda: np.random.default_rng(0).random(300_000),
}


def same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(theirs, np.ndarray):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        if theirs.dtype.hasobject:
            assert repr(ours) == repr(theirs)
        else:
            assert ours.tobytes() == theirs.tobytes()
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs):
            same(one, other)
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("protocol", range(6))
def test_every_array_is_theirs(name, protocol, tmp_path):
    value = {"before": [1, "x"], "array": ARRAYS[name](), "again": ARRAYS[name](), "behind": (None, "x")}
    path = tmp_path / "x.joblib"
    joblib.dump(value, path, protocol=protocol)
    # Without this joblib turns big-endian numbers around; what was saved stays what it was here.
    theirs = joblib.load(path, ensure_native_byte_order=False)
    same(safe_load.safe_load(path), theirs)
    same(safe_load.safe_load(path.read_bytes()), theirs)
    # joblib before 1.2, and programs that do not know joblib, read on elsewhere.
    assert safe_load.scan(path).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("method", ["zlib", "gzip", "bz2", "lzma", "xz"])
@pytest.mark.parametrize("level", [1, 9])
def test_every_compression_is_read(method, level, tmp_path):
    value = {name: make() for name, make in ARRAYS.items()}
    path = tmp_path / "x.joblib"
    joblib.dump(value, path, compress=(method, level))
    same(safe_load.safe_load(path), joblib.load(path))
    assert safe_load.scan(path).verdict is Verdict.UNKNOWN


def test_lz4_is_refused_by_name(tmp_path):
    pytest.importorskip("lz4")
    joblib.dump([np.arange(3)], tmp_path / "x.joblib", compress=("lz4", 3))
    with pytest.raises(Error, match="lz4-compressed data"):
        safe_load.safe_load(tmp_path / "x.joblib")


def test_a_stream_that_cannot_tell_where_it_is_has_no_padding(tmp_path):
    class Pipe(io.BytesIO):
        def tell(self):
            raise io.UnsupportedOperation

    pipe = Pipe()
    joblib.dump({"a": np.arange(5.0)}, pipe)
    same(safe_load.safe_load(pipe.getvalue()), {"a": np.arange(5.0)})


def test_a_matrix_is_an_array(tmp_path):
    joblib.dump(np.matrix([[1.0, 2.0]]), tmp_path / "x.joblib")
    ours = safe_load.safe_load(tmp_path / "x.joblib")
    assert type(ours) is np.ndarray and ours.tolist() == [[1.0, 2.0]]


def test_a_memory_map_is_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "m", np.int32, "w+", shape=(4,))
    mapped[:] = [1, 2, 3, 4]
    joblib.dump({"m": mapped}, tmp_path / "x.joblib")
    ours = safe_load.safe_load(tmp_path / "x.joblib")["m"]
    assert type(ours) is np.ndarray and ours.tolist() == [1, 2, 3, 4]


Model = collections.namedtuple("Model", "weights bias")


class Estimator:
    def __init__(self):
        self.coef_ = np.arange(6.0).reshape(2, 3)
        self.names = np.array(["a", "b"], dtype=object)


def test_arrays_of_unknown_objects_are_there(tmp_path):
    joblib.dump([Estimator(), Model(np.ones(2), 3)], tmp_path / "x.joblib", compress=3)
    with pytest.raises(Error, match="Estimator"):
        safe_load.safe_load(tmp_path / "x.joblib")
    record, model = safe_load.safe_load(tmp_path / "x.joblib", unknown="opaque")
    assert record.coef_.tolist() == [[0, 1, 2], [3, 4, 5]] and record.names.tolist() == ["a", "b"]
    assert safe_load.scan(tmp_path / "x.joblib").verdict is Verdict.UNKNOWN


def test_an_estimator_of_sklearn_is_read_to_its_end(tmp_path):
    sklearn = pytest.importorskip("sklearn.ensemble", reason="SKIPPED: scikit-learn is not installed here")
    generator = np.random.default_rng(0)
    forest = sklearn.RandomForestClassifier(5, random_state=0).fit(generator.random((50, 3)), np.arange(50) % 2)
    joblib.dump(forest, tmp_path / "x.joblib")
    record = safe_load.safe_load(tmp_path / "x.joblib", unknown="opaque")
    assert len(record.estimators_) == 5 and record.classes_.tolist() == [0, 1]
    for ours, theirs in zip(record.estimators_, forest.estimators_):
        state = theirs.tree_.__getstate__()
        for part in ("nodes", "values"):
            assert ours.tree_.attributes()[part].tobytes() == state[part].tobytes()


class Bad:
    def __reduce__(self):
        return eval, ("1",)


@pytest.mark.parametrize("value", [[np.arange(3), Bad()], np.array([1, Bad()], dtype=object), [Bad(), np.arange(3)]], ids=repr)
@pytest.mark.parametrize("compress", [0, 3])
def test_what_joblib_would_run_is_found(value, compress, tmp_path):
    joblib.dump(value, tmp_path / "x.joblib", compress=compress)
    assert safe_load.scan(tmp_path / "x.joblib").verdict is Verdict.DANGEROUS


def test_every_truncation_is_refused(tmp_path):
    joblib.dump({"a": np.arange(3.0), "o": np.array([None, "x"], dtype=object), "b": 1}, tmp_path / "x.joblib")
    content = (tmp_path / "x.joblib").read_bytes()
    for size in range(2, len(content)):
        with pytest.raises(Error):
            safe_load.safe_load(content[:size])


def test_a_pickle_without_arrays_is_a_pickle(tmp_path):
    joblib.dump({"a": 1}, tmp_path / "x.joblib")
    assert safe_load.safe_load(tmp_path / "x.joblib") == {"a": 1} == pickle.loads((tmp_path / "x.joblib").read_bytes())
