"""classes: what the caller passes is built as unpickling builds it, without __init__, and nothing else is."""

from __future__ import annotations

import collections
import dataclasses
import enum
import pickle
import sys

import kinds_user
import pytest
from forge import call, forge, symbol, text

import safe_load as package
from safe_load import GlobalRef, Opaque, as_torch_load, safe_load

HERE = __name__


class Ran(BaseException):
    """Raised by whatever must not run."""


class Quiet:
    """Its __init__ would be noticed."""

    def __init__(self, *args, **kwargs):
        raise Ran(type(self).__name__)


def made(kind, /, **attributes):
    value = kind.__new__(kind)
    vars(value).update(attributes)
    return value


class WithState(Quiet):
    def __setstate__(self, state):
        self.state = state


class Argued(Quiet):
    """Its __new__ wants arguments."""

    def __new__(cls, width, *, height=1):
        value = super().__new__(cls)
        value.size = (width, height)
        return value

    def __getnewargs_ex__(self):
        return self.size[:1], {"height": self.size[1]}


class Deaf(Quiet):
    """Its attributes are put past what would notice them."""

    def __setattr__(self, name, value):
        raise Ran(name)

    @property
    def secret(self):
        raise Ran("read")

    @secret.setter
    def secret(self, value):
        raise Ran("written")


class Slotted:
    __slots__ = ("left", "__right")

    def __init__(self):
        raise Ran("Slotted")


class DeafSlots(Slotted):
    __slots__ = ()

    def __setattr__(self, name, value):
        raise Ran(name)


class SlottedAndMore(Slotted):
    __slots__ = ("__dict__", "more")


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
    size: int = 3


@dataclasses.dataclass
class Plain:
    name: str
    size: int = 3

    def __post_init__(self):
        if self.name == "loaded":
            raise Ran("post_init")


class Pair(collections.namedtuple("Pair", "left right")):
    pass


class Ordered(collections.OrderedDict):
    def __init__(self, *args, note=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.note = note


class Defaulted(collections.defaultdict):
    pass


class Queue(collections.deque):
    pass


class Members(set):
    pass


class Fixed(frozenset):
    pass


class Counted(collections.Counter):
    pass


class Failure(Exception):
    def __init__(self, place, why):
        super().__init__(place, why)
        self.why = why


class OwnKey:
    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return isinstance(other, OwnKey) and self.name == other.name


class Color(enum.Enum):
    RED = 1
    NAMED = "blue"


class Bits(enum.IntFlag):
    LOW = 1
    HIGH = 2


class Outer:
    class Inner:
        def __init__(self):
            self.depth = 2


def linked():
    first, second = made(Quiet, name="first"), made(Quiet, name="second")
    first.other, second.other = second, first
    return [first, {"again": first}]


def keyed():
    return {OwnKey("a"): 1}


VALUES = {
    "attributes": lambda: made(Quiet, a=1, b=[2, {"c": 3}]),
    "no state at all": lambda: made(Quiet),
    "setstate": lambda: made(WithState, state=5),
    "arguments for new": lambda: Argued.__new__(Argued, 4, height=2),
    "slots": lambda: _slotted(Slotted),
    "slots and attributes": lambda: _slotted(SlottedAndMore),
    "frozen dataclass with slots": lambda: Frozen("a", 7),
    "dataclass": lambda: Plain("a", 7),
    "named tuple": lambda: Pair(1, [2]),
    "dict child": lambda: kinds_user.DictChild(a=1, b=[2]),
    "list child": lambda: kinds_user.ListChild([1, [2]]),
    "text child": lambda: kinds_user.StrChild("text"),
    "int child": lambda: kinds_user.IntChild(7),
    "float child": lambda: kinds_user.FloatChild(0.5),
    "tuple child": lambda: kinds_user.TupleChild((1, "b")),
    "set child": lambda: Members([1, 2]),
    "frozenset child": lambda: Fixed([1, 2]),
    "OrderedDict child with an __init__": lambda: Ordered(z=1, a=2, note="kept"),
    "defaultdict child": lambda: Defaulted(list, a=[1]),
    "deque child": lambda: Queue([1, 2], 5),
    "Counter child": lambda: Counted("aab"),
    "exception with an __init__": lambda: Failure("here", "why"),
    "member": lambda: Color.NAMED,
    "flags": lambda: Bits.LOW | Bits.HIGH,
    "nested class": Outer.Inner,
    "each other": linked,
    "key": keyed,
    "class as a value": lambda: [Quiet, made(Quiet, kind=Plain)],
    "class that makes what is missing": lambda: collections.defaultdict(Plain),
}
CLASSES = [value for value in vars(sys.modules[__name__]).values() if isinstance(value, type) and value.__module__ == __name__]
CLASSES += [value for value in vars(kinds_user).values() if isinstance(value, type) and value.__module__ == "kinds_user"]
CLASSES.append(Outer.Inner)


def _slotted(kind):
    value = kind.__new__(kind)
    object.__setattr__(value, "left", [1])
    object.__setattr__(value, "_Slotted__right", 2)
    if kind is SlottedAndMore:
        object.__setattr__(value, "more", 3)
        vars(value)["beside"] = 4
    return value


def parts(value, seen=()):
    """What can be compared: the class, the items and the attributes of a value, all the way down."""
    kind = type(value)
    if kind.__module__ not in (__name__, "kinds_user", "collections", "builtins") or isinstance(value, (type, enum.Enum)):
        return value
    if id(value) in seen:
        return f"level {seen.index(id(value))}"
    seen = (*seen, id(value))
    held = []
    if isinstance(value, dict):
        held = [(parts(key, seen), parts(item, seen)) for key, item in value.items()]
        held.append(getattr(value, "default_factory", None))
    elif isinstance(value, (list, tuple, collections.deque)):
        held = [[parts(item, seen) for item in value], getattr(value, "maxlen", None)]
    elif isinstance(value, (set, frozenset)):
        held = sorted(value)
    elif isinstance(value, BaseException):
        held = [value.args]
    elif isinstance(value, (str, int, float)):
        held = [f"{value!s}"]
    slots = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ()) if not name.startswith("__")]
    slots += ["_Slotted__right"] if isinstance(value, Slotted) else []
    attributes = {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})
    return kind, held, {name: parts(part, seen) for name, part in sorted(attributes.items())}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", VALUES)
