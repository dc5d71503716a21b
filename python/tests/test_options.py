"""What encoding, framework, verify, byteorder and limits do."""

import pytest
from forge import call, forge, symbol, tensor, text

import safe_load as package
from safe_load import safe_load

UNKNOWN = forge(call("pkg", "C", b"K\x01") + b".")


@pytest.mark.parametrize(
    "encoding, expected", [("utf-8", [b"\xe9", "a"]), ("latin1", ["é", "a"]), ("bytes", [b"\xe9", b"a"])]
)
def test_text_of_python_2_follows_the_encoding(encoding, expected):
    assert safe_load(forge(b"](U\x01\xe9U\x01ae."), encoding=encoding) == expected


def test_framework_numpy_gives_arrays_that_share_memory(np):
    content = forge(b"(" + tensor("0", 3) + tensor("0", 3) + b"t.", {"0": np.arange(3, dtype="f4").tobytes()})
    first, second = safe_load(content, framework="numpy")
    assert type(first) is np.ndarray and first.tolist() == [0.0, 1.0, 2.0]
    first[0] = 9
    assert second[0] == 9


def test_framework_numpy_resolves_what_numpy_cannot_express(np, torch, tmp_path):
    def saved(value):
        torch.save(value, tmp_path / "x.pt")
        return safe_load(tmp_path / "x.pt", framework="numpy")

    values = torch.tensor([1 + 2j, 3 - 4j])
    conjugated, negated = saved(values.conj()), saved(values.conj().imag)
    half = saved(torch.ones(2, dtype=torch.bfloat16))
    assert conjugated.tolist() == [1 - 2j, 3 + 4j] and negated.tolist() == [-2.0, 4.0]
    assert isinstance(half, package.TensorView) or half.dtype.name == "bfloat16"


def test_framework_none_gives_buffers():
    view = safe_load(forge(tensor("0", 3) + b".", {"0": b"\0\0\x80?" * 3}), framework="none")
    assert isinstance(view, package.TensorView) and (view.dtype, view.shape, view.nbytes) == ("float32", (3,), 12)
    assert memoryview(view).tolist() == [1.0] * 3 and view.tobytes() == b"\0\0\x80?" * 3


def test_a_view_goes_to_torch_by_dlpack(torch):
    view = safe_load(forge(tensor("0", 3) + b".", {"0": b"\0\0\x80?" * 3}), framework="none")
    assert torch.from_dlpack(view).tolist() == [1.0] * 3


def test_verify_finds_a_flipped_byte():
    content = bytearray(forge(tensor("0", 1000) + b".", {"0": b"\x11" * 4000}))
    safe_load(bytes(content), verify=True)
    content[content.index(b"\x11" * 4000) + 5] ^= 1
    safe_load(bytes(content))
    with pytest.raises(package.Error, match="CRC"):
        safe_load(bytes(content), verify=True)
    with package.open(bytes(content), verify=True) as handle, pytest.raises(package.Error, match="CRC"):
        handle.root


def test_byteorder_serves_files_that_do_not_say(np):
    content = forge(tensor("0", 2) + b".", {"0": np.array([1, 2], ">f4").tobytes()})
    assert safe_load(content, byteorder="big", framework="numpy").tolist() == [1.0, 2.0]
    said = forge(tensor("0", 2) + b".", {"0": np.array([1, 2], "<f4").tobytes()}, byteorder=b"little")
    assert safe_load(said, byteorder="big", framework="numpy").tolist() == [1.0, 2.0]
    with pytest.raises(ValueError):
        safe_load(content, byteorder="middle")


def test_limits_name_what_they_limit():
    limits = package.Limits()
    limits.max_pickle_bytes = 3
    with pytest.raises(package.Error, match="max_pickle_bytes") as caught:
        safe_load(UNKNOWN, limits=limits)
    assert caught.value.code == "limit"
