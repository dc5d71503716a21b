"""What stands for unknown objects is plain: it can be looked at, copied, pickled and compared; nothing more."""

import copy
import pickle
import sys
import typing

import pytest
from forge import call, forge, symbol, text

from safe_load import AttrRef, GlobalRef, Opaque, Partial, UnknownGlobal, safe_load
import safe_load as sl
from safe_load import Error

MADE = symbol("pkg", "C") + b"K\x07\x85\x81}" + text("x") + b"K\x01sb"
FILLED = symbol("pkg", "L") + b")\x81(K\x01K\x02e"
MAPPED = symbol("pkg", "D") + b")\x81" + text("k") + b"K\x03s"


def opaque(content: bytes) -> Opaque:
    return safe_load(forge(content + b"."), unknown="opaque")


def test_parts_are_attributes_and_a_dict():
    made = opaque(MADE)
    assert (made.cls, made.args, made.state) == ("pkg.C", (7,), {"x": 1})
    assert made.to_dict() == {"cls": "pkg.C", "args": (7,), "state": {"x": 1}}
    assert "pkg.C" in repr(made) and bool(made) and len(made) == 0


def test_a_list_or_dict_class_behaves_as_one():
    filled, mapped = opaque(FILLED), opaque(MAPPED)
    assert list(filled) == [1, 2] and filled[1] == 2 and len(filled) == 2 and 2 in filled
    assert list(mapped) == ["k"] and mapped["k"] == 3 and len(mapped) == 1 and "k" in mapped
    with pytest.raises(IndexError):
        filled[2]
    with pytest.raises(KeyError):
        mapped["other"]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_an_opaque_is_pickled_as_itself(protocol):
    original = opaque(b"(" + MADE + FILLED + MAPPED + b"l")
    written = pickle.dumps(original, protocol)
    assert b"pkg\n" not in written and b"safe_load" in written
    assert [part.to_dict() for part in pickle.loads(written)] == [part.to_dict() for part in original]


def test_an_opaque_is_copied_as_itself():
    original = opaque(MADE)
    shallow, deep = copy.copy(original), copy.deepcopy(original)
    assert shallow.state is original.state and deep.state == original.state and deep.state is not original.state
    assert type(shallow) is type(deep) is Opaque


def test_an_opaque_equals_only_itself():
    original = opaque(b"(" + MADE + MADE + b"2t")
    first, second, third = original
    assert first != second and second is third and second == third and first == first
    assert {first: 1}[first] == 1 and copy.copy(first) != first


def test_references_equal_those_of_the_same_name():
    first, second = GlobalRef("os", "system"), opaque(symbol("os", "system"))
    assert first == second and hash(first) == hash(second) and first != GlobalRef("os", "popen")
    assert pickle.loads(pickle.dumps(second)) == first and not callable(second)


def test_nothing_inert_can_be_called():
    partial = symbol("functools", "partial") + symbol("m", "f") + b"\x85R(" + symbol("m", "f") + b"K\x01\x85}Ntb"
    getter = call("builtins", "getattr", symbol("m", "Color"), text("RED"))
    for inert in opaque(b"(" + MADE + partial + getter + symbol("os", "system") + b"l"):
        assert type(inert) in (Opaque, Partial, AttrRef, GlobalRef) and not callable(inert)


def test_an_error_goes_to_another_process_whole():
    with pytest.raises(Error) as caught:
        safe_load(forge(MADE + b"."))
    again = pickle.loads(pickle.dumps(caught.value))
    assert vars(again) == vars(caught.value) and str(again) == str(caught.value)
    assert again.globals == [UnknownGlobal("pkg.C", 1, "$", 0, True)]


def test_text_in_a_type_expression_is_never_compiled():
    expression = forge(call("_operator", "getitem", symbol("typing", "Optional"), text("1+1")) + b".")
    assert type(sl.safe_load(expression)) is sl.TypeExpr
    literal = forge(call("_operator", "getitem", symbol("typing", "Literal"), text("1+1")) + b".")
    assert sl.safe_load(literal) == typing.Literal["1+1"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="SKIPPED: slices have a hash since Python 3.12")
def test_a_key_that_python_cannot_hash_is_an_error_that_says_where():
    key = call("builtins", "slice", b"N", b"N", b"N")
    with pytest.raises(sl.Error, match=r'\$\["a"\]: dict cannot be built'):
        sl.safe_load(forge(b"}" + text("a") + b"}" + key + b"Nss."))
