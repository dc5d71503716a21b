"""One clear error for bad input: what, where, what to do; and all unknown names at once."""

import pickle

import pytest
from forge import call, forge, symbol, tensor, text

import safe_load as package
from safe_load import safe_load

FIVE = (
    b"}("
    + text("model") + symbol("pkg.nets", "Net") + b")\x81}(" + text("conv") + symbol("pkg.nets", "Conv") + b")\x81"
    + text("act") + symbol("pkg.nets", "relu") + b"ub"
    + text("optimizer") + b"}" + text("state") + b"](" + call("pkg.optim", "State", b"K\x01") + call("pkg.optim", "State", b"K\x02") + b"es"
    + text("args") + b"(K\x01" + symbol("__main__", "Config") + b")\x81t"
    + b"u."
)  # fmt: skip


def test_all_unknown_names_come_in_one_error():
    with pytest.raises(package.Error) as caught:
        safe_load(forge(FIVE))
    rows = {row.name: (row.count, row.path) for row in caught.value.globals}
    assert rows == {
        "pkg.nets.Net": (1, '$["model"]'),
        "pkg.nets.Conv": (1, '$["model"].conv'),
        "pkg.nets.relu": (1, '$["model"].act'),
        "pkg.optim.State": (2, '$["optimizer"]["state"][0]'),
        "__main__.Config": (1, '$["args"][1]'),
    }
    assert isinstance(caught.value, pickle.UnpicklingError)
    for name in rows:
        assert name in str(caught.value)


def test_no_message_advises_to_switch_safety_off(example):
    contents = [forge(FIVE), forge(b"N"), b"PK\3\4", b"<html>", forge(tensor("0", 4) + b".", {})]
    contents += [example.read_bytes()[:cut] for cut in (0, 1, 100, 5000, 11000)]
    for content in contents:
        with pytest.raises(package.Error) as caught:
            safe_load(content)
        message = str(caught.value) + caught.value.hint
        assert "weights_only" not in message and "trust" not in message and caught.value.hint


def test_name_outside_of_the_result_is_reported_too():
    with pytest.raises(package.Error) as caught:
        safe_load(forge(call("posix", "system", text("true")) + b"0N."))
    assert [(row.name, row.path) for row in caught.value.globals] == [("posix.system", "")]


def test_hostile_names_are_escaped():
    with pytest.raises(package.Error) as caught:
        safe_load(forge("cevil\x1b[31m\nName\u202e\n.".encode()))
    assert "\x1b" not in str(caught.value) and "\u202e" not in str(caught.value)


def test_every_truncation_is_one_clear_error(example):
    whole = example.read_bytes()
    for size in list(range(0, len(whole), 97)) + [len(whole) - 1]:
        with pytest.raises(package.Error) as caught:
            safe_load(whole[:size])
        assert str(caught.value) and caught.value.hint and caught.value.code in ("truncated", "unsupported", "corrupt")


def test_every_truncated_pickle_says_where_it_ends():
    for size in range(len(FIVE)):
        with pytest.raises(package.Error) as caught:
            safe_load(forge(FIVE[:size]), unknown="opaque")
        assert caught.value.code == "truncated" and caught.value.member == "archive/data.pkl", size
        assert caught.value.offset <= size


def test_damaged_values_come_with_their_paths():
    content = forge(b"}(" + text("good") + tensor("0", 2) + text("bad") + b"]" + tensor("1", 2) + b"au.", {"0": bytes(8)})
    with pytest.raises(package.Error) as caught:
        safe_load(content, unknown="opaque")
    (issue,) = caught.value.issues
    assert issue["path"] == '$["bad"][0]' and issue["member"] == "archive/data.pkl" and issue["offset"] > 0
    with package.open(content) as handle:
        assert len(handle.issues) == 1


WRONG_ARGUMENTS = {
    "text for OrderedDict": call("collections", "OrderedDict", text("import os")),
    "a size for bytearray": call("builtins", "bytearray", b"J\xff\xff\xff\x7f"),
    "another codec": call("_codecs", "encode", text("x"), text("zip")),
    "an impossible date": call("datetime", "date", b"C\x04\x07\xe7\x0d\x01"),
    "a day that is not there": call("datetime", "date", b"C\x04\x07\xe7\x02\x1d"),
    "a decimal that is none": call("decimal", "Decimal", text("1_0")),
    "a fraction over zero": call("fractions", "Fraction", text("1/0")),
    "a range without step": call("builtins", "range", b"K\x00", b"K\x05", b"K\x00"),
    "a list as a key": b"}]K\x01s",
    "a list that changed after the call": b"](K\x01K\x02\x86eq\x00" + symbol("collections", "OrderedDict") + b"h\x00\x85Rh\x00(K\x03K\x04\x86e\x86",
}


@pytest.mark.parametrize("name", WRONG_ARGUMENTS)
def test_known_name_with_odd_arguments_is_a_damaged_value(name):
    for unknown in ("error", "opaque"):
        with pytest.raises(package.Error) as caught:
            safe_load(forge(WRONG_ARGUMENTS[name] + b"."), unknown=unknown)
        assert caught.value.issues and caught.value.code == "corrupt"
