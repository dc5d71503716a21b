"""constructors: what the caller lists is called as pickle would call it, and nothing else is."""

import sys

import pytest
from forge import call, forge, symbol, text

import safe_load as package
from safe_load import GlobalRef, Opaque, safe_load


class Made:
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class Filled(Made):
    def __init__(self, *args):
        super().__init__(*args)
        self.items, self.pairs, self.members = [], {}, set()

    def append(self, item):
        self.items.append(item)

    def __setitem__(self, key, value):
        self.pairs[key] = value

    def add(self, member):
        self.members.add(member)


class Extended(Filled):
    def append(self, item):
        raise AssertionError("there is extend")

    def extend(self, items):
        self.items += items


class WithState(Made):
    def __setstate__(self, state):
        self.state = state


class Slotted:
    __slots__ = ("__dict__", "slot")


def made(content: bytes, **constructors):
    return safe_load(forge(content + b"."), constructors={f"pkg.{name}": make for name, make in constructors.items()})


STATE = b"}" + text("x") + b"K\x03sb"


def test_calls_get_the_arguments_of_the_pickle():
    assert made(call("pkg", "C", b"K\x01", text("a")), C=Made).args == (1, "a")
    assert made(symbol("pkg", "C") + b"K\x01\x85\x81", C=Made).args == (1,)
    with_keywords = made(symbol("pkg", "C") + b"K\x01\x85}" + text("k") + b"K\x02s\x92", C=Made)
    assert (with_keywords.args, with_keywords.kwargs) == ((1,), {"k": 2})


def test_arguments_are_complete_when_they_are_given():
    seen = made(symbol("pkg", "C") + b"](K\x01K\x02e\x85\x81", C=lambda items: list(items))
    assert seen == [1, 2]


@pytest.mark.parametrize("kind", [Filled, Extended])
def test_items_are_added_as_pickle_adds_them(kind):
    parts = b"(K\x01K\x02eK\x04a" + text("k") + b"K\x03s(K\x05\x90"
    loaded = made(symbol("pkg", "C") + b")\x81" + parts, C=kind)
    assert (loaded.items, loaded.pairs, loaded.members) == ([1, 2, 4], {"k": 3}, {5})


def test_state_goes_where_pickle_puts_it():
    assert made(symbol("pkg", "C") + b")\x81" + STATE, C=Made).x == 3
    assert made(symbol("pkg", "C") + b")\x81" + STATE, C=WithState).state == {"x": 3}
    slots = b"}" + text("x") + b"K\x03s}" + text("slot") + b"K\x04s\x86b"
    loaded = made(symbol("pkg", "C") + b")\x81" + slots, C=Slotted)
    assert (loaded.x, loaded.slot) == (3, 4)


def test_any_callable_serves_and_its_result_is_the_value():
    assert made(call("pkg", "C", b"K\x01"), C=lambda number: number + 1) == 2


def test_what_is_not_listed_stays_unknown():
    content = b"(" + call("pkg", "C") + call("other", "C") + symbol("pkg", "C") + b"l"
    with pytest.raises(package.Error) as caught:
        made(content, C=Made)
    assert [row.name for row in caught.value.globals] == ["other.C"]
    listed, other, named = safe_load(forge(content + b"."), unknown="opaque", constructors={"pkg.C": Made})
    assert type(listed) is Made and type(other) is Opaque and named == GlobalRef("pkg", "C")


def test_a_class_is_never_found_by_its_name():
    content = forge(call(__name__, "Made") + b".")
    assert __name__ in sys.modules and type(safe_load(content, unknown="opaque")) is Opaque
    made(call("pkg", "C"), C=Made)
    with pytest.raises(package.Error):  # what one call was given is forgotten by the next
        safe_load(forge(call("pkg", "C") + b"."))


def test_what_a_callable_raises_passes_on_with_the_place():
    def fail(*_):
        raise LookupError("no")

    inside = b"}" + text("k") + b"]" + call("pkg", "C") + b"as"
    late = b"}" + text("k") + b"]" + symbol("pkg", "C") + b")\x81" + STATE + b"as"
    for content, make in ((inside, fail), (late, lambda: type("T", (), {"__setstate__": fail})())):
        with pytest.raises(LookupError, match="no") as caught:
            made(content, C=make)
        if sys.version_info >= (3, 11):
            assert caught.value.__notes__ == ['safe_load: at $["k"][0]']