def test_what_is_built_is_what_unpickling_builds(name, protocol):
    if protocol < 2 and ("slots" in name or name == "nested class"):
        pytest.skip("pickle does not take slots there, and a nested class is a damaged value")
    content = pickle.dumps(VALUES[name](), protocol)
    expected = pickle.loads(content)
    assert parts(safe_load(content, classes=CLASSES)) == parts(expected)


@pytest.mark.parametrize("name", [n for n in VALUES if n not in ("class that makes what is missing",)])
def test_what_is_not_passed_is_refused_or_inert(name):
    content = pickle.dumps(VALUES[name]())
    with pytest.raises(package.Error) as caught:
        safe_load(content)
    assert caught.value.code == "unknown"
    others = [cls for cls in CLASSES if f"{cls.__module__}.{cls.__qualname__}" not in {row.name for row in caught.value.globals}]
    with pytest.raises(package.Error):
        safe_load(content, classes=others)
    assert safe_load(content, classes=others, unknown="opaque") is not None


def test_the_name_is_that_of_the_class_or_that_of_the_mapping():
    content = forge(symbol("__main__", "Net") + b")\x81}" + text("x") + b"K\x03sb.")
    assert vars(safe_load(content, classes={"__main__.Net": Quiet})) == {"x": 3}
    with pytest.raises(package.Error, match="unknown"):
        safe_load(content, classes=[Quiet])
    assert type(safe_load(forge(symbol(HERE, "Quiet") + b")\x81."), classes=(cls for cls in [Quiet]))) is Quiet
    assert type(safe_load(forge(symbol("a.b", "Outer.Inner") + b")\x81."), classes={"a.b.Outer.Inner": Quiet})) is Quiet


def test_a_class_of_that_name_is_suggested():
    class Net:
        pass

    with pytest.raises(package.Error) as caught:
        safe_load(forge(symbol("__main__", "Net") + b")\x81."), classes=[Net])
    assert 'pass classes={"__main__.Net": Net}' in str(caught.value)


