"""The arguments of safe_load() stand where those of torch.load stand, and wrong ones are told at once."""

import inspect
import pickle
import types

import pytest
from forge import call, forge, tensor

import safe_load as package
from safe_load import Opaque, safe_load

UNKNOWN = forge(call("pkg", "C", b"K\x01") + b".")
PLAIN = forge(tensor("0", 3) + b".", {"0": bytes(12)})


def names(function, kind) -> list[str]:
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind is kind]


def test_the_positions_are_those_of_torch(torch):
    positions = names(safe_load, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert positions == ["f", "map_location", "pickle_module"]
    assert positions == names(torch.load, inspect.Parameter.POSITIONAL_OR_KEYWORD)[:3]
    assert {"weights_only", "mmap"} <= set(names(safe_load, inspect.Parameter.KEYWORD_ONLY))


def test_the_keywords_are_those_that_are_documented():
    keywords = "device weights_only mmap unknown classes encoding framework constructors progress limits verify byteorder"
    assert names(safe_load, inspect.Parameter.KEYWORD_ONLY) == keywords.split()
    shared = set(names(package.open, inspect.Parameter.KEYWORD_ONLY))
    assert {"verify", "byteorder", "limits", "mmap", "encoding", "framework", "device"} == shared


def test_other_arguments_of_pickle_are_typeerrors():
    for name in ("fix_imports", "errors", "buffers", "strict"):
        with pytest.raises(TypeError, match=name):
            safe_load(PLAIN, **{name: True})


def test_weights_only_false_means_opaque_and_no_more():
    assert isinstance(safe_load(UNKNOWN, weights_only=False), Opaque)
    with pytest.raises(package.Error):
        safe_load(UNKNOWN, weights_only=False, unknown="error")
    assert isinstance(safe_load(UNKNOWN, weights_only=True, unknown="opaque"), Opaque)


def test_weights_only_none_is_strict_as_in_torch():
    for strict in (None, True):
        with pytest.raises(package.Error):
            safe_load(UNKNOWN, weights_only=strict)


def test_only_the_standard_pickle_module_is_accepted():
    assert isinstance(safe_load(UNKNOWN, None, pickle, unknown="opaque"), Opaque)
    for wrong in (types, "pickle", pickle.Unpickler):
        with pytest.raises(TypeError, match="pickle"):
            safe_load(UNKNOWN, None, wrong)


def test_device_and_map_location_are_one_argument(torch):
    place = torch.device("cpu")
    for one, other in (("cpu", "cpu"), ("cpu", place), (place, "cpu"), (None, "cpu"), ("cpu", None), (None, None)):
        assert safe_load(PLAIN, one, device=other).device == place
        with package.open(PLAIN, one, device=other) as handle:
            assert handle.root.device == place
    for load in (safe_load, package.open):
        with pytest.raises(TypeError, match="differ"):
            load(PLAIN, "cpu", device="meta")


WRONG = {
    "unknown": [("run it", ValueError), (True, ValueError)],
    "classes": [(int, TypeError), ([len], TypeError), ({"C": int}, ValueError)],
    "encoding": [("utf-16", ValueError), (None, ValueError), (b"utf-8", ValueError)],
    "framework": [("Torch", ValueError), ("jax", ValueError)],
    "byteorder": [("middle", ValueError), ("<", ValueError)],
    "limits": [({"max_dims": 3}, TypeError), (7, TypeError)],
    "constructors": [([1], TypeError), ({int: int}, TypeError), ({"C": int}, ValueError), ({"pkg.C": "pkg.C"}, TypeError)],
    "progress": [("yes", TypeError), (3, TypeError)],
    "map_location": [(0, TypeError), (["cpu"], TypeError)],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_before_the_file_is_opened(name, torch):
    for value, kind in WRONG[name]:
        with pytest.raises(kind) as caught:
            safe_load("no such file", **{name: value})
        assert name.removesuffix("s") in str(caught.value) or "sequence" in str(caught.value)


def test_every_spelling_of_an_encoding_is_known():
    for encoding in ("utf-8", "UTF-8", "utf8", "ascii", "latin1", "latin-1", "iso-8859-1", "bytes"):
        assert safe_load(forge(b"U\x01a."), encoding=encoding) in ("a", b"a")


def test_limits_are_numbers_with_known_names():
    limits = package.Limits()
    with pytest.raises(AttributeError):
        limits.max_dimensions = 3
    for wrong in (-1, 1.5, "many", 2**64):
        with pytest.raises(TypeError):
            limits.max_dims = wrong
    limits.max_dims = 0
    with pytest.raises(package.Error) as caught:
        safe_load(PLAIN, limits=limits)
    assert "max_dims" in str(caught.value)


def test_what_is_open_hangs_on_the_function_too():
    assert safe_load.open is package.open and safe_load.inspect is package.inspect
