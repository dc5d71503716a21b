"""`safe-load show` prints elements as NumPy does, of every type, shape and part."""

import json
import os
import re
import subprocess

import pytest
from conftest import PROGRAM

np = pytest.importorskip("numpy", reason="SKIPPED: numpy is not installed here")
torch = pytest.importorskip("torch", reason="SKIPPED: torch is not installed here")
if not PROGRAM.exists():
    pytest.skip(f"SKIPPED: no program at {PROGRAM}", allow_module_level=True)
if np.lib.NumpyVersion(np.__version__) < "2.3.0":
    pytest.skip("SKIPPED: this NumPy prints large numbers of small types otherwise", allow_module_level=True)


SEED = int(os.environ.get("SAFE_LOAD_SEED", 7))


def shown(path, name, *flags):
    done = subprocess.run([PROGRAM, "show", path, name, *flags], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def expected(array):
    return np.array2string(np.asarray(array), threshold=1000, edgeitems=3, precision=8) + "\n"


def floats(generator, dtype, count):
    """Numbers of all sizes, and of sizes that lie near each other."""
    bits = np.dtype(dtype).itemsize * 8
    form = generator.integers(0, 5)
    if form == 0:
        raw = generator.integers(0, 2**64, count, dtype=np.uint64)
        return (raw >> np.uint64(64 - bits)).astype(f"u{bits // 8}").view(dtype)
    if form == 1:
        return generator.normal(size=count).astype(dtype)
    if form == 2:
        return (generator.integers(-4000, 4000, count) / 8).astype(dtype)
    if form == 3:
        return (generator.normal(size=count) * 10.0 ** generator.integers(-6, 9)).astype(dtype)
    numbers = generator.normal(size=count).astype(dtype)
    numbers[generator.integers(0, count)] = generator.choice([np.nan, np.inf, -np.inf, 0.0, -0.0])
    return numbers


def arrays(seed):
    generator = np.random.default_rng(seed)
    for _ in range(60):
        shape = tuple(generator.integers(1, 5, generator.integers(0, 4)))
        count = int(np.prod(shape))
        for dtype in ("f8", "f4", "f2"):
            yield floats(generator, dtype, count).reshape(shape)
        yield (floats(generator, "f4", count) + 1j * floats(generator, "f4", count)).astype("c8").reshape(shape)
        yield (floats(generator, "f8", count) + 1j * floats(generator, "f8", count)).reshape(shape)
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
            yield generator.integers(low, high, shape, dtype=dtype, endpoint=True)
        yield generator.integers(0, 2, shape).astype(bool)


def words(text):
    """What stands behind the table."""
    return re.sub(r"\A.*\n(?:  .*\n)*", "", text)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Every array as a tensor and as an array of NumPy, in both byte orders."""
    kept = {}
    with np.errstate(all="ignore"):
        for i, array in enumerate(arrays(SEED)):
            kept[f"t{i}"] = torch.from_numpy(array.copy())
            kept[f"a{i}"] = array.astype(array.dtype.newbyteorder(">"))
    path = tmp_path_factory.mktemp("show") / "x.pt"
    torch.save(kept, path)
    return path, kept


def test_elements_are_as_numpy_prints_them(file):
    path, kept = file
    names = list(kept)
    wrong = []
    for name in names:
        array = kept[name].numpy() if name.startswith("t") else kept[name].astype(kept[name].dtype.newbyteorder("<"))
        with np.errstate(all="ignore"):
            wanted = expected(array)
        got = shown(path, f"{name}[...]") if array.ndim else words(shown(path, name))
        if got != wanted:
            wrong.append((name, array.dtype, got, wanted))
    assert not wrong, f"{len(wrong)} of {len(names)}; the first: {wrong[0]}"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    generator = np.random.default_rng(3)
    kept = {"wide": torch.from_numpy(generator.normal(size=(20, 300)).astype("f4")),
            "deep": torch.arange(3 * 8 * 9 * 10).reshape(3, 8, 9, 10),
            "turned": torch.arange(60 * 40, dtype=torch.float64).reshape(60, 40).t(),
            "row": torch.arange(5000), "none": torch.empty(3, 0)}
    path = tmp_path_factory.mktemp("show") / "large.pt"
    torch.save(kept, path)
    return path, kept


@pytest.mark.parametrize("part", ["", "0", "-1", "1:3", ":2, ::7", "..., 0", "2, ..., -3:", "::2", "5:2", "-100:100", ":, 1"])
@pytest.mark.parametrize("name", ["wide", "deep", "turned", "row"])
def test_parts_are_those_of_python(large, name, part):
    path, kept = large
    array = kept[name].numpy()
    try:
        wanted = array[eval(f"np.s_[{part}]") if part else ...]
    except IndexError:
        done = subprocess.run([PROGRAM, "show", path, f"{name}[{part}]"], capture_output=True, text=True)
        assert done.returncode == 2 and "more dimensions" in done.stderr
        return
    assert shown(path, f"{name}[{part}]") == expected(wanted)


def test_all_and_none(large):
    path, kept = large
    everything = np.array2string(kept["row"].numpy(), threshold=10**9) + "\n"
    assert shown(path, "row[:]", "--all") == everything
    assert words(shown(path, "row", "--all")) == everything
    assert shown(path, "none[:]") == "[]\n"


@pytest.mark.parametrize("part, why", [("9", "outside"), ("x", "as in Python"), ("0:1:-1", "a step must be positive"), ("0,0,0,0,0", "more dimensions"),
                                       ("1:2:3:4", "as in Python")])
def test_a_wrong_part_says_why(large, part, why):
    done = subprocess.run([PROGRAM, "show", large[0], f"deep[{part}]"], capture_output=True, text=True)
    assert done.returncode == 2 and why in done.stderr and not done.stdout


def test_a_part_has_no_json(large):
    done = subprocess.run([PROGRAM, "show", large[0], "deep[0]", "--json"], capture_output=True, text=True)
    assert done.returncode == 2 and "JSON" in done.stderr and not done.stdout


def test_only_what_is_shown_is_read(tmp_path):
    """A part of a tensor of 2^40 elements, which are one number."""
    wide = tmp_path / "wide.pt"
    torch.save({"w": torch.zeros(1).expand(2**20, 2**20)}, wide)
    assert shown(wide, "w[7, 5:8]") == "[0. 0. 0.]\n"


def test_negated_and_conjugated_elements_have_their_values(tmp_path):
    base = torch.tensor([1 + 2j, -3.5j, 0.25], dtype=torch.complex64)
    kept = {"conj": base.conj(), "neg": base.conj().imag, "both": torch._neg_view(base.conj())}
    assert kept["neg"].is_neg() and kept["conj"].is_conj()
    for name, tensor in kept.items():
        torch.save({name: tensor}, tmp_path / "x.pt")
        assert shown(tmp_path / "x.pt", f"{name}[:]") == expected(tensor.resolve_conj().resolve_neg().numpy()), name


def test_values_below_one_long_key_keep_their_names(tmp_path):
    """Such a key is shortened once, for all of its values."""
    key = "k" * 5000
    torch.save({key: {name: torch.tensor(i) for i, name in enumerate("abc")}}, tmp_path / "x.pt")
    listed = subprocess.run([PROGRAM, "--json", tmp_path / "x.pt"], capture_output=True, text=True, check=True).stdout
    names = [row["name"] for row in json.loads(listed)["tensors"]]
    assert [name[-2:] for name in names] == [".a", ".b", ".c"] and len({name[:-1] for name in names}) == 1 and "5000 bytes" in names[0]
    for i, name in enumerate(names):
        assert words(shown(tmp_path / "x.pt", name)) == f"{i}\n"