CALLS = {
    "of a class with an __init__": (Quiet, b"K\x01"),
    "of one with nothing of its own": (Plain, text("loaded")),
    "of a class with a __new__": (Argued, b"K\x01"),
    "without arguments": (Quiet, None),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_would_run_a_constructor_is_an_error_that_says_what_to_pass(name):
    kind, argument = CALLS[name]
    content = forge(b"}" + text("k") + call("pkg", "C", *([argument] if argument else [])) + b"}" + text("x") + b"K\x03sbs.")
    with pytest.raises(package.Error) as caught:
        safe_load(content, classes={"pkg.C": kind})
    assert caught.value.code == "unsupported"
    assert '$["k"]' in str(caught.value) and f'constructors={{"pkg.C": {HERE}.{kind.__name__}}}' in str(caught.value)
    record = safe_load(content, classes={"pkg.C": kind}, unknown="opaque")["k"]
    assert type(record) is Opaque and record.state == {"x": 3} and record.cls == "pkg.C"
    assert record.args == ((1,) if argument == b"K\x01" else ("loaded",) if argument else ())


def test_constructors_count_before_classes():
    content = forge(call("pkg", "C", b"K\x01") + b".")
    assert safe_load(content, classes={"pkg.C": Quiet}, constructors={"pkg.C": lambda number: number + 1}) == 2


def test_no_type_of_the_system_is_made_by_what_a_file_gives(tmp_path):
    import io

    class File(io.FileIO):
        pass

    path = tmp_path / "precious"
    path.write_bytes(b"content")
    arguments = text(str(path)) + text("w")
    for made_by in (call("pkg", "File", text(str(path)), text("w")), symbol("pkg", "File") + b"(" + arguments + b"t\x81"):
        try:
            safe_load(forge(made_by + b"."), classes={"pkg.File": File})
        except package.Error:
            pass
        assert path.read_bytes() == b"content"


def test_slots_are_set_only_where_the_class_has_them():
    state = b"N}" + text("secret") + b"K\x01s\x86b"
    loaded = safe_load(forge(symbol("pkg", "C") + b")\x81" + state + b"."), classes={"pkg.C": Deaf})
    assert vars(loaded) == {"secret": 1}
    content = symbol("pkg", "C") + b")\x81N}" + text("left") + b"K\x01s\x86b."
    assert safe_load(forge(content), classes={"pkg.C": DeafSlots}).left == 1
    for name in ("__class__", "__dict__", "other"):
        with pytest.raises(package.Error, match="cannot be built here"):
            content = symbol("pkg", "C") + b")\x81N}" + text(name) + symbol("pkg", "D") + b"s\x86b."
            safe_load(forge(content), classes={"pkg.C": Slotted, "pkg.D": Plain})


def test_what_the_class_raises_is_an_error_with_its_cause():
    class Strict(Quiet):
        def __setstate__(self, state):
            raise KeyError("lr")

    with pytest.raises(package.Error) as caught:
        safe_load(forge(b"]" + symbol("pkg", "C") + b")\x81}" + text("x") + b"K\x03sba."), classes={"pkg.C": Strict})
    assert "$[0]" in str(caught.value) and type(caught.value.__cause__) is KeyError


def test_a_member_that_is_not_there_is_an_error():
    with pytest.raises(package.Error, match="no member of this value"):
        safe_load(forge(call("pkg", "Color", b"K\x09") + b"."), classes={"pkg.Color": Color})


def member(name: str) -> bytes:
    """As early versions of Python 3.11 pickle a member."""
    return call("builtins", "getattr", symbol("pkg", "Bits"), text(name))


def test_members_by_name():
    load = lambda content: safe_load(forge(content + b"."), classes={"pkg.Bits": Bits}, unknown="opaque")  # noqa: E731
    assert load(member("LOW")) is Bits.LOW
    assert load(call("_operator", "or_", member("LOW"), member("HIGH"))) == Bits.LOW | Bits.HIGH
    for content in (member("__class__"), member("mro"), member("nosuch")):
        assert type(load(content)) is package.AttrRef
    odd = load(call("_operator", "or_", member("LOW"), b"K\x01"))
    assert type(odd) is Opaque and odd.args == (Bits.LOW, 1) and odd.cls == "_operator.or_"


def test_no_attribute_of_another_class_is_looked_up():
    content = call("builtins", "getattr", symbol("pkg", "C"), text("__init__"))
    assert type(safe_load(forge(content + b"."), classes={"pkg.C": Quiet})) is package.AttrRef


def test_arrays_of_numpy_are_not_built(np):
    class Array(np.ndarray):
        pass

    Array.__module__, Array.__qualname__ = HERE, "Array"
    sys.modules[HERE].Array = Array
    content = pickle.dumps(np.arange(3).view(Array))
    with pytest.raises(package.Error, match="subclass of numpy.ndarray, which classes= does not build"):
        safe_load(content, classes=[Array])


def test_methods_and_functions_stay_inert():
    value = made(Quiet, call=made(Quiet).__str__, plain=kinds_user.plus_one)
    loaded = safe_load(pickle.dumps(value), classes=[Quiet], unknown="opaque")
    assert not callable(loaded.call) and loaded.plain == GlobalRef("kinds_user", "plus_one")


def test_configs_of_known_packages_can_be_real():
    class EasyDict(dict):
        pass

    content = forge(symbol("easydict", "EasyDict") + b")\x81" + text("lr") + b"K\x01s.")
    assert type(safe_load(content)) is Opaque
    assert type(safe_load(content, classes={"easydict.EasyDict": EasyDict})) is EasyDict


def test_names_beyond_ascii():
    Größe = type("Größe", (), {"__module__": "pkg", "__qualname__": "Größe"})
    assert type(safe_load(forge(symbol("pkg", "Größe") + b")\x81."), classes=[Größe])) is Größe


WRONG = {
    "a class alone": (lambda: {"classes": Quiet}, TypeError, "a list of classes"),
    "a name alone": (lambda: {"classes": "pkg.C"}, TypeError, "a list of classes"),
    "a function": (lambda: {"classes": [kinds_user.plus_one]}, TypeError, "constructors= takes functions"),
    "an object": (lambda: {"classes": [3]}, TypeError, "classes takes classes"),
    "a class as a key": (lambda: {"classes": {Quiet: Quiet}}, TypeError, f'"{HERE}.Quiet", or pass classes=\\[Quiet\\]'),
    "a name without module": (lambda: {"classes": {"Quiet": Quiet}}, ValueError, "__main__.Quiet"),
    "a constructor by class": (lambda: {"constructors": {Quiet: Quiet}}, TypeError, "or pass classes=\\[Quiet\\]"),
    "a constructor by a bare name": (lambda: {"constructors": {"Quiet": Quiet}}, ValueError, "__main__.Quiet"),
    "a list of constructors": (lambda: {"constructors": [Quiet]}, TypeError, "takes a dict"),
    "a constructor that is none": (lambda: {"constructors": {"pkg.C": 3}}, TypeError, "not callable"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_classes_and_constructors_are_told(name):
    options, kind, words = WRONG[name]
    for load in (safe_load, package.load_all):
        with pytest.raises(kind, match=words):
            load(forge(b"N."), **options())


# ---- torch


def test_as_torch_load_takes_classes_and_unknown(torch):
    content = forge(symbol("pkg", "C") + b")\x81}" + text("x") + b"K\x03sb.")
    with as_torch_load(classes={"pkg.C": Quiet}):
        assert vars(torch.load(content)) == {"x": 3}
        with as_torch_load():
            with pytest.raises(package.Error):
                torch.load(content)
        assert type(torch.load(content, weights_only=False)) is Quiet
    with as_torch_load(unknown="opaque"):
        assert type(torch.load(content)) is Opaque
    with as_torch_load(unknown="error"):
        with pytest.raises(package.Error):
            torch.load(content, weights_only=False)
    limits = package.Limits()
    limits.max_pickle_bytes = 3
    with as_torch_load(constructors={"pkg.C": lambda: made(Quiet)}):
        assert vars(torch.load(content)) == {"x": 3}
    with as_torch_load(limits=limits), pytest.raises(package.Error, match="max_pickle_bytes"):
        torch.load(content)
    for options in ({"classes": Quiet}, {"classes": {"C": Quiet}}, {"constructors": {Quiet: Quiet}}, {"unknown": "opaq"}):
        with pytest.raises((TypeError, ValueError)):
            with as_torch_load(**options):
                raise AssertionError("entered")


def test_as_torch_load_honours_the_classes_that_torch_may_build(torch):
    values = [made(Quiet, x=1), made(WithState, state=2)]
    content = pickle.dumps(values)
    with as_torch_load():
        with torch.serialization.safe_globals([Quiet, (WithState, f"{HERE}.WithState"), (print, "pkg.C"), kinds_user.plus_one]):
            assert [type(value) for value in torch.load(content)] == [Quiet, WithState]
            for name in ("pkg.C", "kinds_user.plus_one"):  # a function is none
                module, _, last = name.rpartition(".")
                with pytest.raises(package.Error) as caught:
                    torch.load(forge(call(module, last, b"K\x01") + b"."))
                assert [row.name for row in caught.value.globals] == [name]
        with pytest.raises(package.Error):
            torch.load(content)


def test_what_torch_itself_may_build_of_a_distributed_tensor_stays_a_record(torch):
    distributed = pytest.importorskip("torch.distributed.tensor", reason="SKIPPED: this torch has no DTensor")
    assert distributed.DTensor in torch.serialization.get_safe_globals()
    with as_torch_load():
        for module, name in (("torch.distributed.device_mesh", "DeviceMesh"), ("torch.distributed.tensor", "DTensor")):
            assert type(torch.load(forge(symbol(module, name) + b")\x81}" + text("x") + b"K\x03sb."))) is Opaque


def test_each_thread_has_its_own_classes(torch):
    import threading

    content = forge(symbol("pkg", "C") + b")\x81.")
    found, entered = [], threading.Barrier(2)

    def other():
        with as_torch_load(classes={"pkg.C": Plain}):
            entered.wait(60)
            found.append(type(torch.load(content)))
            entered.wait(60)

    thread = threading.Thread(target=other)
    with as_torch_load(classes={"pkg.C": Quiet}):
        thread.start()
        entered.wait(60)
        found.append(type(torch.load(content)))
        entered.wait(60)
        thread.join(60)
        inside = threading.Thread(target=lambda: found.append(type(torch.load(content))))
        inside.start()
        inside.join(60)
    assert sorted(kind.__name__ for kind in found) == ["Plain", "Quiet", "Quiet"]
